"""Constant tensors: functions of a few hashable arguments, computed once and cached."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any

import torch
from torch import Tensor


def constant_tensor(maxsize: int) -> Callable[[Callable[..., Any]], Callable[..., Tensor]]:
    """Turn a function that computes an array in float64 into one that returns a cached tensor.

    The tensor can be used in training even if it was first computed under
    ``torch.inference_mode``. A graph of ``torch.compile`` or ``torch.export`` cannot read a cache:
    it computes the array itself.

    Parameters
    ----------
    maxsize
        Largest number of cached tensors; the least recently used is dropped first.

    Returns
    -------
    Callable
        Decorator of a function of hashable positional arguments. The decorated function takes the
        same arguments and, after them, the dtype and the device of the tensor.

    Examples
    --------
    >>> import numpy as np
    >>> @constant_tensor(maxsize=8)
    ... def roots(n):
    ...     return np.sqrt(np.arange(n))
    >>> roots(3, torch.float32, torch.device("cpu"))
    tensor([0.0000, 1.0000, 1.4142])
    """

    def decorate(values: Callable[..., Any]) -> Callable[..., Tensor]:
        @lru_cache(maxsize=maxsize)
        def cached(*arguments: Any) -> Tensor:
            *key, dtype, device = arguments
            with torch.inference_mode(False), torch.no_grad():
                # On the CPU first: the default device may differ, and `device` may lack float64.
                array = torch.as_tensor(values(*key), device="cpu")
                return array.to(device=device, dtype=dtype).contiguous()

        @wraps(values)
        def tensor(*arguments: Any) -> Tensor:
            if not torch.compiler.is_compiling():
                return cached(*arguments)
            *key, dtype, device = arguments
            return torch.as_tensor(values(*key)).to(device=device, dtype=dtype)

        return tensor

    return decorate
