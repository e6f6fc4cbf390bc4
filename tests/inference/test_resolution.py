"""A network of local kernels says so when it is used on another grid than that of its training."""

from __future__ import annotations

import warnings
from functools import partial

import pytest
import torch
from raising import raises_input
from small import ARGUMENTS, evolution

from neurop.evaluation.superres import superres
from neurop.inference.check_input import ResolutionWarning
from neurop.models import REGISTRY
from neurop.objectives.regression import Regression
from neurop.registry import Spec
from neurop.surrogate import Surrogate
from neurop.training.module import TrainingModule
from neurop.transforms.coarse_to_fine import CoarseToFine

LINE = "unet is not resolution-invariant: it was trained for 9 x 8 points"


def made(name: str) -> Surrogate:
    arguments = {"width": 4, "levels": 1} if name == "unet" else ARGUMENTS
    return Surrogate.of(evolution(), Spec(name, arguments)).eval()


def test_which_models_are_of_one_resolution() -> None:
    found = {name for name in REGISTRY.table if not REGISTRY.get(name).resolution_invariant}
    assert found == {"unet", "cnextunet", "iufno"}


def test_a_prediction_on_another_grid_warns() -> None:
    s, other = made("unet"), evolution((12, 8)).initial()
    with pytest.warns(ResolutionWarning, match=f"^{LINE}, not 12 x 8$"):
        s.predict(other)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        s.predict(evolution().initial())
        made("fno").predict(other)


def test_scores_on_other_grids_say_so_once() -> None:
    truths = {n: evolution((n, 8)) for n in (9, 12)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = superres(made("unet"), truths)
        assert "not resolution-invariant" not in superres(made("fno"), truths).attrs["warning"]
    assert scores.attrs["warning"].split("; ")[0] == LINE


def test_training_on_a_coarse_grid_first_is_refused() -> None:
    adam = partial(torch.optim.Adam, lr=1e-3)
    with raises_input("shape", (5, 6)):
        TrainingModule(made("unet"), Regression(), adam, augment=[CoarseToFine((5, 6))])
    TrainingModule(made("fno"), Regression(), adam, augment=[CoarseToFine((5, 6))])
