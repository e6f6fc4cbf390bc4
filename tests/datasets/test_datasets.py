import subprocess
import sys

import pytest

import neurop.datasets


def test_import_loads_no_data_set():
    code = "import sys, neurop.datasets; print([m for m in ('torch', 'xarray', 'neurop.datasets.era5') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_every_exported_name_is_a_source():
    for name in neurop.datasets.__all__:
        source = getattr(neurop.datasets, name)
        assert source.__name__ == name
        assert callable(source.splits)
        assert callable(source.at)
        assert name in dir(neurop.datasets)


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'Burgrs'"):
        _ = neurop.datasets.Burgrs
