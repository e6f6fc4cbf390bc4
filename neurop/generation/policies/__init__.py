"""Policies of the buffer between solvers and training."""

from __future__ import annotations

from typing import Any

from neurop.generation.policies.fifo import Fifo
from neurop.generation.policies.firo import Firo
from neurop.generation.policies.policy import Policy
from neurop.generation.policies.reservoir import Reservoir

POLICIES: dict[str, type[Policy[Any]]] = {"fifo": Fifo, "firo": Firo, "reservoir": Reservoir}
"""Name to class."""
