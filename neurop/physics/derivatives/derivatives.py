"""The interface of derivatives, by which an equation is written once."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor


class Derivatives(ABC):
    r"""Partial derivatives of functions that are known at points.

    An equation is written with an object d of this class: ``d(u, "x", "x")`` is :math:`u_{xx}`,
    ``d(u)`` is u itself. Every term of a residual goes through d, products of unknowns through
    :meth:`product` and :math:`\partial_x(a\,\partial_x u)` through :meth:`diffusion`, so that the
    same residual is spectral, of finite differences, by automatic differentiation or in weak form.
    """

    @property
    def inside(self) -> Derivatives:
        """The derivatives within a product; those of the object itself, except in weak form."""
        return self

    @abstractmethod
    def __call__(self, u: Tensor, *axes: str) -> Tensor:
        """Return the derivative of `u` along each of the axes in turn.

        Raises
        ------
        InputError
            If there is no such axis.
        """

    def product(self, *factors: Tensor) -> Tensor:
        """Return the product of functions, free of aliases where the derivatives are spectral."""
        result = factors[0]
        for factor in factors[1:]:
            result = result * factor
        return result

    def diffusion(self, a: Tensor, u: Tensor, *axes: str) -> Tensor:
        r"""Return :math:`\sum_i \partial_i (a\, \partial_i u)` over the axes."""
        inner = self.inside
        terms = [self(inner.product(a, inner(u, axis)), axis) for axis in axes]
        return sum(terms[1:], terms[0])
