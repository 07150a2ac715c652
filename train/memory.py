"""Let glibc keep big buffers instead of giving them back to the kernel after every tensor."""

import contextlib
import ctypes

# M_TRIM_THRESHOLD, M_TOP_PAD and M_MMAP_MAX of malloc.h
SETTINGS = {-1: 2**31 - 1, -2: 256 * 2**20, -4: 0}


def keep_buffers() -> None:
    """Set malloc so that freed memory stays with the process: a CPU training step takes a third less time.

    Costs memory that the process has used once. Without effect where the C library is not glibc.
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL("libc.so.6")
        for name, value in SETTINGS.items():
            library.mallopt(name, value)
