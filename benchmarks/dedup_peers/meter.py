"""Runs a command and writes what it cost as JSON: `python meter.py cost.json command...`.

Processes that the command leaves behind become children of this one, so that each is waited for and counted. A process
of its own, and a small one: the kernel's peak memory of a child is never below that of the process that started it.
"""

import ctypes
import json
import os
import subprocess
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Exit code of the command."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    started = time.perf_counter()
    child = subprocess.Popen(sys.argv[2:])
    cpu, peak_kb, code = 0.0, 0, 1
    while True:
        try:
            ended, status, usage = os.wait4(-1, 0)
        except ChildProcessError:
            break
        cpu += usage.ru_utime + usage.ru_stime
        peak_kb = max(peak_kb, usage.ru_maxrss)
        if ended == child.pid:
            code = child.returncode = os.waitstatus_to_exitcode(status)
    cost = {"cpu_s": cpu, "wall_s": time.perf_counter() - started, "peak_mb": peak_kb / 1024}
    Path(sys.argv[1]).write_text(json.dumps(cost))
    sys.exit(code)


if __name__ == "__main__":
    main()
