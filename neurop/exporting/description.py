"""What a user of an exported file needs to know: names, units and shapes, as plain values."""

from __future__ import annotations

from typing import Any

from neurop.exporting.program import axis_names
from neurop.surrogate import Surrogate


def describe(
    surrogate: Surrogate, shape: tuple[int, ...], least: tuple[int, ...] | None
) -> dict[str, Any]:
    """Return inputs, outputs and grid of an exported file.

    Parameters
    ----------
    surrogate
        Surrogate.
    shape
        Grid of the file if it is fixed.
    least
        Least points per axis of an open grid; None if it is fixed.
    """
    card = surrogate.card
    dtype = str(surrogate.output_norm.std.dtype).removeprefix("torch.")
    sizes: list[Any] = list(shape) if least is None else list(axis_names(surrogate))
    frames = range(card.history - 1, -1, -1)
    fields = [
        {"name": f.name, "unit": f.unit, "frame": -back} for back in frames for f in card.inputs
    ]
    given = [
        {
            "name": name,
            "unit": known.unit,
            "role": known.role,
            "low": known.low,
            "high": known.high,
            "computed": known.computed.to_dict() if known.computed else None,
        }
        for known in card.conditions
        for name in known.channels
    ]
    outputs = [{"name": f.name, "unit": f.unit, "frame": int(card.is_state)} for f in card.outputs]

    def port(name: str, channels: list[dict[str, Any]]) -> dict[str, Any]:
        whole = ["batch", len(channels), *sizes]
        return {"name": name, "type": dtype, "shape": whole, "channels": channels}

    axes = [
        {
            "name": axis.name,
            "unit": axis.unit,
            "start": axis.start,
            "length": axis.length,
            "layout": axis.layout,
            "boundary": axis.boundary,
            "points": n if least is None else None,
            "least_points": None if least is None else least[i],
        }
        for i, (axis, n) in enumerate(zip(card.grid.axes, shape, strict=True))
    ]
    return {
        "model": surrogate.name,
        "inputs": [port("x", fields), *([port("given", given)] if given else [])],
        "outputs": [port("y", outputs)],
        "axes": axes,
        "step": card.sampling.step,
        "step_unit": card.sampling.unit,
        "dynamic": {"batch": True, "grid": least is not None},
    }
