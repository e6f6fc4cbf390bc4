"""Exponentially averaged weights."""

from __future__ import annotations

from lightning.pytorch.callbacks import EMAWeightAveraging

from neurop.errors import InputError


class ExponentialAverage(EMAWeightAveraging):
    r"""Average the weights, :math:`\bar w \leftarrow d\,\bar w + (1-d)\,w`, after each step.

    Validation, checkpoints and the final surrogate use the averaged weights.

    Parameters
    ----------
    decay
        Decay d, between 0 and 1.

    Raises
    ------
    InputError
        If the decay is not between 0 and 1.

    Examples
    --------
    >>> callback = ExponentialAverage(decay=0.99)  # neurop.fit(..., callbacks=[callback])
    """

    def __init__(self, decay: float = 0.999) -> None:
        if not 0 < decay < 1:
            raise InputError.of("decay", decay, "give a number between 0 and 1, for example 0.999")
        super().__init__(decay=decay)
