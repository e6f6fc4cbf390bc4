"""Commands in processes that are forked from one that has imported neurop, to be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType

# A forked process starts in milliseconds; importing torch and Lightning takes seconds.
SERVER = """
import json, os, resource, signal, sys, time, traceback
from neurop.cli import main
import lightning, torch, neurop.training.module
torch.set_num_threads(1)
sys.argv = ["neurop"]
print("ready", flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if child == 0:
        os.setsid()
        os.chdir(asked["folder"])
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        resource.setrlimit(resource.RLIMIT_AS, (asked["memory"],) * 2)
        status = 1
        try:
            status = main(asked["words"])
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    start, end = time.monotonic(), asked["seconds"]
    while not (done := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() - start > end:
            os.killpg(child, signal.SIGKILL)
            end = float("inf")
        time.sleep(0.002)
    status = os.waitstatus_to_exitcode(done[1])
    print(json.dumps([status, time.monotonic() - start]), flush=True)
"""


class Forked:
    """A process that runs commands in copies of itself.

    Parameters
    ----------
    store
        Folder of generated data.
    """

    def __init__(self, store: Path) -> None:
        env = os.environ | {"NEUROP_DATA": str(store), "OMP_NUM_THREADS": "1"}
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=env | {"PYTHONPATH": paths},
            text=True,
        )
        assert self._process.stdout
        assert self._process.stdout.readline() == "ready\n"

    def run(
        self, folder: Path, *words: str, seconds: float = 300, memory: int = 2**35
    ) -> tuple[int, float]:
        """Run a command in a folder; return its exit status and the time that it took.

        After `seconds` it is ended by SIGKILL, and the status is -9. It may use `memory` bytes of
        addresses. What it prints is in the files ``out`` and ``err`` of the folder.
        """
        asked = {"folder": str(folder), "words": words, "seconds": seconds, "memory": memory}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        status, took = json.loads(self._process.stdout.readline())
        return int(status), float(took)

    def __enter__(self) -> Forked:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
