"""A mixture of which one expert at a time is in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors import safe_open
from torch import Tensor, nn

from neurop.errors import InputError
from neurop.model_folder import WEIGHTS
from neurop.models.mono import MoNO
from neurop.surrogate import Surrogate


def keep_one_expert(surrogate: Surrogate, folder: str | Path) -> None:
    """Release the experts of a saved mixture; each is read from its folder for each call.

    A call reads the experts of its inputs one after the other, and keeps none of them, so that
    predictions need the memory of one. Such a surrogate predicts; it can be neither trained nor
    saved. Loading it has read all experts once.

    Parameters
    ----------
    surrogate
        Mixture (:class:`neurop.models.MoNO`); it is changed.
    folder
        Folder ``model/`` that it was saved to or loaded from.

    Raises
    ------
    InputError
        If the surrogate is no mixture, or the folder has no weights.

    Examples
    --------
    >>> import tempfile, torch, neurop
    >>> from neurop import Field, FieldSet, Grid
    >>> data = FieldSet(torch.randn(9, 2, 1, 16).numpy(), (Field("u"),), Grid.periodic(1))
    >>> folder = tempfile.mkdtemp()
    >>> small = neurop.models.FNO.spec(modes=4, width=4, depth=1)
    >>> Surrogate.of(data, neurop.models.MoNO.spec(expert=small)).save(folder)
    >>> surrogate = neurop.load(folder)
    >>> keep_one_expert(surrogate, folder)
    >>> {weight.device.type for weight in surrogate.net.experts.parameters()}
    {'meta'}
    >>> surrogate(torch.zeros(1, 1, 16)).shape
    torch.Size([1, 1, 16])
    """
    net, file = surrogate.net, Path(folder) / WEIGHTS
    if not isinstance(net, MoNO):
        raise InputError.of("surrogate", surrogate.name, "is no mixture; give one of model=mono")
    if not file.is_file():
        raise InputError.in_file(file.parent, f"no {WEIGHTS} in this folder")
    for number, expert in enumerate(net.experts):
        prefix = f"net.experts.{number}."

        def read(expert: nn.Module, args: tuple[Tensor, ...], prefix: str = prefix) -> None:
            names, device = list(expert.state_dict()), args[0].device
            with safe_open(file, "pt") as there:
                state = {name: there.get_tensor(prefix + name).to(device) for name in names}
            expert.load_state_dict(state, assign=True)

        _release(expert)
        expert.register_forward_pre_hook(read)
        expert.register_forward_hook(_release)


def _release(expert: nn.Module, *_: Any) -> None:
    state = {name: value.to("meta") for name, value in expert.state_dict().items()}
    expert.load_state_dict(state, assign=True)
