"""PDE-Refiner: noise that is added to a prediction and removed (Lippe et al., 2023)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.fields.noise_basis import resolved
from neurop.models.denoised import Denoised
from neurop.refinement.stage import residual_rms, training_set
from neurop.registry import Spec
from neurop.source import Source
from neurop.surrogate import Surrogate


def denoising(
    surrogate: Surrogate,
    data: Source | FieldSet | Mapping[str, FieldSet],
    model: Spec | str | None = None,
    steps: int = 3,
    smallest: float | None = None,
    largest: float | None = None,
) -> Surrogate:
    r"""Return a surrogate with a denoising stage on top of the frozen network of a trained one.

    .. math:: u_k = v_k - \sigma_k\, S[a, v_k, k], \qquad v_k = u_{k-1} + \sigma_k\,\varepsilon_k

    from the prediction :math:`u_0` of the network, with the stage S
    (:class:`neurop.models.Denoised`). Normalisers, constraints and problem stay. The stage is new:
    the surrogate predicts with noise until ``neurop.fit(..., objective=Denoising())`` has trained
    it. Its weights are drawn from the random state of torch.

    In the paper one network predicts and denoises; here the second task has a network of its own,
    so that any trained surrogate can be refined.

    Parameters
    ----------
    surrogate
        Trained surrogate; it is not changed.
    data
        Data of its training: a data set, its splits, or the training set alone.
    model
        Model of the stage; by default that of the surrogate.
    steps
        Number K of steps; the noise of one is a constant factor of that of the one before.
    smallest, largest
        Noise of the last and of the first step, in deviations of the network's targets. By default
        the first is the rms of the residual on the training set, which it hides, at most a half,
        and the last a hundredth of it. The paper has 0.00045 and 0.077 for all.

    Raises
    ------
    InputError
        If the surrogate takes noise, is refined already without `model`, a number is out of its
        bounds, the surrogate leaves no residual, or the data do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop import Field, Grid, models
    >>> waves = np.sin(2 * np.pi * (np.arange(16) - np.arange(50)[:, None, None]) / 16)
    >>> data = FieldSet(waves.reshape(10, 5, 1, 16), (Field("u", "m s-1"),), Grid.periodic(1))
    >>> base = Surrogate.of(data, models.FNO.spec(modes=4, width=4, depth=1))
    >>> denoising(base, data, steps=2).card.model.name
    'denoised'

    References
    ----------
    Lippe et al., PDE-Refiner: Achieving Accurate Long Rollouts with Neural PDE Solvers, NeurIPS
    2023, arXiv:2308.05732.
    """
    if surrogate.noise is not None:
        raise InputError.of("surrogate", surrogate.name, "takes noise; refine one without noise")
    if steps < 1:
        raise InputError.of("steps", steps, "give at least 1")
    card, train = surrogate.card, training_set(data)
    stage = card.model if model is None else Spec.of(model)
    if stage.name == "denoised":
        raise InputError.of("model", stage.name, "choose a network for the stage by model=")
    if largest is None:
        std = surrogate.output_norm.std.double().cpu()
        largest = min(0.5, float((residual_rms(surrogate, train) / std).mean()))
        if not largest > 0:
            remedy = "the surrogate leaves no residual; give the noise, between 0 and 1"
            raise InputError.of("largest", None, remedy)
    if not 0 < largest < 1:
        raise InputError.of("largest", largest, "give a number between 0 and 1")
    smallest = largest / 100 if smallest is None else smallest
    if not 0 < smallest < largest and (steps > 1 or smallest <= 0):
        raise InputError.of("smallest", smallest, f"give a number between 0 and {largest:.3g}")
    arguments = {
        "base": card.model,
        "stage": stage,
        "sigmas": np.geomspace(largest, smallest, steps).tolist(),
        "frequencies": resolved(card.grid, train.shape),
    }
    norms = (surrogate.input_norm, surrogate.output_norm, surrogate.given_norm)
    made = Surrogate(replace(card, model=Spec("denoised", arguments)), *norms)
    made = made.to(surrogate.output_norm.std)
    assert isinstance(made.net, Denoised)
    made.net.base.load_state_dict(surrogate.net.state_dict())
    return made
