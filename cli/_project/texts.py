"""The text files of a project."""

from __future__ import annotations

import json

from .own_data import OwnData

# Settings for a first run of minutes on a few cores, by the number of axes.
_FNO = {1: (32, 32), 2: (16, 24), 3: (8, 16)}

IGNORE = """\
/data/
/runs/
.ipynb_checkpoints/
__pycache__/
"""


def model_of(data: OwnData) -> tuple[str, dict[str, int]]:
    """Return a model that fits the grid, and its arguments for a first run.

    The modes are at most those below the Nyquist frequency.
    """
    modes, width = _FNO.get(data.axes, (8, 12))
    resolved = max(1, data.points // 2)
    return ("sfno" if data.sphere else "fno"), {"modes": min(modes, resolved), "width": width}


def experiment(data: OwnData) -> str:
    """Return ``conf/experiment/first.yaml``."""
    model, given = model_of(data)
    return f"""\
# @package _global_
# A first run; neurop train --config-dir conf --help shows every setting
defaults:
  - override /data: {data.name}
  - override /model: {model}

model:
  modes: {given["modes"]}         # [modes] per axis
  width: {given["width"]}         # [channels] of the blocks
trainer:
  max_epochs: 20    # [epochs]
"""


def makefile(data: OwnData) -> str:
    """Return the Makefile."""
    rollout = (
        "\nrollout:  ## error growth over many steps of the newest run, with an animation\n"
        "\t$(NEUROP) rollout ckpt=latest $(ARGS)\n"
    )
    names = "help train eval publish notebook clean" + " rollout" * data.evolves
    return f"""\
.DEFAULT_GOAL := help
NEUROP ?= neurop
JUPYTER ?= jupyter
# Further settings, for example: make train ARGS='model.width=64 optimizer.lr=1e-3'
ARGS ?=

.PHONY: {names}

help:  ## show this list
\t@awk -F ':.*## ' '/^[a-z-]+:.*## /{{printf "  make %-9s %s\\n", $$1, $$2}}' $(MAKEFILE_LIST)

train:  ## train with the settings of conf/experiment/first.yaml
\t$(NEUROP) train --config-dir conf experiment=first $(ARGS)

eval:  ## score the newest run on its test data
\t$(NEUROP) eval ckpt=latest $(ARGS)
{rollout * data.evolves}
publish:  ## write the newest run as a folder for others
\t$(NEUROP) publish ckpt=latest $(ARGS)

notebook:  ## run the notebook
\t$(JUPYTER) nbconvert --to notebook --execute --inplace notebook.ipynb

clean:  ## remove the runs
\trm -rf runs
"""


def readme(title: str, data: OwnData) -> str:
    """Return the README."""
    steps = "make rollout  # error growth over many steps\n" * data.evolves
    missing = (
        f"\nThe file does not tell {', '.join(data.open)}: replace `???` in "
        f"`conf/data/{data.name}.yaml` first.\n"
        if data.open
        else ""
    )
    return f"""\
# {title}

A surrogate of `{data.name}`, trained with neurop.
{missing}
```sh
make train    # conf/experiment/first.yaml
make eval     # scores and figures of the newest run
{steps}make publish  # a folder for others
```

| file | content |
|---|---|
| `conf/data/{data.name}.yaml` | the data: file, fields, axes, boundary, held-out share |
| `conf/experiment/first.yaml` | the settings of the first run |
| `notebook.ipynb` | the same in Python |
| `runs/` | one folder per run; not in git |

Add a setting with `make train ARGS='model.width=64'`, a choice of your own as
`conf/<group>/<name>.yaml` (`neurop list` shows the groups).
"""


def notebook(title: str, data: OwnData) -> str:
    """Return the notebook: data, training, scores and a figure, in Python."""
    model, given = model_of(data)
    kind = "SFNO" if model == "sfno" else "FNO"
    arguments = ", ".join(f"{key}={value}" for key, value in given.items())
    cells = [
        (
            "markdown",
            f"# {title}\n\nThe data of `conf/data/{data.name}.yaml`: read, trained on, and scored.",
        ),
        (
            "code",
            "%matplotlib inline\nfrom pathlib import Path\n\nimport yaml\n\nimport neurop\n\n"
            f'settings = yaml.safe_load(Path("conf/data/{data.name}.yaml").read_text())\n'
            'settings.pop("defaults", None)\n'
            'kind = settings.pop("_target_").rpartition(".")[2]\n'
            "data = getattr(neurop.datasets, kind)(**settings)\n"
            "data.test().to_xarray()",
        ),
        (
            "markdown",
            "Two epochs, to see that all fits; `make train` trains longer and keeps the run.",
        ),
        (
            "code",
            f"model = neurop.models.{kind}.spec({arguments})\n"
            "surrogate = neurop.fit(model, data, epochs=2)",
        ),
        ("markdown", "Relative L2 error on data that the training has not seen."),
        ("code", "scores = neurop.evaluate(surrogate, data)\nscores.relative_l2.item()"),
        (
            "code",
            "from neurop.plots import fields\n\n"
            "shown = scores.isel(field=0)\n"
            "rows = range(shown.sizes['example'])\n"
            "truth, prediction = (\n"
            "    [shown[name].isel(example=i) for i in rows] for name in ('truth', 'prediction')\n"
            ")\n"
            "fields(truth, prediction, [str(name) for name in shown.example_name.values])",
        ),
    ]
    made = [_cell(kind, number, text) for number, (kind, text) in enumerate(cells)]
    about = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    whole = {"cells": made, "metadata": about, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _cell(kind: str, number: int, text: str) -> dict[str, object]:
    cell: dict[str, object] = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}}
    code: dict[str, object] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {**cell, **code, "source": text.splitlines(keepends=True)}
