"""Per seed: towers trained alone, their token sequences, and the heads that are compared; every part goes on where it was stopped."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import torch

from ..catalogue import read_catalogue
from ..checkpoint import NEWEST
from ..compare.jobs import Job, run_job
from ..compare.settings import CompareConfig
from ..compare.token_cache import META_FILE, build_tokens
from ..config import ModelConfig, Phase, TrainConfig
from ..tokenise import TOKENIZER_FILE, load_tokenizer
from ..train import Paths, train

# The full system, its two ablations, and the unimodal heads that say how much each modality tells.
HEADS = ("cma-clip", "cma-clip-no-modality", "cma-clip-plain", "image-only", "text-only")
# Small, but of the same kind as the default ones: a run of all seeds is to take minutes on one core.
MODEL = ModelConfig(
    image_width=48,
    image_height=64,
    stem_channels=(16, 24, 48),
    stem_blocks=(1, 1),
    width=64,
    heads=4,
    mlp_ratio=2.0,
    image_blocks=1,
    vocabulary=600,
    word_width=32,
    pair_rows=1024,
    context_length=16,
    text_blocks=1,
    fusion_blocks=2,
    embedding_width=32,
)
# Without a joint phase: towers that were trained with one of the heads would favour it.
TOWERS = TrainConfig(phases=(Phase(6, 36, 48, False), Phase(4, 48, 64, False)), batch_size=128, shards=1, warmup_steps=30)
COMPARE = CompareConfig(steps=300, batch_size=128)


@dataclasses.dataclass(frozen=True)
class Ablation:
    """What a run reads and writes, and its settings, which are stored with the results."""

    data: Path
    out: Path
    seeds: tuple[int, ...]
    model: ModelConfig = MODEL
    towers: TrainConfig = TOWERS
    compare: CompareConfig = COMPARE

    @property
    def results(self) -> Path:
        """One JSON file per head and seed."""
        return self.out / "results"


def run_seed(ablation: Ablation, seed: int) -> list[str]:
    """Towers, tokens and all heads of one seed, on one thread. Returns the names of the results."""
    torch.set_num_threads(1)
    folder, cache = ablation.out / f"seed{seed}", ablation.out / "pixels"
    run, tokens = folder / "run", folder / "tokens"
    # Tokens come after training; a checkpoint that is written again need not have the same bytes, and tokens belong to a checkpoint.
    if not (tokens / META_FILE).is_file():
        train(Paths([ablation.data], run, cache), ablation.model, dataclasses.replace(ablation.towers, seed=seed))
    tokenizer = load_tokenizer(run / TOKENIZER_FILE)
    build_tokens(run / NEWEST, tokenizer, read_catalogue([ablation.data]), cache, tokens, augmented=1)
    return [run_job(Job(head, head, seed, ablation.compare, tokens, ablation.out)) for head in HEADS]


def run_ablation(ablation: Ablation, workers: int) -> Sequence[str]:
    """All seeds, `workers` at a time, each in a process of one thread."""
    if workers <= 1:
        return [name for seed in ablation.seeds for name in run_seed(ablation, seed)]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return [name for names in pool.map(run_seed, [ablation] * len(ablation.seeds), ablation.seeds) for name in names]
