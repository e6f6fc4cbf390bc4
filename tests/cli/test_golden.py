"""One typical mistake per verb, and the whole line that answers it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from neurop.cli._main import VERBS

MISTAKES = {
    "train": ("model.width=0", "model.width=0: at least 1 is needed"),
    "refine": ("method=specbost", "no method 'specbost'; did you mean 'specboost'?"),
    "eval": ("split=tset", "split=tset: the data have no such split; did you mean 'test'?"),
    "superres": ("resolutions=[16,0]", "resolutions=0: give at least 2"),
    "rollout": (
        "field=vortisity",
        "field=vortisity: the surrogate does not predict it; did you mean 'vorticity'?",
    ),
    "predict": (
        "input=absent.nc",
        "absent.nc: no such file; correct the path",
    ),
    "export": ("format=onx", "format=onx: did you mean 'onnx'?"),
    "calibrate": ("level=90", "level=90: give a probability between 0 and 1, such as 0.9"),
    "compare": ("budget=10", "budget=10: give a time or steps: 90s, 10min, 1h, 2000steps"),
    "publish": (
        "datasets=[waves]",
        "datasets=waves: need names OWNER/NAME of data sets on the hub",
    ),
    "generate": (
        "data=burgers data.samples=4",
        "data.samples=4: 40 are held out for test and validation; use 41 or more",
    ),
    "bench": ("scopes=[layr]", "no scope 'layr'; did you mean 'layer'?"),
    "inspect": ("absent.h5", "absent.h5: no such file; correct the path"),
    "list": ("modle", "no group 'modle'; did you mean 'model'?"),
    "info": ("--sight", "no flag '--sight'; did you mean '--cite'?"),
    "doctor": ("jsn=a.json", "no setting 'jsn'; did you mean 'json'?"),
    "init": ("new data=absent.h5", "absent.h5: no such file; correct the path"),
}

WITHOUT = ("compare", "generate", "bench", "inspect", "list", "info", "doctor", "init")
"""Verbs that take no surrogate."""


def test_every_verb_has_one() -> None:
    assert MISTAKES.keys() == VERBS.keys()


@pytest.mark.parametrize("verb", MISTAKES)
def test_the_line(
    verb: str,
    neurop: Callable[..., int],
    train: Callable[..., int],
    trained: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words, line = MISTAKES[verb]
    if verb == "train":
        status = train(*words.split())
    elif verb not in WITHOUT:
        status = neurop(verb, f"ckpt={trained}", *words.split())
    else:
        status = neurop(verb, *words.split())
    assert (status, capsys.readouterr().err) == (2, f"neurop {verb}: {line}\n")
