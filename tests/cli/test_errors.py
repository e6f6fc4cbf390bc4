"""Every mistake is one line that says what was probably meant."""

import os
from errno import EACCES, ENOSPC, ENOTDIR, EROFS

import pytest
import torch

from neurop.cli._errors import explain
from neurop.errors import InputError

from .conftest import Home

MISTAKES = {
    "model=tinny": "no model 'tinny'; did you mean 'tiny'?",
    "model=1": "no model '1'; did you mean 't1'?",
    "modle=tiny": "no setting 'modle'; did you mean 'model'?",
    "model.lenght=3": "no setting 'model.lenght'; did you mean 'model.length'?",
    "lr=3": "no setting 'lr'; did you mean 'optimizer.lr'?",
    "lenght=3": "no setting 'lenght'; did you mean 'model.length'?",
    "trainer.max_epoch=1": "no setting 'trainer.max_epoch'; did you mean 'trainer.max_epochs'?",
    "tiny": "'tiny' is not key=value; did you mean 'data=tiny'?",
    "sede": "'sede' is not key=value; did you mean 'seed=...'?",
    "qqq": "'qqq' is not key=value; for example model=fno",
    "model=[": "'model=[' cannot be read; put values with brackets, commas or spaces in quotes: "
    "'key=[1,2]'",
    "model.length=abc": "model.length: expected float, got 'abc'",
    "model.boundary=round": "model.boundary: expected 'periodic' or 'dirichlet' or 'neumann' or "
    "'open', got 'round'",
    "trainer.max_epochs=x": "trainer.max_epochs: expected int or null, got 'x'",
    "optimizer.lr=fast": "optimizer.lr: expected float, got 'fast'",
    "+model.bogus=3": "model.bogus: neurop.geometry.axis.Axis takes no 'bogus'; choose from "
    "boundary, layout, length, name, start, unit",
    "model._target_=neurop.geometry.grid.Axes": "model._target_: no 'Axes' in "
    "neurop.geometry.grid; did you mean 'Axis'?",
    "model._target_=os.system": (
        "model._target_: 'os.system' is not of neurop, torch.optim, lightning; add trust=[os] if "
        "you trust that package"
    ),
    "debug.steps=3": "no setting 'debug.steps' while no debug is chosen; add debug=<name>, one of "
    "default",
    "--config-dri=x": "no flag '--config-dri'; did you mean '--config-dir'?",
    "trust=3": "trust=3: give a list of packages, trust=[mypkg]",
    "model=[tiny,tiny]": "model=[tiny,tiny]: model takes one choice; for a sweep, -m "
    "model=tiny,tiny",
    "name=${nothing}": "Interpolation key 'nothing' not found",
}


@pytest.mark.parametrize("override", MISTAKES)
def test_mistake(override: str, home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.run = lambda cfg: pytest.fail("the verb was run")
    assert home.train(override) == 2
    assert capsys.readouterr() == ("", f"neurop train: {MISTAKES[override]}\n")
    assert not (home.folder / "runs").exists()


def test_several_mistakes_are_several_lines(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert home.train("model.length=abc", "trainer.max_epochs=x") == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        f"neurop train: {MISTAKES[m]}" for m in ("model.length=abc", "trainer.max_epochs=x")
    ]


@pytest.mark.parametrize("problem", [EACCES, ENOSPC, ENOTDIR, EROFS])
def test_a_place_that_the_system_refuses_is_named(problem: int) -> None:
    error = OSError(problem, os.strerror(problem), "a/b")
    line = f"a/b: {os.strerror(problem)}; give another place, or change its permissions"
    assert explain(error, lambda: ([], {})) == line


@pytest.mark.trust(
    "Memory that runs out is one line with settings that help",
    "errors of the allocators",
)
@pytest.mark.parametrize(
    ("error", "size"),
    [
        (
            RuntimeError(
                "DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes"
            ),
            "4 bytes",
        ),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), "2.00 GiB"),
        (MemoryError("Unable to allocate 7.45 GiB for an array with shape (9,)"), "7.45 GiB"),
        (MemoryError(), None),
    ],
)
def test_memory_that_ran_out_names_settings_that_help(error: Exception, size: str | None) -> None:
    line = explain(error, lambda: pytest.fail("no words needed"))
    assert line is not None
    asked = f" (asked for {size})" if size else ""
    assert line.startswith(f"memory ran out{asked}; use smaller batches (loader.batch_size in ")


def test_a_failure_is_not_explained() -> None:
    assert explain(RuntimeError("boom"), lambda: ([], {})) is None
    assert explain(ValueError("boom"), lambda: ([], {})) is None
    assert explain(InputError("coarse"), lambda: ([], {})) == "coarse"
