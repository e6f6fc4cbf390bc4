"""Processes that measure on request, one per setting of the allocator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

from neurop.bench.cases import parse
from neurop.machine import measure_rates


def answer_requests() -> None:
    """Answer requests, one line of JSON each, from standard input until it ends.

    Output of libraries goes to standard error, so that standard output has answers only.
    """
    from neurop.bench.timing import Bench

    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    bench: Bench | None = None
    for line in sys.stdin:
        request = json.loads(line)
        answer: Any = None
        if request["do"] == "open":
            bench = None  # freed before the next one, so that their memory does not add up
            bench = Bench(
                parse(request["case"]), request["scope"], request["paths"], request["seed"]
            )
        elif request["do"] == "facts" and bench is not None:
            answer = bench.facts()
        elif request["do"] == "round" and bench is not None:
            answer = bench.round()
        elif request["do"] == "rates":
            answer = measure_rates()
        answers.write(json.dumps(answer) + "\n")


class BenchProcess:
    """The parent's end of a process that runs :func:`answer_requests`.

    It differs from :class:`neurop.generation.worker.Worker`, which limits its process to one
    thread: here the command sets threads and allocator.

    Parameters
    ----------
    command
        Command that starts the process.

    Raises
    ------
    RuntimeError
        From a request, if the process has ended; the message ends with its last output.
    """

    def __init__(self, command: Sequence[str]) -> None:
        # Closed together with the process.
        self._output = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._output,
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
        self._output.seek(0)
        raise RuntimeError(
            f"a process of the bench ended with status {status}:\n{self._output.read()[-4000:]}"
        )

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._output):
            if stream is not None:
                stream.close()

    def __enter__(self) -> BenchProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


Start = Callable[[bool], BenchProcess]
"""Function that starts a process whose allocator retains freed pages (True) or is the system's."""
