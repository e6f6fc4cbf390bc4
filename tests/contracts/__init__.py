"""What every model must hold: a test inherits a contract, names the model and gives its cases."""

from contracts.case import Case as Case
from contracts.grid_operator import GridOperatorContract as GridOperatorContract
from contracts.grid_operator import LocalOperatorContract as LocalOperatorContract
from contracts.operator import OperatorContract as OperatorContract
