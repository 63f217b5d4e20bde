"""The optimiser: orthogonalised momentum (Muon) for matrices, AdamW for everything else.

Muon (Jordan et al. 2024) got much further than AdamW alone in the same few steps; see the README for the measurement.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from .config import TrainConfig

# Applies a function to each item, like `map`; a thread pool's `map` uses more cores.
RunAll = Callable[[Callable[[Tensor], None], list[Tensor]], Iterable[None]]
# Quintic Newton-Schulz coefficients: singular values end up near 1 after five rounds.
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


def orthogonalise(matrix: Tensor, rounds: int = 5) -> Tensor:
    """The nearest semi-orthogonal matrix of a 2-D tensor, roughly."""
    a, b, c = NEWTON_SCHULZ
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.t() if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(rounds):
        gram = x @ x.t()
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.t() if tall else x


class Muon(torch.optim.Optimizer):
    """SGD with Nesterov momentum whose step is orthogonalised; convolutions count as [out, in · k · k] matrices."""

    def __init__(self, params: Iterable[Tensor], lr: float, weight_decay: float, run_all: RunAll, momentum: float = 0.95) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self.run_all = run_all

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        """One update of all parameters that have a gradient, several at a time."""
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            list(self.run_all(lambda weight, group=group: self.update(weight, group), weights))

    @torch.no_grad()
    def update(self, weight: Tensor, group: dict) -> None:
        """One update of one weight."""
        state = self.state[weight]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(weight)
        momentum = state["momentum"].lerp_(weight.grad, 1 - group["momentum"])
        step = weight.grad.lerp(momentum, group["momentum"]).flatten(1)  # [out, in]
        direction = orthogonalise(step).view_as(weight)
        # Wide and tall matrices get steps of the same size per output.
        gain = math.sqrt(max(1.0, step.shape[0] / step.shape[1]))
        weight.mul_(1 - group["lr"] * group["weight_decay"])
        weight.add_(direction, alpha=-group["lr"] * gain)


def is_matrix(name: str, weight: Tensor) -> bool:
    """Weights for Muon: attention, MLP and all convolutions but the first, which sees only three channels."""
    inner = ".blocks." in name or name.startswith("image.stem.")
    return inner and weight.ndim >= 2 and not name.startswith("image.stem.0.")


def make_optimisers(system: nn.Module, config: TrainConfig, run_all: RunAll = map) -> list[torch.optim.Optimizer]:
    """Muon and AdamW over disjoint weights; `base_rate` in each group is what the schedule scales."""
    named = list(system.named_parameters())
    muon = Muon(grouped([pair for pair in named if is_matrix(*pair)]), config.matrix_rate, config.matrix_decay, run_all)
    others = grouped([pair for pair in named if not is_matrix(*pair)])
    adam = torch.optim.AdamW(others, lr=config.rate, weight_decay=config.decay, betas=(0.9, 0.98), fused=True)
    remember_rates((muon, adam))
    for group in (*muon.param_groups, *adam.param_groups):
        group["base_rate"] *= config.fusion_gain if group.pop("of_fusion") else 1.0
    return [muon, adam]


def remember_rates(optimisers: Iterable[torch.optim.Optimizer]) -> None:
    """Keeps the rate of each group as its `base_rate`, which the schedule scales."""
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["base_rate"] = group["lr"]


def step_all(optimisers: Iterable[torch.optim.Optimizer], rate_factor: float) -> None:
    """One update of all at `rate_factor` times their base rates; the gradients are gone afterwards."""
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = group["base_rate"] * rate_factor
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)


def grouped(named: list[tuple[str, Tensor]]) -> list[dict]:
    """Parameter groups: the fusion head apart from the towers, and no weight decay for vectors."""
    groups: dict[tuple[bool, bool], list[Tensor]] = {}
    for name, weight in named:
        groups.setdefault((name.startswith("fusion."), weight.ndim < 2), []).append(weight)
    return [
        {"params": weights, "of_fusion": of_fusion, **({"weight_decay": 0.0} if is_vector else {})}
        for (of_fusion, is_vector), weights in groups.items()
    ]
