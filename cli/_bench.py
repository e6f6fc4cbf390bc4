"""Measuring process of ``neurop bench``, with or without the allocator settings."""

from __future__ import annotations

import sys

from neurop.bench import BenchProcess, answer_requests

from ._allocator import keep_pages


def start(keep: bool) -> BenchProcess:
    """Start the process; with `keep`, freed memory is reused (see :func:`keep_pages`)."""
    return BenchProcess(
        [sys.executable, "-P", "-m", "neurop.cli._bench", *(["keep"] if keep else [])]
    )


if __name__ == "__main__":
    if sys.argv[1:] == ["keep"]:
        keep_pages()
    answer_requests()
