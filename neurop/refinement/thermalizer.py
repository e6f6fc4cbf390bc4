"""Thermalizer: states of a rollout denoised where they look noisy (Pedersen et al., 2025)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.models.thermalized import Thermalized
from neurop.refinement.stage import training_set
from neurop.registry import Spec
from neurop.source import Source
from neurop.surrogate import Surrogate


def thermalizer(
    surrogate: Surrogate,
    data: Source | FieldSet | Mapping[str, FieldSet],
    model: Spec | str | None = None,
    levels: Sequence[float] = (0.5, 0.05, 0.02),
    steps: int = 4,
) -> Surrogate:
    """Return a surrogate whose predicted states are denoised where they look noisy.

    The trained network is frozen. A stage (:class:`neurop.models.Thermalized`) learns, from single
    states of the training set with noise, what noise they have; in a rollout a state that looks
    noisier than ``levels[1]`` is denoised to ``levels[2]``. For flows whose statistics do not
    change in time. The stage is new: train it by ``neurop.fit(..., objective=Thermalizing())``. Its
    weights are drawn from the random state of torch.

    Parameters
    ----------
    surrogate
        Trained surrogate of an evolution; it is not changed.
    data
        Data of its training: a data set, its splits, or the training set alone.
    model
        Model of the stage; by default that of the surrogate.
    levels
        Noise in deviations of the fields, falling: the largest of the training, that from which on
        a state is denoised, and that to which.
    steps
        Applications of the stage to a state that is denoised.

    Raises
    ------
    InputError
        If the surrogate is a map, takes noise or a mask, or has diagnostic fields or a mean
        increment that depends on the position; if it has such a stage already and there is no
        `model`; if a number is out of its bounds.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop import Field, Grid, models
    >>> waves = np.sin(2 * np.pi * (np.arange(16) - np.arange(50)[:, None, None]) / 16)
    >>> data = FieldSet(waves.reshape(10, 5, 1, 16), (Field("u", "m s-1"),), Grid.periodic(1))
    >>> base = Surrogate.of(data, models.FNO.spec(modes=4, width=4, depth=1))
    >>> thermalizer(base, data).card.model.name
    'thermalized'

    References
    ----------
    Pedersen, Zanna, Bruna, Thermalizer: Stable autoregressive neural emulation of spatiotemporal
    chaos, ICML 2025, arXiv:2503.18731.
    """
    training_set(data)
    card = surrogate.card
    _check(surrogate)
    stage = card.model if model is None else Spec.of(model)
    if stage.name == "thermalized":
        raise InputError.of("model", stage.name, "choose a network for the stage by model=")
    given = sum(len(condition.channels) for condition in card.conditions)
    arguments = {
        "base": card.model,
        "stage": stage,
        "levels": list(levels),
        "steps": steps,
        "conditions": given,
    }
    norms = (surrogate.input_norm, surrogate.output_norm, surrogate.given_norm)
    made = Surrogate(replace(card, model=Spec("thermalized", arguments)), *norms)
    made = made.to(surrogate.output_norm.std)
    net = made.net
    assert isinstance(net, Thermalized)
    net.base.load_state_dict(surrogate.net.state_dict())
    if card.problem.increments:
        unit = surrogate.input_norm.std
        net.kept.fill_(1.0)
        net.scale.copy_(surrogate.output_norm.std / unit)
        net.shift.copy_(surrogate.output_norm.mean.flatten() / unit)
    return made


def _check(surrogate: Surrogate) -> None:
    """Raise InputError unless the states of a surrogate can be denoised."""
    card = surrogate.card
    faults = {
        "is a map; refine a surrogate of an evolution": not card.is_state,
        "takes noise; refine one without noise": surrogate.noise is not None,
        "takes a mask; refine one of a whole grid": any(
            condition.role == "mask" for condition in card.conditions
        ),
        "has diagnostic fields; refine one whose fields are all fed back": bool(card.diagnostics),
        "has increments with a mean of each point; train with one mean per field": (
            card.problem.increments and surrogate.output_norm.mean[0].numel() > 1
        ),
    }
    for fault, there in faults.items():
        if there:
            raise InputError.of("surrogate", surrogate.name, fault)
