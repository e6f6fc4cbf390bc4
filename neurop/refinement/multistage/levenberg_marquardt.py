"""Minimisation of a stage by Adam, then the method of Levenberg and Marquardt."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from neurop.refinement.multistage.adam import adam
from neurop.refinement.multistage.rows import Rows


@dataclass(frozen=True)
class LevenbergMarquardt:
    r"""Full-batch Adam, then damped Gauss-Newton steps with the exact Jacobian.

    .. math::

        (J^T J + \lambda I) \, \delta = J^T \rho, \qquad \theta \leftarrow \theta - \delta

    The damping is divided by 5 after a step that lowers the loss and multiplied by 4 otherwise.
    Without Adam the steps end in a poor minimum when the target has many oscillations. A step
    costs 2 x rows x parameters² operations. The last layer is solved for once more at the end.

    Parameters
    ----------
    steps, lr
        Of Adam, and its learning rate.
    iterations
        Gauss-Newton steps, at most.
    patience, gain
        End when the last `patience` steps have lowered the root of the loss by less than the share
        `gain`.
    floor
        End when the root of the loss is below it: rows are normalised, so this is rounding.

    References
    ----------
    Marquardt: An algorithm for least-squares estimation of nonlinear parameters. Journal of the
    Society for Industrial and Applied Mathematics 11 (1963), 431-441.
    """

    steps: int = 2000
    iterations: int = 60
    patience: int = 15
    gain: float = 0.05
    floor: float = 1e-15
    lr: float = 2e-3

    def __call__(self, rows: Rows, theta: Tensor) -> Tensor:
        """Return the parameters of the least rows that were found."""
        theta, damping = adam(rows, theta, self.steps, self.lr), 1e-2
        found = rows(theta)
        losses = [float(found @ found)]
        for _ in range(self.iterations):
            jacobian = rows.jacobian(theta)
            normal, slope = jacobian.T @ jacobian, jacobian.T @ found
            for _ in range(20):
                damped = normal.clone()
                damped.diagonal().add_(damping)
                factor, failed = torch.linalg.cholesky_ex(damped)
                if not failed:
                    trial = theta - torch.cholesky_solve(slope[:, None], factor)[:, 0]
                    tried = rows(trial)
                    if float(tried @ tried) < losses[-1]:
                        break
                damping *= 4
            else:
                break
            theta, found, damping = trial, tried, max(damping / 5, 1e-18)
            losses.append(float(found @ found))
            before = losses[-1 - self.patience] if len(losses) > self.patience else float("inf")
            slow = losses[-1] > (1 - self.gain) ** 2 * before
            if slow or losses[-1] < self.floor**2:
                break
        return _solved_last_layer(rows, theta)


def _solved_last_layer(rows: Rows, theta: Tensor) -> Tensor:
    """Return parameters whose last layer is solved for by QR, if that lowers the rows.

    They are linear in it for a regression; the normal equations lose half of the digits.
    """
    found, last = rows(theta), sum(shape.numel() for shape in rows.shapes[-2:])
    step = torch.linalg.lstsq(rows.jacobian(theta)[:, -last:], found[:, None]).solution[:, 0]
    trial = torch.cat([theta[:-last], theta[-last:] - step])
    tried = rows(trial)
    return trial if float(tried @ tried) < float(found @ found) else theta
