"""Examples of predictions and truths, for a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurop.evaluation.batches import given_at, to_model_dtype
from neurop.fields.fieldset import FieldSet
from neurop.fields.mask import blank

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate

EXAMPLES = 3


def examples(surrogate: Surrogate, test: FieldSet) -> dict[str, Any]:
    """Return one-step predictions of up to three samples, or of frames if there are fewer samples.

    The result maps names to variables of an ``xarray.Dataset``: ``truth``, ``prediction``,
    ``example_name``, and ``input`` of a map.
    """
    past = surrogate.card.history
    windows = 1 if test.has_targets else test.values.shape[1] - past
    total = len(test) * windows
    spread = len(test) if len(test) >= EXAMPLES else total
    chosen = [divmod(i * (windows if spread == len(test) else 1), windows) for i in _spread(spread)]
    # A shorter trajectory shows its last window.
    chosen = [(s, max(min(w, test.length(s) - past - 1), 0)) for s, w in chosen]
    x = np.stack([test.values[s, w : w + past] for s, w in chosen])
    y = np.stack(
        [
            test.values[s, w + past] if test.targets is None else test.targets[s, 0]
            for s, w in chosen
        ]
    )
    given = given_at(surrogate, test, [(s, w + past - 1) for s, w in chosen])
    frames = to_model_dtype(surrogate, x.reshape(len(x), -1, *test.shape))
    p = surrogate(frames, given=None if given is None else given[:, 0]).float().cpu().numpy()
    if test.inside is not None:
        inside = test.inside if len(test.inside) == 1 else test.inside[[s for s, _ in chosen]]
        x, y, p = (blank(values, inside) for values in (x, y, p))
    dims = ("example", "field", *test.grid.names)
    names = [
        f"sample {s}" if test.has_targets else f"sample {s}, frame {w + past}" for s, w in chosen
    ]
    made: dict[str, Any] = {
        "truth": (dims, y.astype(np.float32), {"long_name": "truth"}),
        "prediction": (dims, p, {"long_name": "prediction"}),
        "example_name": (("example",), names),
    }
    if test.has_targets:
        made["input"] = (
            ("example", "input_field", *test.grid.names),
            x[:, 0].astype(np.float32),
            {"long_name": "input"},
        )
        made["input_name"] = (("input_field",), [f.name for f in test.fields])
    return made


def _spread(total: int) -> list[int]:
    return sorted({int(i) for i in np.linspace(0, total - 1, min(EXAMPLES, total))})
