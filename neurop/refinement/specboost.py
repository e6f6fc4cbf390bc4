"""SpecBoost: a second network for what the first one leaves (Qin et al., 2024)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.models.boosted import Boosted
from neurop.refinement.stage import residual_rms, start_at_zero, training_set
from neurop.registry import Spec
from neurop.source import Source
from neurop.surrogate import Surrogate


def specboost(
    surrogate: Surrogate,
    data: Source | FieldSet | Mapping[str, FieldSet],
    model: Spec | str | None = None,
) -> Surrogate:
    r"""Return a surrogate with a new stage on top of the frozen network of a trained one.

    .. math:: u = y + \sigma\, S\,[a, y], \qquad y = B a

    with B the network, :math:`\sigma` the rms of its residual on the training set, and S the stage
    (:class:`neurop.models.Boosted`). The last layer of S is zero, so that the predictions are those
    of `surrogate` until :func:`neurop.fit` trains the stage. Normalisers, constraints and problem
    stay. The weights of S are drawn from the random state of torch.

    A network with few frequencies of much energy fits those first; a second one, whose target is
    the residual, sees the others. It helps if the residual on the training set is like that on
    other data, see :func:`neurop.refinement.stage.squares_left`.

    Parameters
    ----------
    surrogate
        Trained surrogate; it is not changed.
    data
        Data of its training: a data set, its splits, or the training set alone.
    model
        Model of the stage; by default that of the surrogate, or of its latest stage.

    Raises
    ------
    InputError
        If the surrogate takes noise, the model has no last linear layer, or the data do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop import Field, Grid, models
    >>> waves = np.sin(2 * np.pi * (np.arange(16) - np.arange(50)[:, None, None]) / 16)
    >>> data = FieldSet(waves.reshape(10, 5, 1, 16), (Field("u", "m s-1"),), Grid.periodic(1))
    >>> base = Surrogate.of(data, models.FNO.spec(modes=4, width=4, depth=1))
    >>> refined = specboost(base, data)  # neurop.fit(refined, data) trains the stage
    >>> print(refined.card.model)
    boosted(base=fno(modes=4, width=4, depth=1), stage=fno(modes=4, width=4, depth=1))

    References
    ----------
    Qin et al., Toward a Better Understanding of Fourier Neural Operators from a Spectral
    Perspective, 2024, arXiv:2404.07200.
    """
    if surrogate.noise is not None:
        remedy = "takes noise: a residual is that of one prediction; refine one without noise"
        raise InputError.of("surrogate", surrogate.name, remedy)
    card, std = surrogate.card, surrogate.output_norm.std
    size = residual_rms(surrogate, training_set(data)).to(std) / std
    stage = _latest(card.model) if model is None else Spec.of(model)
    norms = (surrogate.input_norm, surrogate.output_norm, surrogate.given_norm)
    both = Spec("boosted", {"base": card.model, "stage": stage})
    made = Surrogate(replace(card, model=both), *norms).to(std)
    net = made.net
    assert isinstance(net, Boosted)
    net.base.load_state_dict(surrogate.net.state_dict())
    start_at_zero(net.stage, card.out_channels, stage.name)
    net.scale.copy_(size)
    return made


def _latest(model: Spec) -> Spec:
    """Return a model, of one with stages the latest of them."""
    while model.name == "boosted":
        model = model.arguments["stage"]
    return model
