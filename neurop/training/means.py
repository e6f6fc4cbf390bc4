"""Means of scores over the examples of all processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor


class Means:
    """Means over examples, each of which counts once, on however many processes.

    Lightning's own mean rounds the number of examples per process to an integer.

    Examples
    --------
    >>> means = Means()
    >>> means.add({"error": torch.tensor(1.0)}, 3)
    >>> means.add({"error": torch.tensor(5.0)}, 1)
    >>> means.reduced(lambda sums: sums)
    {'error': tensor(2.)}
    """

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._count = 0

    def add(self, values: Mapping[str, Tensor], count: int) -> None:
        """Add the means of a batch of `count` examples."""
        for name, value in values.items():
            wide = value.detach().to(torch.promote_types(value.dtype, torch.float32))
            self._sums[name] = self._sums.get(name, 0.0) + wide * count
        self._count += count

    def reduced(self, total: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
        """Return the means, and start again from none.

        Parameters
        ----------
        total
            Function that sums a tensor over the processes.
        """
        sums, count = self._sums, self._count
        self._sums, self._count = {}, 0
        if not sums:
            return {}
        values = torch.stack(list(sums.values()))
        summed = total(torch.cat([values, values.new_tensor([count])]))
        return dict(zip(sums, summed[:-1] / summed[-1], strict=True))
