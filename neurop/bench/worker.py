"""A process of its own for each setting of the allocator, which measures when it is told to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

from neurop.bench.cases import parse
from neurop.machine import rates


def serve() -> None:
    """Answer requests, one line of JSON each, from standard input until it ends.

    What libraries print goes to standard error, so that only answers leave by standard output.
    """
    from neurop.bench.timing import Bench

    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    bench: Bench | None = None
    for line in sys.stdin:
        request = json.loads(line)
        answer: Any = None
        if request["do"] == "open":
            bench = None  # before the next, so that their memory does not add up
            bench = Bench(
                parse(request["case"]), request["scope"], request["paths"], request["seed"]
            )
        elif request["do"] == "facts" and bench is not None:
            answer = bench.facts()
        elif request["do"] == "round" and bench is not None:
            answer = bench.round()
        elif request["do"] == "rates":
            answer = rates()
        answers.write(json.dumps(answer) + "\n")


class Worker:
    """The near end of a process that runs :func:`serve`.

    Parameters
    ----------
    command
        Starts it.

    Raises
    ------
    RuntimeError
        From a request, if the process has ended; the message holds the end of what it said.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._said = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            bufsize=1,
        )

    def ask(self, do: str, **arguments: Any) -> Any:
        """Send a request and return its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if line:
            return json.loads(line)
        status = self._process.wait()
        self._said.seek(0)
        raise RuntimeError(
            f"a process of the bench ended with status {status}:\n{self._said.read()[-4000:]}"
        )

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._said):
            if stream is not None:
                stream.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


Start = Callable[[bool], Worker]
"""Returns a worker whose allocator keeps its pages, or one whose allocator is as the system has
it.
"""
