from pathlib import Path

import h5py
import pytest
from adapter_contract import AdapterContract
from formats.pdebench import CASES

from neurop.formats.detect import file_content


class TestPDEBench(AdapterContract):
    cases = CASES


@pytest.mark.parametrize(
    ("name", "boundary"),
    [
        ("1D_CFD_Rand_Eta1.e-8_periodic_Train.hdf5", "periodic"),
        ("1D_CFD_Shock_trans_Train.hdf5", "open"),
    ],
)
def test_the_boundary_of_a_compressible_flow_is_in_its_name_alone(
    tmp_path: Path, name: str, boundary: str
) -> None:
    CASES["compressible 1-D"](tmp_path / name)
    assert file_content(tmp_path / name).boundary == {"x": boundary}


def test_frames_that_were_never_written_are_no_frames(tmp_path: Path) -> None:
    truth = CASES["incompressible"](tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["velocity"].shape[1] == 2 * truth.values.shape[1]
        assert not file["velocity"][:, truth.values.shape[1] :].any()
    assert {a.name: a.sizes().get("time") for a in file_content(tmp_path / "a.h5").arrays} == {
        "velocity": 4,
        "particles": 4,
        "force": None,
    }
