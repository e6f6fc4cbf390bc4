from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch

from neurop.cache import cache_folder
from neurop.spectral import fused
from neurop.spectral.kernels import native

PROGRAM = """
import logging, sys
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
import torch
from neurop.models import FNO
from neurop.spectral.kernels import native
torch.manual_seed(0)
model = FNO(1, 1, modes=(3, 3), width=5, depth=2)
y = model(torch.randn(2, 1, 8, 9))
y = model(torch.randn(2, 1, 8, 9))
y.square().sum().backward()
print(native.library() is not None, float(y.sum()), float(model.lift.weight.grad.norm()))
"""

x86 = pytest.mark.skipif(
    platform.machine() != "x86_64" or shutil.which("g++") is None, reason="needs g++ on x86-64"
)


def run(folder: Path, **environment: str) -> list[str]:
    env = (
        {k: v for k, v in os.environ.items() if k not in ("NEUROP_NATIVE", "CXX")}
        | {"NEUROP_CACHE": str(folder)}
        | environment
    )
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], env=env, check=True, capture_output=True, text=True
    ).stdout.splitlines()


@pytest.mark.slow
def test_kernels_are_compiled_once_and_nothing_depends_on_them(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = run(cache)
    made = {file.name: file.stat().st_mtime_ns for file in cache.rglob("*")}
    second = run(cache)
    assert {file.name: file.stat().st_mtime_ns for file in cache.rglob("*")} == made
    without = [
        run(tmp_path / "none", NEUROP_NATIVE="off"),
        run(tmp_path / "none", CXX="/no/such/compiler"),
    ]
    assert not (tmp_path / "none").exists()
    values = [[float(v) for v in lines[-1].split()[1:]] for lines in (first, second, *without)]
    for other in values[1:]:
        assert other == pytest.approx(values[0], rel=1e-4)
    # Said once, whatever is called how often.
    assert [len(lines) for lines in (first, second, *without)] == [2, 2, 2, 2]
    assert without[0][0] == "CPU kernels are off; using PyTorch's own operations"
    assert without[1][0].startswith("CPU kernels cannot be compiled (")
    assert [lines[-1].split()[0] for lines in without] == ["False", "False"]


@x86
@pytest.mark.parametrize("level", ["x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"])
def test_no_vector_is_wider_than_the_registers(level: str, tmp_path: Path) -> None:
    # The compiler takes a wider one apart through memory, and warns of its calling convention.
    sources = [str(file) for file in native._SOURCE.glob("*.cpp")]
    flags = [flag for flag in native._FLAGS if flag not in ("-shared", "-O3")]
    subprocess.run(
        ["g++", *flags, f"-march={level}", "-Werror=psabi", "-c", *sources],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )


@x86
@pytest.mark.slow
def test_vectors_of_four_compute_the_same(tmp_path: Path) -> None:
    compiler = tmp_path / "g++"
    compiler.write_text('#!/bin/sh\nexec g++ "$@" -march=x86-64\n')
    compiler.chmod(0o755)
    wide, narrow = run(cache_folder()), run(tmp_path / "narrow", CXX=str(compiler))
    assert (wide[-1].split()[0], narrow[-1].split()[0]) == ("True", "True")
    values = [[float(v) for v in lines[-1].split()[1:]] for lines in (wide, narrow)]
    assert values[1] == pytest.approx(values[0], rel=1e-5)


def test_a_compiler_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    compiler = tmp_path / "cxx"
    compiler.write_text('#!/bin/sh\n[ "$1" = --version ] && echo broken && exit 0\nexit 1\n')
    compiler.chmod(0o755)
    lines = run(tmp_path / "cache", CXX=str(compiler))
    assert lines[0].startswith("CPU kernels cannot be compiled (")
    assert [file for file in (tmp_path / "cache").rglob("*") if file.is_file()] == []


@pytest.mark.skipif(
    native.library() is None, reason="no C++ compiler, so the CPU kernels are not there"
)
def test_only_what_the_kernels_can_take_goes_to_them() -> None:
    x = torch.zeros(2, 3)
    assert fused.have_kernels(x, torch.nn.Parameter(x))
    assert not fused.have_kernels(x, x.double())
    assert not fused.have_kernels(x[:0])
    assert not fused.have_kernels(x.to("meta"))
    with torch.autocast("cpu", torch.bfloat16):
        assert not fused.have_kernels(x)
    assert torch.func.vmap(lambda t: t * fused.have_kernels(t))(x + 1).sum() == 0
    with torch.autograd.forward_ad.dual_level():
        assert not fused.have_kernels(x)


def test_forward_mode_and_vmap_pass_through_the_layers() -> None:
    parameters = [
        torch.randn(*shape, dtype=torch.float32) for shape in ((4, 3), (4,), (2, 4), (2,))
    ]
    x, v = torch.randn(2, 6, 3)
    _, tangent = torch.func.jvp(lambda t: fused.mlp(t, *parameters), (x,), (v,))
    step = 1e-3
    difference = (fused.mlp(x + step * v, *parameters) - fused.mlp(x - step * v, *parameters)) / (
        2 * step
    )
    torch.testing.assert_close(tangent, difference, atol=2e-3, rtol=1e-3)
    torch.testing.assert_close(
        torch.func.vmap(lambda t: fused.mlp(t, *parameters))(x), fused.mlp(x, *parameters)
    )


def test_a_compiler_that_was_asked_for_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEUROP_NATIVE", raising=False)
    monkeypatch.setenv("CXX", "/no/such/compiler -O1")
    with pytest.warns(UserWarning, match="CXX=/no/such/compiler -O1 cannot compile") as said:
        assert native.library.__wrapped__() is None
    assert len(said) == 1
    monkeypatch.delenv("CXX")
    monkeypatch.setenv("PATH", "")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert native.library.__wrapped__() is None  # nothing was asked for
