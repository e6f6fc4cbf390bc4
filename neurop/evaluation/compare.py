"""Several surrogates and baselines on one test set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import xarray as xr

from neurop.evaluation.batches import check_compatible, iterate_pairs, variable
from neurop.evaluation.bootstrap import ratio_interval
from neurop.evaluation.headline import TRAJECTORY
from neurop.evaluation.rollout import rollout
from neurop.evaluation.score import score
from neurop.fields.fieldset import FieldSet
from neurop.inference.evaluating import evaluating

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate

LONGEST = 100
"""Largest number of steps of the rollout, unless more are asked for."""
REPEATS = 7
CLEAR = 2.0
"""Ratio of the two smallest errors below which one seed does not decide."""
ERRORS = ("error", "trajectory")
"""Errors that are compared, the most important first."""


def errors_of(
    surrogate: Surrogate, test: FieldSet, steps: int | None = None, batch_size: int = 16
) -> xr.Dataset:
    """Return the errors of a surrogate or a baseline on a test set, per sample.

    Parameters
    ----------
    surrogate
        Surrogate or baseline.
    test
        Test data for it.
    steps
        Steps of the rollout; by default those of which the truth is known, at most 100.
    batch_size
        Samples per call.

    Returns
    -------
    xarray.Dataset
        ``error`` ``(sample,)``: relative L2 error of one step, mean over windows, or of a map; for
        an evolution ``trajectory`` ``(sample,)``, that of the first ten steps together, and
        ``growth`` ``(sample, step)``; ``inference_ms``, the time of a call in a batch divided by
        its samples, median of seven.

    Raises
    ------
    InputError
        If the data do not fit the surrogate.
    """
    test, state = check_compatible(surrogate, test), surrogate.card.is_state
    scores = score(surrogate, test, leads=[1] if state else None, batch_size=batch_size)
    made: dict[str, Any] = {"error": scores.relative_l2_samples.mean("window")}
    made["error"].attrs["what"] = "one step" if state else "map"
    if state:
        known = test.values.shape[1] - surrogate.card.history
        run, short = (
            rollout(surrogate, test, count, batch_size=batch_size)
            for count in (steps or min(known, LONGEST), min(known, TRAJECTORY))
        )
        made["trajectory"] = short.trajectory_relative_l2_samples
        made["trajectory"].attrs["what"] = f"{short.sizes['step']} steps"
        made["growth"] = run.relative_l2_samples
    made["inference_ms"] = variable([], _inference_ms(surrogate, test, batch_size), "call", "ms")
    return xr.Dataset(made, attrs={"model": surrogate.name, "samples": len(test)})


def compare(found: Mapping[str, Sequence[xr.Dataset]]) -> xr.Dataset:
    """Compare surrogates by their errors on the same test set.

    Parameters
    ----------
    found
        Name of a model to results of :func:`errors_of`, one for each seed.

    Returns
    -------
    xarray.Dataset
        Along ``model``: ``error``, mean over samples and seeds, ``error_low`` and ``error_high``,
        the range over seeds of the mean over samples, ``error_samples`` ``(model, sample)``, the
        mean over seeds, ``error_ratio`` to the smallest error, with ``error_ratio_low`` and
        ``_high``, its 95 % interval by the paired bootstrap; the same of ``trajectory``; ``growth``
        ``(model, step)`` with ``growth_low`` and ``growth_high``; ``inference_ms``.

    Examples
    --------
    >>> one = xr.Dataset({"error": ("sample", [0.1, 0.3]), "inference_ms": 1.0})
    >>> result = compare({"a": [one, one], "b": [2 * one]})
    >>> result.error_ratio.values.round(6), result.error_ratio_low.values.round(6)
    (array([1., 2.]), array([1., 2.]))
    """
    first = next(iter(found.values()))[0]
    joined = {name: xr.concat(list(parts), "seed") for name, parts in found.items()}
    data: dict[str, Any] = {}
    for name in (one for one in ("error", "trajectory", "growth") if one in first):
        rest = ["step"] if name == "growth" else []
        means = [one[name].mean("sample", skipna=False) for one in joined.values()]
        for mark, values in (
            ("", [m.mean("seed", skipna=False).values for m in means]),
            ("_low", [m.min("seed", skipna=False).values for m in means]),
            ("_high", [m.max("seed", skipna=False).values for m in means]),
        ):
            data[name + mark] = variable(["model", *rest], values, "relative L2 error")
        data[name].attrs |= first[name].attrs
    for name in (one for one in ERRORS if one in first):
        samples = np.stack([one[name].mean("seed", skipna=False).values for one in joined.values()])
        data[f"{name}_samples"] = variable(["model", "sample"], samples, "mean over seeds")
        best = _smallest(samples.mean(1))
        bounds = [ratio_interval(one, samples[best]) for one in samples]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = samples.mean(1) / samples[best].mean()
        data[f"{name}_ratio"] = variable(["model"], ratios, "ratio to the smallest error")
        for i, bound in enumerate(("low", "high")):
            ends = [pair[i] for pair in bounds]
            data[f"{name}_ratio_{bound}"] = variable(["model"], ends, f"{bound} end of 95 %")
    times = [float(one.inference_ms.mean()) for one in joined.values()]
    data["inference_ms"] = variable(["model"], times, "time of a call per sample", "ms")
    coords: dict[str, Any] = {"model": list(found), "seeds": ("model", [*map(len, found.values())])}
    if "growth" in first:
        coords |= {"step": first.step.values}
        coords |= {"time": ("step", first.time.values, first.time.attrs)} if "time" in first else {}
    return xr.Dataset(data, coords, {"samples": first.sizes["sample"]})


def notes(result: xr.Dataset) -> Iterator[str]:
    """Yield what the numbers of :func:`compare` do not decide, one line each."""
    for name in ERRORS if result.sizes["model"] > 1 else ():
        if name not in result:
            continue
        order = np.argsort(np.where(np.isfinite(result[name]), result[name], np.inf))[:2]
        best, second = (result.isel(model=i) for i in order)
        ratio = float(second[f"{name}_ratio"])
        if not np.isfinite(ratio):
            continue
        pair = (
            f"{result[name].attrs.get('what', name)}: {best.model.item()} and {second.model.item()}"
        )
        low, high = (float(second[f"{name}_ratio_{bound}"]) for bound in ("low", "high"))
        if not np.isfinite(low):
            yield f"{pair}: one sample gives no interval of the ratio {ratio:.3g}"
        elif low <= 1.0 <= high:
            yield (
                f"{pair} cannot be distinguished by {result.samples} samples: ratio {ratio:.3g}, "
                f"95 % interval {low:.3g} to {high:.3g}"
            )
        if ratio < CLEAR and int(max(best.seeds, second.seeds)) == 1:
            yield f"{pair} differ by less than {CLEAR:g} times, with one seed; give 'seeds=[0,1]'"


def _smallest(means: Any) -> int:
    return int(np.argmin(np.where(np.isfinite(means), means, np.inf)))


def _inference_ms(surrogate: Surrogate, test: FieldSet, batch_size: int) -> float:
    x, _, given = next(iterate_pairs(surrogate, test, batch_size))
    times = []
    with evaluating(surrogate):
        for _ in range(REPEATS + 1):  # the first includes caches
            start = perf_counter()
            surrogate(x, given=given)
            if x.is_cuda:
                torch.cuda.synchronize(x.device)
            times.append(perf_counter() - start)
    return 1e3 * median(times[1:]) / len(x)
