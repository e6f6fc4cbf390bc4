"""The CUDA kernels through the compilers that are there; no GPU is needed to compile."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from neurop.spectral.kernels import cuda, nvrtc


@pytest.mark.parametrize(
    "architecture",
    [
        pytest.param("sm_80", marks=pytest.mark.slow),
        "sm_90",
        pytest.param("sm_120", marks=pytest.mark.slow),
    ],
)
def test_nvcc_makes_every_kernel_without_spills(tmp_path: Path, architecture: str) -> None:
    nvcc = shutil.which("nvcc")
    if nvcc is None:
        pytest.skip("nvcc is not installed")
    said = cuda.compile_with_nvcc(nvcc, architecture, tmp_path / "kernels.cubin")
    kernels = re.findall(r"entry function '(neurop_\w+)'", said)
    names = ("product", *(f"{name}{axes}d" for name in ("mix", "mix_weight") for axes in (1, 2, 3)))
    assert sorted(kernels) == sorted(
        f"neurop_{name}_{products}" for name in names for products in (1, 3)
    )
    assert re.findall(r"(\d+) bytes spill stores, (\d+) bytes spill loads", said) == [
        ("0", "0")
    ] * len(kernels)
    assert (tmp_path / "kernels.cubin").read_bytes()[:4] == b"\x7fELF"


def test_nvrtc_makes_the_same_kernels() -> None:
    try:
        nvrtc._library()
    except OSError:
        pytest.skip("NVRTC is not installed")
    made = nvrtc.compile_with_nvrtc(cuda.SOURCE / "kernels.cu", "sm_90")
    assert made[:4] == b"\x7fELF"
    assert b"neurop_mix_weight3d_3" in made


def test_the_source_joins_into_one_text() -> None:
    text = nvrtc.inline_includes(cuda.SOURCE / "kernels.cu")
    assert not re.search(r'#include "|#pragma once', text)
    assert text.count("void warp_product(") == 1
    for kernel in ("product", "mix", "mix_weight"):
        assert len(re.findall(rf"NEUROP_DEVICE void {kernel}\(", text)) == 1


def test_kernels_are_kept_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setenv("NEUROP_CACHE", str(tmp_path))
    monkeypatch.setattr(cuda.shutil, "which", lambda name: "/usr/bin/nvcc")
    monkeypatch.setattr(
        cuda,
        "compile_with_nvcc",
        lambda nvcc, architecture, out: (made.append(architecture), out.write_bytes(b"code")),
    )
    paths = [cuda.cubin("sm_80"), cuda.cubin("sm_90"), cuda.cubin("sm_80")]
    assert made == ["sm_80", "sm_90"]
    assert paths[0] == paths[2] != paths[1]
    assert sorted(tmp_path.rglob("*.cubin")) == sorted(set(paths))
