"""Runs a program until it ends or until whoever asked for it is gone, however that went; then ends its whole group.

vLLM is several processes, and a killed parent would leave them all behind. So they are a process group of their own
under this program, which looks every half second whether the asker still lives. Should this program itself be killed,
the kernel sends vLLM a SIGTERM.

Usage: `python -I keeper.py PID_OF_ASKER PROGRAM ARGUMENT...`
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time

LOOK_S = 0.5
GRACE_S = 15.0
PR_SET_PDEATHSIG = 1


def main(asker: int, command: list[str]) -> int:
    """Keep the program; returns its exit status."""
    asked_to_end = False

    def end(*_: object) -> None:
        nonlocal asked_to_end
        asked_to_end = True

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    libc = ctypes.CDLL(None)
    kept = subprocess.Popen(
        command, start_new_session=True, preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    )
    while kept.poll() is None and os.getppid() == asker and not asked_to_end:
        with contextlib.suppress(subprocess.TimeoutExpired):
            kept.wait(LOOK_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(kept.pid, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_S
        while time.monotonic() < deadline:
            kept.poll()  # else it would stay in its group as a zombie
            os.killpg(kept.pid, 0)  # raises when the group is empty
            time.sleep(0.05)
        os.killpg(kept.pid, signal.SIGKILL)
    status = kept.wait()
    return status if status >= 0 else 128 - status  # as shells say that a signal ended it


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
