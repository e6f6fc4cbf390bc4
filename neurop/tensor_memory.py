"""Memory of the tensors that a call makes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


def peak_bytes(call: Callable[[], object], device: torch.device | None = None) -> int | None:
    """Return the most bytes that new tensors occupy at once while a call runs.

    None on the CPU while another profile is made, which this one would end.

    Parameters
    ----------
    call
        Function without arguments; tensors from before it do not count.
    device
        Device of the tensors, by default the CPU.

    Examples
    --------
    >>> peak_bytes(lambda: torch.zeros(250_000).sin())
    2000000
    """
    if device is not None and device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        call()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    if torch._C._autograd._profiler_enabled():
        call()
        return None
    # Of some builds the profiler writes two lines to stderr at every use.
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")
    from torch._C._profiler import _EventType
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
        call()
    results = record.profiler.kineto_results if record.profiler else None
    pending: list[Any] = list(results.experimental_event_tree()) if results else []
    events = []
    while pending:
        event = pending.pop()
        pending += event.children
        if event.tag == _EventType.Allocation:
            events.append((event.start_time_ns, event.extra_fields.ptr, event.extra_fields))
    sizes: dict[int, int] = {}
    current = peak = 0
    for _, address, fields in sorted(events, key=lambda each: each[0]):
        if fields.alloc_size > 0:
            sizes[address] = fields.alloc_size
            current += fields.alloc_size
        else:
            # Nothing for memory from before the call, whose release the profiler can report.
            current -= sizes.pop(address, 0)
        peak = max(peak, current)
    return peak


def saved_bytes(call: Callable[[], object], without: Iterable[Tensor] = ()) -> int:
    """Return the bytes of the tensors that a call keeps for its gradient.

    Memory that several of them share counts once. What is evaluated again in the backward pass
    (:func:`torch.utils.checkpoint.checkpoint`) is not kept.

    Parameters
    ----------
    call
        Function without arguments that returns what the gradient would be taken of.
    without
        Tensors that do not count, such as the parameters of a network.

    Examples
    --------
    >>> x = torch.zeros(1000, requires_grad=True)
    >>> saved_bytes(lambda: (x.exp() * 2).sin())  # the exponential, and the argument of the sine
    8000
    """
    sizes: dict[int, int] = {}
    known = {tensor.untyped_storage().data_ptr() for tensor in without}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(pack, lambda kept: kept):
        graph = call()  # held, since freed memory could have the address of another tensor
    del graph
    return sum(size for address, size in sizes.items() if address not in known)
