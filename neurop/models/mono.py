"""Mixture of neural operators (Kratsios et al., 2024, arXiv:2404.09101)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.layers.routing.nearest_centre import NearestCentre
from neurop.models import create
from neurop.models.operator import GridOperator
from neurop.registry import Spec

_EXPERT = Spec("fno")


class MoNO(GridOperator):
    r"""Mixture of neural operators: each input goes to exactly one expert.

    .. math:: u = G_{e(a)}(a), \qquad e(a) = \operatorname{argmin}_e \|P a - c_e\|_{L^2}

    with the experts :math:`G_e`, networks of one kind and of own weights, and the centres
    :math:`c_e` of :class:`neurop.layers.routing.nearest_centre.NearestCentre`, fitted to the
    training inputs before the training (:meth:`fit_inputs`). An evaluation computes with the
    weights of one expert, a fraction of those that are stored. In a training the gradients of a
    sample touch its own expert alone, so that each has its share of the samples. The batch is
    grouped by expert; an exported or compiled graph, which cannot branch on values, evaluates all
    experts and selects.

    The output is discontinuous between two cells. If the inputs have no regimes, each expert merely
    has fewer samples. Of several GPUs some may have no sample for an expert: train with
    ``trainer.strategy=ddp_find_unused_parameters_true``.

    Parameters
    ----------
    in_channels, out_channels
        Number of input and output channels: fields times frames.
    domain
        Grid of the fields; a periodic interval by default.
    expert
        Model of each expert: name and arguments.
    experts
        Number of experts.
    features
        Number m of frequencies \|k\| < m per axis by which inputs are compared; no more than the
        modes of an expert are used.
    numbers
        Indices of the input channels that are numbers, for the experts.

    Shape
    -----
    ``(batch, in_channels, *grid) -> (batch, out_channels, *grid)``.

    Raises
    ------
    InputError
        If `experts` or `features` is below 1; and as the experts.

    Examples
    --------
    >>> small = Spec("fno", {"modes": 4, "width": 8, "depth": 1})
    >>> model = MoNO(1, 1, Grid.periodic(2), expert=small, experts=3)
    >>> model.fit_inputs([torch.randn(20, 1, 16, 16)])
    >>> model(torch.zeros(2, 1, 16, 20)).shape, int(model.router.counts.sum())
    (torch.Size([2, 1, 16, 20]), 20)
    """

    citation = (
        "Kratsios et al., Mixture of Experts Softens the Curse of Dimensionality in Operator "
        "Learning, 2024, arXiv:2404.09101"
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        domain: Grid | None = None,
        expert: Spec = _EXPERT,
        experts: int = 4,
        features: int = 8,
        numbers: Sequence[int] = (),
    ) -> None:
        super().__init__()
        for name, number in (("experts", experts), ("features", features)):
            if number < 1:
                raise InputError.of(name, number, "use 1 or more")
        domain = domain or Grid.periodic(1)
        sizes = (in_channels, out_channels, domain, numbers)
        self.experts = nn.ModuleList(create(expert, *sizes) for _ in range(experts))
        first = self.expert(0)
        self.modes, self.one_grid = first.modes, first.one_grid
        self.resolution_invariant = first.resolution_invariant
        self.one_last_layer = first.one_last_layer and experts == 1
        compared = min(features, *(self.modes or (features,)))
        self.router = NearestCentre(in_channels, experts, compared, domain)

    def expert(self, number: int) -> GridOperator:
        """Return an expert."""
        expert = self.experts[number]
        assert isinstance(expert, GridOperator)
        return expert

    @property
    def active_parameters(self) -> int:
        """Number of parameters that an evaluation of one sample uses."""
        return sum(weight.numel() for weight in self.expert(0).parameters())

    def fit_inputs(self, inputs: Iterable[Tensor]) -> None:
        """Fit the partition to typical inputs, batches ``(batch, in_channels, *grid)``."""
        self.router.fit(inputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return the output fields on the input's grid."""
        if x.is_meta:  # without values all experts need the same memory
            return self.expert(0)(x)
        cells = self.router(x)
        if torch.compiler.is_compiling():
            every = torch.stack([expert(x) for expert in self.experts])
            return every[cells, torch.arange(x.shape[0], device=x.device)]
        groups = [(cells == e).nonzero()[:, 0] for e in range(len(self.experts))]
        parts = [self.expert(e)(x[own]) for e, own in enumerate(groups) if len(own)]
        return torch.cat(parts or [self.expert(0)(x)])[torch.cat(groups).argsort()]

    def resolved(self, shape: Sequence[int]) -> tuple[int, ...] | None:
        """Return the number of an expert's modes that a grid resolves, per axis."""
        return self.expert(0).resolved(shape)

    def nyquist(self, shape: Sequence[int]) -> tuple[int, ...] | None:
        """Return the number of modes below the Nyquist frequency of a grid, per axis."""
        return self.expert(0).nyquist(shape)

    def truncated(self, y: Tensor) -> Tensor | None:
        """Return the possible output that is nearest to fields ``(batch, out_channels, *grid)``."""
        return self.expert(0).truncated(y)
