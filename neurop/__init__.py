"""neurop: neural-operator surrogates for PDEs.

The public names, each imported when it is first used:

- ``datasets``: data sets, solved or read, such as ``datasets.NavierStokes(samples=100)``
- ``models``: neural operators, such as ``models.FNO.spec(modes=16)``
- ``fit``: trains a surrogate and returns it
- ``evaluate``: scores a surrogate on its test set and returns an ``xarray.Dataset``
- ``export``: writes a surrogate as a file that runs without neurop
- ``load``: reads a saved surrogate
- ``InputError``: the error that all of them raise for input that cannot be used
- ``Surrogate``, ``FieldSet``, ``Field``, ``Times``, ``Condition``, ``Grid``, ``Sphere``: their data
- ``constraints``, ``objectives``, ``problems``, ``transforms``: the parts of a training
- ``refinement``: further stages on top of a trained surrogate

Examples
--------
>>> import neurop
>>> neurop.models.FNO.spec(modes=16, width=24)
Spec(name='fno', arguments={'modes': 16, 'width': 24})
>>> neurop.Grid.periodic(2).names
('x', 'y')
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neurop import constraints, models, objectives, problems, refinement, transforms
    from neurop.errors import InputError
    from neurop.evaluation.evaluate import evaluate
    from neurop.exporting.export import export
    from neurop.fields.condition import Condition
    from neurop.fields.field import Field
    from neurop.fields.fieldset import FieldSet
    from neurop.fields.times import Times
    from neurop.geometry.grid import Grid
    from neurop.geometry.sphere import Sphere
    from neurop.loading import load
    from neurop.surrogate import Surrogate
    from neurop.training.fit import fit

__version__ = "0.1.0"

_PLACES = {
    "Condition": "neurop.fields.condition",
    "Field": "neurop.fields.field",
    "FieldSet": "neurop.fields.fieldset",
    "Times": "neurop.fields.times",
    "Grid": "neurop.geometry.grid",
    "InputError": "neurop.errors",
    "Sphere": "neurop.geometry.sphere",
    "Surrogate": "neurop.surrogate",
    "evaluate": "neurop.evaluation.evaluate",
    "export": "neurop.exporting.export",
    "fit": "neurop.training.fit",
    "load": "neurop.loading",
}
_ROOMS = (
    "constraints",
    "datasets",
    "models",
    "objectives",
    "problems",
    "refinement",
    "transforms",
)

__all__ = [
    "Condition",
    "Field",
    "FieldSet",
    "Grid",
    "InputError",
    "Sphere",
    "Surrogate",
    "Times",
    "__version__",
    "constraints",
    "datasets",
    "evaluate",
    "export",
    "fit",
    "load",
    "models",
    "objectives",
    "problems",
    "refinement",
    "transforms",
]


def __getattr__(name: str) -> Any:
    # Imported at first use: `neurop --help` and `import neurop` need no torch.
    if name in _ROOMS:
        return importlib.import_module(f"neurop.{name}")
    if name in _PLACES:
        return getattr(importlib.import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'neurop' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
