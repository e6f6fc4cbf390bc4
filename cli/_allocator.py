"""Have the C library keep the pages that it was given."""

from __future__ import annotations

import ctypes
import os
import sys

# Names of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_GROWTH = 64 << 20


def keep_pages() -> bool:
    """Let glibc reuse the memory of large freed tensors, and return whether it does.

    As shipped, glibc maps every large buffer afresh and gives it back when it is freed, so each
    tensor costs a page fault per 4 KiB at its first touch, at every call.
    ``NEUROP_ALLOCATOR=system`` leaves it at that; other C libraries and allocators are not touched.
    Memory that a run has once needed stays with the process until it ends.
    """
    if os.environ.get("NEUROP_ALLOCATOR", "") == "system" or not sys.platform.startswith("linux"):
        return False
    try:
        library = ctypes.CDLL(None)
        library.gnu_get_libc_version  # noqa: B018 - only glibc has it
        mallopt = library.mallopt
    except (OSError, AttributeError):
        return False
    return all(
        [mallopt(_M_MMAP_MAX, 0), mallopt(_M_TRIM_THRESHOLD, -1), mallopt(_M_TOP_PAD, _GROWTH)]
    )
