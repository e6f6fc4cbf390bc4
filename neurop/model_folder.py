"""The folder of a saved surrogate: weights as safetensors, the card as JSON, no pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from neurop import __version__
from neurop.card import FORMAT, Card
from neurop.errors import InputError
from neurop.fields.normalizer import Normalizer
from neurop.files import replacing
from neurop.memory import check_fits

Shape = tuple[int, ...] | None

WEIGHTS, CARD = "model.safetensors", "model.json"
SOFTWARE = f"neurop {__version__}, neural-operator surrogates for PDEs (CITATION.cff)"


def write_folder(folder: Path, state: dict[str, Tensor], card: dict[str, Any]) -> None:
    """Write weights, then card, each atomically; an interrupted write leaves no new card."""
    # Copies: safetensors refuses tensors that share memory, as one normaliser for input and output
    # does.
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in state.items()}
    versions = {"neurop": __version__, "torch": torch.__version__}
    record = {"format": FORMAT, **card, "versions": versions, "software": SOFTWARE}
    text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with replacing(folder / WEIGHTS) as part:
        save_file(tensors, part)
    with replacing(folder / CARD) as part:
        part.write_text(text, encoding="utf-8")


def read_folder(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return weights and card of a folder.

    Raises
    ------
    InputError
        If one is missing, damaged, or of a later format.
    """
    for name in (CARD, WEIGHTS):
        if not (folder / name).is_file():
            raise InputError.in_file(
                folder, f"no {name} in this folder; give a run folder or its model/ folder"
            )
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError.in_file(
            folder / CARD, f"not JSON ({error}); copy the folder again"
        ) from error
    if not isinstance(card, dict) or type(card.get("format")) is not int:
        raise InputError.in_file(
            folder / CARD, "no surrogate's card; give a run folder or its model/ folder"
        )
    if card["format"] > FORMAT:
        raise InputError.in_file(
            folder / CARD,
            f"format {card['format']}, this neurop reads up to {FORMAT}; upgrade neurop",
        )
    with (folder / WEIGHTS).open("rb") as file:  # says it if the file may not be read
        size = file.seek(0, 2)
    check_fits("it", size, "use a machine with more memory", folder / WEIGHTS)
    try:
        return load_file(folder / WEIGHTS), card
    except (SafetensorError, OSError) as error:
        raise InputError.in_file(
            folder / WEIGHTS, f"damaged ({error}); copy the folder again"
        ) from error


def read_parts(
    folder: Path,
) -> tuple[Card, list[Normalizer], dict[str, Tensor], dict[str, Any]]:
    """Return card, normalisers, all weights, and the card as plain values.

    Raises
    ------
    InputError
        As :func:`read_folder`, and if the card is not that of a surrogate.
    """
    state, plain = read_folder(folder)
    check_weights(folder, {}, {key: value for key, value in state.items() if "_norm." in key})
    try:
        card = Card.from_dict(plain)
        norms = [
            Normalizer(state[f"{name}.mean"], state[f"{name}.std"], card.grid)
            for name in ("input_norm", "output_norm", *(["given_norm"] if card.conditions else []))
        ]
    except KeyError as error:
        raise InputError.in_file(
            folder, f"model.json or model.safetensors lacks {error}; copy the folder again"
        ) from error
    except (TypeError, AttributeError) as error:
        raise InputError.in_file(
            folder, f"model.json is no card of a surrogate ({error}); copy the folder again"
        ) from error
    return card, norms, state, plain


def mismatch(
    expected: Mapping[str, Tensor], found: Mapping[str, Tensor]
) -> tuple[str, Shape, Shape] | None:
    """Return the first name whose two tensors differ in shape, and both shapes; None if none does.

    The shape of a missing tensor is None.
    """
    for name in sorted(expected.keys() | found.keys()):
        mine, theirs = (
            tuple(state[name].shape) if name in state else None for state in (expected, found)
        )
        if mine != theirs:
            return name, mine, theirs
    return None


def check_shapes(folder: Path, expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> None:
    """Raise InputError unless the tensors of a file are those of the model of its card."""
    if different := mismatch(expected, found):
        key, mine, theirs = different
        raise InputError.in_file(
            folder,
            f"{key} has shape {theirs} in model.safetensors, {mine} by model.json; they are of two "
            "models",
        )


def check_weights(
    folder: Path, expected: Mapping[str, Tensor], found: Mapping[str, Tensor]
) -> None:
    """Raise InputError unless tensors of a file are numbers of the expected kind, and finite."""
    for name, tensor in found.items():
        kind = expected.get(name, torch.zeros(()))
        if kind.is_floating_point() != tensor.is_floating_point():
            problem = f"is of type {str(tensor.dtype).removeprefix('torch.')}"
        elif not tensor.isfinite().all():
            problem = "is not finite"
        elif name.endswith("_norm.std") and not (tensor > 0).all():
            problem = "is not above 0"
        else:
            continue
        raise InputError(
            f"{folder / WEIGHTS}: {name} {problem}; copy the folder again, or train anew", name
        )


def precision(state: Mapping[str, Tensor]) -> torch.dtype:
    """Return the precision of the weights of a network."""
    weights = (v.dtype for k, v in state.items() if k.startswith("net.") and v.is_floating_point())
    return next(weights, torch.float32)


def restore(folder: Path, module: nn.Module, state: dict[str, Tensor]) -> None:
    """Load the weights of a folder into a module, which gets their precision.

    Raises
    ------
    InputError
        If they are those of another model.
    """
    module.to(precision(state))
    for check in (check_shapes, check_weights):
        check(folder, module.state_dict(), state)
    module.load_state_dict(state)
