"""Checkpoint → encoder and fusion bundle. Nothing is put in place unless every ONNX graph equals PyTorch."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from pathlib import Path

import numpy as np

from .bundle import (
    ENCODER_NAME,
    FUSION_NAME,
    bundle_id,
    encoder_manifest,
    fusion_manifest,
    task_specs,
    with_match,
    write_golden,
    write_json,
)
from .card import encoder_card, fusion_card
from .checkpoint import restore_system
from .config import ModelConfig, model_config_from_dict
from .graphs import Graph, all_graphs, write_graph
from .parity import require_parity
from .system import LabelSystem


@dataclasses.dataclass
class ExportJob:
    """What goes into the bundles beside the weights. `origin`: seed, command, trainedAt, data (see the manifest); `note`: for the cards."""

    checkpoint: Path
    tokenizer: Path
    calibration: dict[str, dict]
    match: dict[str, float] | None
    sharpness: np.ndarray | None
    metrics: dict[str, dict]
    paths: dict[str, dict]
    origin: dict
    note: str
    generation: int


def export_bundles(job: ExportJob, models: Path, served: Path | None = None) -> list[Path]:
    """Writes both bundles under `models`; with an encoder bundle `served` that holds the same towers, only the head, over that one.

    Raises ParityError, also where the towers of `served` are others, and then leaves what was there before.
    """
    system, checkpoint = restore_system(job.checkpoint, sharpness=job.sharpness)
    config = model_config_from_dict(checkpoint.settings["model"])
    graphs = all_graphs(system, config, list(checkpoint.settings["labels"]))
    with tempfile.TemporaryDirectory() as scratch:
        staging = Path(scratch)
        encoder, fusion = staging / ENCODER_NAME, staging / FUSION_NAME
        encoder.mkdir()
        fusion.mkdir()
        towers = served or encoder
        files = [towers / "image.onnx", towers / "text.onnx", fusion / "fusion.onnx"]
        for graph, path in list(zip(graphs, files, strict=True))[2 if served else 0 :]:
            write_graph(graph, path)
        require_parity(list(zip(graphs, files, strict=True)), config.context_length)
        if served is None:
            fill_encoder(encoder, job, system, config, graphs[:2])
        fill_fusion(fusion, job, config, graphs[2], checkpoint.settings["labels"], bundle_id(towers))
        written = [fusion] if served else [encoder, fusion]
        return [put_in_place(folder, models / folder.name) for folder in written]


def fill_encoder(folder: Path, job: ExportJob, system: LabelSystem, config: ModelConfig, graphs: list[Graph]) -> None:
    """Everything but the graphs; the manifest comes last because it hashes the rest."""
    shutil.copyfile(job.tokenizer, folder / "tokenizer.json")
    write_golden(folder, graphs)
    (folder / "MODEL_CARD.md").write_text(encoder_card(config, graphs, job.origin, job.metrics, job.note), "utf-8")
    write_json(folder / "manifest.json", encoder_manifest(folder, system, config, graphs, job.origin))


def fill_fusion(folder: Path, job: ExportJob, config: ModelConfig, graph: Graph, labels: dict[str, list[str]], encoder: str) -> None:
    """As `fill_encoder`, for the head."""
    write_golden(folder, [graph])
    card = fusion_card(config, graph, job.origin, job.metrics, job.calibration, job.match, job.note)
    (folder / "MODEL_CARD.md").write_text(card, "utf-8")
    tasks = task_specs(labels, job.calibration, job.paths)
    manifest = fusion_manifest(folder, config, graph, job.origin, encoder, job.generation, tasks, job.metrics)
    write_json(folder / "manifest.json", with_match(manifest, job.match))


def put_in_place(folder: Path, target: Path) -> Path:
    """Replaces a bundle folder as a whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(folder, target)
    return target
