"""Data-parallel gradients in one process: one shard of the batch per thread, one core per shard.

One core per shard beats all cores per operator on a shared machine: threads meet once a step, not once an operator,
so another process on one of the cores delays a step by its own time and not by that of every barrier.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor, nn

from .dataset import Batch


def split_batch(batch: Batch, shards: int) -> list[Batch]:
    """Every `shards`-th listing goes to the same shard; a shard keeps its rows' order."""
    fields = [field.name for field in dataclasses.fields(batch)]
    return [Batch(**{name: getattr(batch, name)[shard::shards] for name in fields}) for shard in range(shards)]


def share_weights(source: nn.Module) -> nn.Module:
    """A replica that reads the same weights but has gradients and batch-norm statistics of its own."""
    replica = copy.deepcopy(source)
    for mine, theirs in zip(replica.parameters(), source.parameters(), strict=True):
        mine.data = theirs.data
    return replica


class Shards:
    """Computes the mean gradient of several shards side by side into the gradients of `system`."""

    def __init__(self, system: nn.Module, count: int) -> None:
        self.system = system
        self.replicas = [share_weights(system) for _ in range(count)]
        self.pool = ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,))

    def backward(self, batches: list[Batch], loss_of: Callable[[nn.Module, list[Batch], int], Tensor]) -> float:
        """Leaves the mean gradient in `system` and returns the mean loss; `loss_of` also gets the shard's number."""
        parts = list(zip(*[split_batch(batch, len(self.replicas)) for batch in batches], strict=True))

        def one(index: int) -> float:
            replica = self.replicas[index].train()
            loss = loss_of(replica, list(parts[index]), index)
            loss.backward()
            return float(loss.detach())

        losses = list(self.pool.map(one, range(len(self.replicas))))
        self.collect()
        return sum(losses) / len(losses)

    @torch.no_grad()
    def collect(self) -> None:
        """Means of gradients and batch-norm statistics; all replicas start the next step from the same state."""
        share = 1.0 / len(self.replicas)
        for weights in zip(self.system.parameters(), *[r.parameters() for r in self.replicas], strict=True):
            gradients = [weight.grad for weight in weights[1:] if weight.grad is not None]
            weights[0].grad = sum(gradients[1:], gradients[0].clone()).mul_(share) if gradients else None
            for weight in weights[1:]:
                weight.grad = None
        for buffers in zip(self.system.buffers(), *[r.buffers() for r in self.replicas], strict=True):
            if buffers[0].dtype.is_floating_point:
                buffers[0].copy_(sum(buffers[2:], buffers[1].clone()).mul_(share))
            else:
                buffers[0].copy_(buffers[1])
        self.take_statistics()

    @torch.no_grad()
    def take_statistics(self) -> None:
        """Gives every replica the batch-norm statistics of `system`."""
        for replica in self.replicas:
            for mine, theirs in zip(replica.buffers(), self.system.buffers(), strict=True):
                mine.copy_(theirs)

    def close(self) -> None:
        """Ends the threads."""
        self.pool.shutdown()
