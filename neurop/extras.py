"""Advice on how to install optional packages."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, requires

from packaging.requirements import Requirement

OPTIONAL = (
    "neuraloperator",
    "tensorboard",
    "torch-harmonics",
    "zarr",
    "wandb",
    "mlflow",
    "onnx",
    "onnxscript",
    "onnxruntime",
    "huggingface-hub",
)
"""Optional packages; each is in an extra of neurop."""
DISTRIBUTIONS = {"mlflow": "mlflow-skinny"}
"""Distributions of modules that have another name."""
PLUGINS = {
    "joblib": "hydra-joblib-launcher",
    "optuna": "hydra-optuna-sweeper",
    "ray": "hydra-ray-launcher",
    "submitit_local": "hydra-submitit-launcher",
    "submitit_slurm": "hydra-submitit-launcher",
}
"""Launchers and sweepers of Hydra, and their packages."""


def advice(package: str) -> str:
    """Return the command that installs a package in a version that neurop works with.

    The version comes from the metadata of neurop, so that message and metadata agree; a package
    that they do not name is installed in its newest version.

    Parameters
    ----------
    package
        Name of a distribution or of a module.

    Examples
    --------
    >>> advice("nothing_known")
    'pip install nothing-known'
    """
    name = package.split(".")[0].replace("_", "-")
    name = DISTRIBUTIONS.get(name, name)
    try:
        needed = [Requirement(line) for line in requires("neurop") or ()]
    except PackageNotFoundError:  # used from a folder without being installed
        needed = []
    versions = next(
        (str(need.specifier) for need in needed if need.name.replace("_", "-") == name), ""
    )
    quote = "'" * any(sign in versions for sign in "<>!,")
    return f"pip install {quote}{name}{versions}{quote}"


def optional(text: str) -> str | None:
    """Return the first optional package that a text names; None if it names none."""
    plain = text.replace("_", "-")
    return next((package for package in OPTIONAL if package in plain), None)
