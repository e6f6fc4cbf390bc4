"""Processes of one training end together: if one of them dies, so do the others, with one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import lightning
from lightning.pytorch.callbacks import Callback

from neurop.errors import ExternalFailure

from ._say import say

PARENT = "NEUROP_FIRST_PROCESS"
"""Variable with the id of the process that started the others of a machine."""
POLL = 0.5
"""Seconds between two looks at the other processes."""
GRACE = 8.0
"""Seconds in which a process may end by itself after another has died."""
_LOST = ("gloo", "nccl", "connection closed", "connection reset", "tcpstore")


@contextmanager
def watched(where: Callable[[], str]) -> Iterator[None]:
    """End this process, in one line, if another process of the training ends within the block.

    Lightning starts the processes of the other devices of a machine from the first one, which
    watches them; they watch the first one. Processes that a scheduler started are its to end; they
    find the loss of a connection.

    Parameters
    ----------
    where
        Function that returns where the training is, and how it is continued.

    Raises
    ------
    ExternalFailure
        If the connection to another process is lost.
    """
    watch: _Children | _Parent | None = None
    starts = "LOCAL_RANK" not in os.environ
    if starts:
        os.environ[PARENT] = str(os.getpid())
        watch = _Children(where)
    elif PARENT in os.environ:
        watch = _Parent(where)
    failed = False
    try:
        yield
    except Exception as error:
        failed, lost = True, _is_lost(error)
        if watch is not None:
            watch.settle(lost)
        if lost:
            why = str(error).strip().split("\n", 1)[0].rsplit("] ", 1)[-1].split(". ")[0]
            text = f"lost the connection to another process ({why}) {where()}"
            raise ExternalFailure(text) from error
        raise
    except BaseException:  # Ctrl-C or SIGTERM, of which all processes hear
        if watch is not None:
            watch.settle(lost=False, wait=True)
        failed = True
        raise
    finally:
        if watch is not None:
            watch.close(failed)
        if starts:
            del os.environ[PARENT]


def _is_lost(error: BaseException | None) -> bool:
    """Return whether an error, or a cause of it, is that of a connection between processes."""
    while error is not None:
        text = str(error).casefold()
        if isinstance(error, RuntimeError) and any(word in text for word in _LOST):
            return True
        error = error.__cause__ or error.__context__
    return False


class _Children:
    """Watch of the first process over those that it started."""

    def __init__(self, where: Callable[[], str]) -> None:
        self.where, self.processes = where, list[subprocess.Popen[Any]]()
        self._closed = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def settle(self, lost: bool, wait: bool = False) -> None:
        """Say which process died, if a connection was lost; wait for the end of all if asked."""
        end = time.monotonic() + GRACE
        while lost and self.processes and time.monotonic() < end:
            if line := self._dead():
                raise ExternalFailure(line)
            time.sleep(POLL / 10)
        while wait and any(p.poll() is None for p in self.processes) and time.monotonic() < end:
            time.sleep(POLL / 10)

    def close(self, failed: bool) -> None:
        """End the watch, and all processes if this one failed."""
        self._closed.set()
        if failed:
            self._kill()

    def _watch(self) -> None:
        while not self._closed.wait(POLL):
            self._take_over()
            if line := self._dead():
                # The computation may find it too, and then leaves a tidier folder.
                if not self._closed.wait(GRACE):
                    self._kill()
                    _end(line)
                return

    def _take_over(self) -> None:
        """Watch the processes in place of Lightning, which ends all by SIGKILL, without a word."""
        observers: list[Any] = [
            thread for thread in threading.enumerate() if thread.name == "child-process-observer"
        ]
        for observer in observers:
            if observer._child_processes:
                self.processes, observer._child_processes = observer._child_processes, []

    def _dead(self) -> str:
        """Return the line for a process that failed; empty if none did."""
        for number, process in enumerate(self.processes, 1):
            if status := process.poll():
                how = f"was ended by {signal.Signals(-status).name}" if status < 0 else "failed"
                return f"process {number} of {len(self.processes) + 1} {how} {self.where()}"
        return ""

    def _kill(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()


class _Parent:
    """Watch of a started process over the first one."""

    def __init__(self, where: Callable[[], str]) -> None:
        self.where, self.parent = where, int(os.environ[PARENT])
        self._closed = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def settle(self, lost: bool, wait: bool = False) -> None:
        """Let the first process say what is wrong; return if it does not know."""
        end = time.monotonic() + GRACE
        while not wait and os.getppid() == self.parent and time.monotonic() < end:
            time.sleep(POLL / 10)
        if not wait and os.getppid() != self.parent:
            _end(self._line() if lost else "")

    def close(self, failed: bool) -> None:
        """Say no more; the process still ends with the first one."""
        self._closed.set()

    def _watch(self) -> None:
        while os.getppid() == self.parent:
            time.sleep(POLL)
        _end("" if self._closed.wait(GRACE) else self._line())

    def _line(self) -> str:
        # One of the others says it for all.
        first = os.environ.get("LOCAL_RANK") == "1"
        return f"the first process has ended {self.where()}" if first else ""


def _end(line: str) -> None:
    """End the process at once: a computation that waits for another process cannot be stopped."""
    if line:
        say(f"neurop train: {line}", file=sys.stderr, flush=True)
    os._exit(1)


class Terminable(Callback):
    """Let SIGTERM end the training after a step of all processes.

    Lightning's own handler sends to the other processes from wherever it was called, which they
    may take for the gradients that they wait for.
    """

    def on_sanity_check_start(self, trainer: lightning.Trainer, *_: Any) -> None:
        self._handle(trainer)

    def on_train_start(self, trainer: lightning.Trainer, *_: Any) -> None:
        self._handle(trainer)

    def _handle(self, trainer: lightning.Trainer) -> None:
        if trainer.world_size == 1 or threading.current_thread() is not threading.main_thread():
            return
        connector: Any = trainer._signal_connector

        def handler(signum: int, _: Any) -> None:
            launcher = trainer.strategy.launcher
            if launcher is not None and not connector.received_sigterm:
                launcher.kill(signum)
            connector.received_sigterm = True

        signal.signal(signal.SIGTERM, handler)
