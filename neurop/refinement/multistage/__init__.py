"""Multi-stage neural networks: functions and solutions of equations in stages, in float64."""

from neurop.refinement.multistage.equation import solve
from neurop.refinement.multistage.growing import Stages
from neurop.refinement.multistage.lbfgs import LBFGS
from neurop.refinement.multistage.levenberg_marquardt import LevenbergMarquardt
from neurop.refinement.multistage.network import MultistageNetwork, load
from neurop.refinement.multistage.regression import regress

__all__ = [
    "LBFGS",
    "LevenbergMarquardt",
    "MultistageNetwork",
    "Stages",
    "load",
    "regress",
    "solve",
]
