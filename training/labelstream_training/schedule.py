"""Phases, picture sizes and learning rate as pure functions of the step."""

from __future__ import annotations

import math

from .config import Phase, TrainConfig


def warm_cosine(step: int, warmup_steps: int, progress: float) -> float:
    """Learning-rate factor: a linear warm-up times a half cosine towards 0 at `progress` 1."""
    warm = min(1.0, (step + 1) / max(1, warmup_steps))
    return warm * 0.5 * (1.0 + math.cos(math.pi * progress))


def short_memory(age: int, decay: float) -> float:
    """Decay of a moving average that is `age` steps old: short where much is new."""
    return min(decay, (1.0 + age) / (10.0 + age))


class Schedule:
    """Maps a step to its phase and its learning-rate factor."""

    def __init__(self, config: TrainConfig, steps_per_epoch: int) -> None:
        self.config = config
        self.steps_per_epoch = steps_per_epoch
        alone = sum(phase.epochs for phase in config.phases if not phase.joint)
        self.joint_start = alone * steps_per_epoch
        self.total_steps = sum(phase.epochs for phase in config.phases) * steps_per_epoch

    def phase_at(self, step: int) -> Phase:
        """The phase a step belongs to."""
        epoch = step // self.steps_per_epoch
        for phase in self.config.phases:
            if epoch < phase.epochs:
                return phase
            epoch -= phase.epochs
        return self.config.phases[-1]

    def rate_factor(self, step: int) -> float:
        """Linear warm-up, then a half cosine towards 0; a continued run starts part of the way down."""
        start = self.config.schedule_start
        progress = start + (1.0 - start) * step / max(1, self.total_steps)
        return warm_cosine(step, self.config.warmup_steps, progress)

    def ema_decay(self, step: int) -> float:
        """Short memory where much is new: at the start, and again when the untrained head joins the towers."""
        age = step - self.joint_start if step >= self.joint_start else step
        return short_memory(age, self.config.ema_decay)
