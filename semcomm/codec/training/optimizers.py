"""Optimizers: Adam, and Muon for kernels where the schedule has a learning rate for them."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from semcomm.codec.training.muon import Muon
from semcomm.codec.training.schedule import Schedule


class Optimizers:
    """The optimizers of all of a model's parameters, at the learning rates of the schedule.

    own_rates: learning rates of parameters that have others, by name.
    """

    def __init__(
        self, model: nn.Module, schedule: Schedule, own_rates: Mapping[str, float] | None = None
    ) -> None:
        parameters = dict(model.named_parameters())
        own = [_adam([parameters.pop(name)], of) for name, of in (own_rates or {}).items()]
        rate = schedule.kernel_learning_rate
        kernels = [name for name, parameter in parameters.items() if rate and parameter.ndim == 4]
        muon = [Muon([parameters.pop(name) for name in kernels], rate)] if rate else []
        others = list(parameters.values())
        self._all: list[torch.optim.Optimizer] = [
            _adam(others, schedule.learning_rate),
            *own,
            *muon,
        ]
        self._rates = [optimizer.param_groups[0]["lr"] for optimizer in self._all]

    def step(self, loss: Tensor, factor: float) -> None:
        """Move all parameters, at `factor` of the learning rates."""
        for optimizer, rate in zip(self._all, self._rates, strict=True):
            optimizer.zero_grad()
            optimizer.param_groups[0]["lr"] = factor * rate
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in self._all:
            optimizer.step()

    def moments(self, parameter: Tensor) -> dict[str, Tensor]:
        """An optimizer's state for one parameter, to read or to overwrite in place."""
        return next(
            optimizer.state[parameter] for optimizer in self._all if parameter in optimizer.state
        )


def _adam(parameters: Sequence[Tensor], learning_rate: float) -> torch.optim.Adam:
    adam = torch.optim.Adam(parameters, learning_rate, fused=True)
    for parameter in parameters:
        moments = {name: torch.zeros_like(parameter) for name in ("exp_avg", "exp_avg_sq")}
        adam.state[parameter] = {"step": torch.zeros((), device=parameter.device), **moments}
    return adam
