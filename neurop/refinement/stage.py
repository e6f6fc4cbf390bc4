"""What the methods of refinement have in common: the residual, and a stage that starts at zero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.inference.domain import measure
from neurop.inference.evaluating import evaluating
from neurop.inference.last_layer import last_linear
from neurop.metrics.norms import mean
from neurop.source import Source

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


def training_set(data: Source | FieldSet | Mapping[str, FieldSet]) -> FieldSet:
    """Return the training split of a data set, or a set of fields itself.

    Raises
    ------
    InputError
        If the data are something else, or have no split ``train``.
    """
    splits = data.splits() if isinstance(data, Source) else data
    found = splits.get("train") if isinstance(splits, Mapping) else splits
    if not isinstance(found, FieldSet):
        remedy = "give a data set, a FieldSet, or a mapping with the split train"
        raise InputError.of("data", type(data).__name__, remedy)
    return found


def residual_rms(surrogate: Surrogate, data: FieldSet, batch_size: int = 64) -> Tensor:
    r"""Return the root mean square of what a surrogate leaves, in the units of its fields.

    .. math:: R_c = \sqrt{\operatorname{mean}_{n}\, \langle (y_c - p_c)^2 \rangle}

    over the training examples of a set, of the first step of each.

    Parameters
    ----------
    surrogate
        Surrogate, which is evaluated without gradients, in evaluation mode.
    data
        Set for its problem, such as the training split.
    batch_size
        Examples per call.

    Returns
    -------
    Tensor
        ``(out channels,)``, float64.
    """
    examples = surrogate.card.problem.examples(data)
    like = surrogate.output_norm.std
    total = torch.zeros(len(like), dtype=torch.float64)
    with evaluating(surrogate):
        for batch in DataLoader(examples, batch_size):
            x, target = batch["input"].to(like).flatten(1, 2), batch["target"][:, 0].to(like)
            given = batch["given"][:, 0].to(like) if "given" in batch else None
            error = (surrogate(x, given=given) - target).double()
            weights = measure(surrogate.card, error, given)
            total = total + mean(error.square(), weights).sum(0).cpu()
    return (total / len(examples)).sqrt()


def squares_left(train: float, validation: float) -> float:
    r"""Return the share of the squared validation error that a stage is bound to leave.

    .. math:: 1 - \rho^2, \qquad \rho = R_{\text{train}} / R_{\text{validation}}

    A stage is fitted to the residual of the training set, of rms :math:`R_{\text{train}}`. If its
    output is of that size on other data too, and what it leaves there is orthogonal to it, as for
    the mean of the residual given the input, it removes at most :math:`R_{\text{train}}^2` of
    :math:`R_{\text{validation}}^2`. The residual of an over-fitted network has shrunk on the
    training set: there is little for a stage to learn.

    Examples
    --------
    >>> round(squares_left(0.6, 1.0), 2), squares_left(1.0, 1.0)
    (0.64, 0.0)
    """
    return max(0.0, 1.0 - (train / validation) ** 2) if validation > 0 else 0.0


def start_at_zero(stage: nn.Module, channels: int, name: str) -> None:
    """Set the last layer of a network of so many output channels to zero, so that its output is 0.

    Raises
    ------
    InputError
        If it has no last linear layer; `name` is that of the model.
    """
    layer = last_linear(stage, channels)
    if layer is None:
        raise InputError.of("model", name, "it has no last linear layer, which starts at 0")
    for weight in stage.get_submodule(layer).parameters(recurse=False):
        nn.init.zeros_(weight)
