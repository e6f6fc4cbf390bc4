"""The specification of a model from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf

from neurop import models
from neurop.registry import Spec

from .build import locate


def model_spec(node: DictConfig | Mapping[str, Any]) -> Spec:
    """Return registered name and arguments of the model of a node, those of its parts included.

    Raises
    ------
    InputError
        If a target is not trusted, or no registered model.

    Examples
    --------
    >>> inner = {"_target_": "neurop.models.FNO", "modes": 8}
    >>> print(model_spec({"_target_": "neurop.models.Patched", "network": inner, "levels": 1}))
    patched(network=fno(modes=8), levels=1)
    """
    plain: Any = OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
    name = models.REGISTRY.name_of(locate(str(plain["_target_"]), "model"))
    return Spec(
        name,
        {
            str(key): model_spec(value)
            if isinstance(value, Mapping) and "_target_" in value
            else value
            for key, value in plain.items()
            if key != "_target_"
        },
    )
