"""The file of the bands in the folder of a surrogate: arrays and JSON, no pickle."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from neurop.card import Card
from neurop.errors import InputError
from neurop.files import replacing
from neurop.inference.conformal import REGISTRY
from neurop.inference.conformal.calibration import Calibration
from neurop.plain_values import check_values
from neurop.registry import Spec

FILE = "bands.safetensors"
FORMAT = 1


def digest(state: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of weights, the same in any precision that holds them exactly."""
    found = hashlib.sha256()
    for name, value in sorted(state.items()):
        found.update(f"{name} {tuple(value.shape)} ".encode())
        found.update(value.detach().cpu().double().contiguous().numpy().tobytes())
    return found.hexdigest()


def write_bands(folder: Path, bands: Calibration | None, state: Mapping[str, Tensor]) -> None:
    """Write the bands of a surrogate with these weights into its folder, atomically.

    None removes the bands of a surrogate that was in this folder before.
    """
    if bands is None:
        (folder / FILE).unlink(missing_ok=True)
        return
    record = {
        "format": FORMAT,
        "guarantee": REGISTRY.spec_of(bands.guarantee).to_dict(),
        "weights": digest(state),
        "about": bands.about,
    }
    arrays = {
        "scores": torch.from_numpy(bands.scores).contiguous(),
        "modulation": torch.from_numpy(bands.modulation).contiguous(),
    }
    text = json.dumps(record, ensure_ascii=False, allow_nan=False)
    with replacing(folder / FILE) as part:
        save_file(arrays, part, metadata={"bands": text})


def read_bands(folder: Path, card: Card, state: Mapping[str, Tensor]) -> Calibration | None:
    """Return the bands of a surrogate; None if its folder has none.

    Raises
    ------
    InputError
        If the file is damaged, of a later format, or of a surrogate with other fields.

    Warns
    -----
    UserWarning
        If the bands are those of other weights; they are not used.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        with safe_open(path, "pt") as file:
            record = json.loads((file.metadata() or {})["bands"])
            if record["format"] > FORMAT:
                raise InputError.in_file(
                    path, f"format {record['format']}, this neurop reads {FORMAT}; upgrade neurop"
                )
            scores, modulation = (
                file.get_tensor(name).double().numpy() for name in ("scores", "modulation")
            )
        spec, about, weights = Spec.of(record["guarantee"]), record["about"], record["weights"]
        check_values(REGISTRY.get(spec.name), spec.arguments, "guarantee")
        made = Calibration(REGISTRY.create(spec), scores, modulation, card.grid, dict(about))
        made.factor(made.level)
    except InputError as error:
        raise (
            error
            if error.key == "path"
            else InputError.in_file(path, f"{error}; calibrate again: neurop calibrate")
        ) from error
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError.in_file(
            path, f"damaged ({error}); copy the folder again, or calibrate again"
        ) from error
    if scores.shape[2] != len(card.outputs):
        remedy = f"bands of {scores.shape[2]} fields, not {len(card.outputs)}; calibrate again"
        raise InputError.in_file(path, remedy)
    if weights != digest(state):
        warnings.warn(
            f"{path}: bands of other weights, not used; calibrate again: neurop calibrate",
            stacklevel=2,
        )
        return None
    return made
