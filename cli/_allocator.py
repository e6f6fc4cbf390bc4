"""Allocator settings: let the C library reuse freed memory."""

from __future__ import annotations

import ctypes
import os
import sys

# Names of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_GROWTH = 64 << 20


def keep_pages() -> bool:
    """Let glibc reuse the memory of large freed tensors; return whether it does.

    By default glibc maps new pages for every large buffer and unmaps them when it is freed, so each
    tensor costs a page fault per 4 KiB when it is first written. ``NEUROP_ALLOCATOR=system``
    keeps that default; other C libraries and allocators are not changed. The process keeps its
    largest amount of memory until it ends.
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
