"""Worker processes that call one function repeatedly, each on one core.

They are started as new processes rather than forked, as a fork of a process with threads may hang,
and not by `multiprocessing`, which would run the user's script again in each of them. Both ends of
a pipe belong to neurop, so its messages are safe to unpickle.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import struct
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any

from neurop.errors import ExternalFailure

_CODE = "from neurop.generation.worker import serve; serve()"


class Worker:
    """A process that calls `call` with one argument after another.

    It ends with :meth:`close`, or when this process ends in any way. Ctrl-C does not interrupt it.

    Parameters
    ----------
    call
        Function that can be pickled: not a lambda, and of a module that can be imported.

    Examples
    --------
    >>> worker = Worker(abs)
    >>> worker.ready(), worker(-2)
    (True, 2)
    >>> worker.close()
    """

    def __init__(self, call: Callable[[Any], Any]) -> None:
        payload = pickle.dumps(call)
        # The process imports from the same paths.
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
        env = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
        # A terminal sends Ctrl-C to the whole process group; only the parent may end its workers.
        alone: dict[str, Any] = (
            {"process_group": 0} if os.name == "posix" else {"creationflags": 0x200}
        )
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _CODE],  # files of the working folder are no modules
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=env,
            **alone,
        )
        self._is_ready: bool | None = None
        self._send(payload)

    def ready(self) -> bool:
        """Wait until the process has started, and return whether it could load the function."""
        if self._is_ready is None:
            self._is_ready = bool(self._receive())
        return self._is_ready

    def __call__(self, argument: Any) -> Any:
        """Return ``call(argument)``, or raise what it raised.

        Raises
        ------
        ExternalFailure
            If the process was ended from outside, or ran out of memory.
        """
        self.ready()
        self._send(pickle.dumps(argument))
        succeeded, value = self._receive()
        if succeeded:
            return value
        raise value

    def close(self) -> None:
        """Stop the process at once."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # unsent bytes are lost with the process
                if pipe is not None:
                    pipe.close()

    def _send(self, payload: bytes) -> None:
        assert self._process.stdin is not None
        try:
            _write(self._process.stdin, payload)
        except OSError:
            raise self._dead() from None

    def _receive(self) -> Any:
        assert self._process.stdout is not None
        payload = _read(self._process.stdout)
        if payload is None:
            raise self._dead()
        return pickle.loads(payload)

    def _dead(self) -> ExternalFailure:
        self._process.kill()
        code = self._process.wait()
        how = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        return ExternalFailure(
            f"a process of the solver was ended ({how}), often because memory ran out; {_REMEDY}"
        )


_REMEDY = "finished batches are stored: run this again, with fewer workers if memory is short"


def serve() -> None:
    """Answer calls until the other end closes its pipe: the main loop of a worker process."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # output of the solver must not mix with the answers
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, inbox), daemon=True).start()
    try:
        call = pickle.loads(inbox.get())
    except Exception:  # the module of the function cannot be imported here
        _write(answers, pickle.dumps(False))
        os._exit(0)  # an ordinary exit would wait for the listener
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    _write(answers, pickle.dumps(True))
    while True:
        argument = pickle.loads(inbox.get())
        try:
            answer = pickle.dumps((True, call(argument)), pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            answer = pickle.dumps((False, _portable(error)))
        _write(answers, answer)


def _listen(pipe: IO[bytes], inbox: queue.SimpleQueue[bytes]) -> None:
    while (payload := _read(pipe)) is not None:
        inbox.put(payload)
    # The parent process has ended: nothing waits for the answer.
    os._exit(0)


def _portable(error: Exception) -> Exception:
    """Return an error that can be pickled, with its traceback as a note."""
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
        return ExternalFailure(f"a process of the solver ran out of memory; {_REMEDY}")
    error.add_note("".join(traceback.format_exception(error)))
    try:
        return (
            error
            if type(pickle.loads(pickle.dumps(error))) is type(error)
            else RuntimeError(repr(error))
        )
    except Exception:  # for example an error with several arguments
        return RuntimeError(repr(error))


def _write(pipe: IO[bytes], payload: bytes) -> None:
    pipe.write(struct.pack("<Q", len(payload)))
    pipe.write(payload)
    pipe.flush()


def _read(pipe: IO[bytes]) -> bytes | None:
    """Return the next message; None at the end."""
    head = pipe.read(8)
    if len(head) < 8:
        return None
    (size,) = struct.unpack("<Q", head)
    payload = pipe.read(size)
    return payload if len(payload) == size else None
