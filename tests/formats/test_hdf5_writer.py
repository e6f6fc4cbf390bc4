"""Signals wait for the HDF5 library."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import h5py
import numpy as np
import pytest

from neurop.formats.hdf5_writer import create_hdf5, delayed_signals


@pytest.mark.trust(
    "An output file is complete or not there",
    "Ctrl-C during the write",
)
def test_ctrl_c_waits_until_the_file_is_whole(tmp_path: Path) -> None:
    values = np.arange(100.0)

    def write() -> None:
        with create_hdf5(tmp_path / "a.h5") as file:
            os.kill(os.getpid(), signal.SIGINT)
            file["u"] = values

    with pytest.raises(KeyboardInterrupt):
        write()
    with h5py.File(tmp_path / "a.h5") as file:
        np.testing.assert_array_equal(file["u"], values)


def test_each_signal_goes_to_its_handler_and_handlers_are_restored() -> None:
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: came.append(number))
    try:
        with delayed_signals():
            with delayed_signals():
                os.kill(os.getpid(), signal.SIGTERM)
            assert came == []
        assert came == [signal.SIGTERM]
        os.kill(os.getpid(), signal.SIGTERM)
        assert came == [signal.SIGTERM] * 2
    finally:
        signal.signal(signal.SIGTERM, before)


def test_an_error_of_the_block_is_kept_as_the_context() -> None:
    def fail() -> None:
        with delayed_signals():
            os.kill(os.getpid(), signal.SIGINT)
            raise OSError("full")

    with pytest.raises(KeyboardInterrupt) as stopped:
        fail()
    assert isinstance(stopped.value.__context__, OSError)
