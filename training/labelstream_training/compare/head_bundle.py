"""A head of the comparison as a fusion bundle, to be served in place of the default one."""

from __future__ import annotations

import dataclasses
import datetime
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from torch import nn

from ..bundle import FUSION_NAME, bundle_id, fusion_manifest, multiply_adds, task_specs, with_match, write_golden, write_json
from ..calibrate import calibrate
from ..card import data_section, reproduce_section
from ..catalogue import CatalogueError, Listing
from ..config import ModelConfig, model_config_from_dict
from ..evaluate import evaluate, tables
from ..export import put_in_place
from ..graphs import Graph, fusion_graph, write_graph
from ..half import round_to_half
from ..heads import HEADS
from ..match import SERVED_FALSE_ALARMS, match_spec
from ..parity import open_session, require_parity
from ..predict import PATTERNS, Predictions
from ..taxonomy import taxonomy_paths
from .conditions import Look, run_look
from .stored_head import fit_weights, read_stored_head
from .token_set import TokenSet, open_meta, open_split, pairs_of
from .views import PLAIN

CHECKED_TITLES = 4
TOKEN_TOLERANCE = 1e-2


@dataclasses.dataclass(frozen=True)
class HeadJob:
    """`head`: best.pt of a job; `encoder`: the bundle folder of the towers the tokens come from; `origin` as for the default bundles;
    `false_alarms`: share of genuine pairs that the bundle's threshold on the match may lose."""

    head: Path
    tokens: Path
    encoder: Path
    origin: dict
    generation: int
    false_alarms: float = SERVED_FALSE_ALARMS


def require_encoder(encoder: Path, tokens: Path) -> None:
    """Raises CatalogueError unless the bundle's text tower returns the tokens that the head was trained on."""
    val = open_split(tokens, "val")
    texts = val.texts[PLAIN]
    ids, lengths = np.load(tokens / "val" / f"text.{PLAIN}.ids.npy")[:CHECKED_TITLES], texts.lengths[:CHECKED_TITLES].numpy()
    session = open_session(encoder / "text.onnx")
    for row, length in enumerate(lengths):
        one = ids[row : row + 1, :length]
        found = session.run(["tokens"], {"input_ids": one, "attention_mask": np.ones_like(one)})[0]
        wanted = texts.tokens[row : row + 1, :length]
        if found.shape != wanted.shape or np.abs(found - wanted).max() > TOKEN_TOLERANCE:
            raise CatalogueError(f"{encoder} is not the encoder whose tokens are in {tokens}")


def predict_tokens(head: nn.Module, val: TokenSet, tasks: Sequence[str]) -> Predictions:
    """As `predict`, from the token cache."""
    looks = {pattern: Look(image_flag=flags[0], text_flag=flags[1]) for pattern, flags in PATTERNS.items()}
    seen = {pattern: run_look(head, val, look) for pattern, look in looks.items()}
    return Predictions(
        logits={pattern: {task: found.logits[index].numpy() for index, task in enumerate(tasks)} for pattern, found in seen.items()},
        weights={pattern: found.weights.numpy() for pattern, found in seen.items()},
        truth=val.labels.numpy(),
    )


def head_card(kind: str, graph: Graph, origin: dict, metrics: dict) -> str:
    """MODEL_CARD.md of a head that is not the default."""
    system = HEADS[kind]
    paper = f" (arXiv {system.paper})" if system.paper else ""
    return f"""# Fusion head: {system.title}

{system.title}{paper} over the token sequences of the encoder that the manifest names, trained by `compare` for
`docs/benchmarks/models.md` with the same budget as every other system there. {multiply_adds(graph) / 1e6:.1f} M multiply-adds a listing.

## Intended use
Comparing systems on one's own listings. The default head is `{FUSION_NAME}`.

{data_section(origin)}

## Figures
On the validation rows of the catalogue, which the temperatures were fitted on as well:

{tables(metrics)}

{reproduce_section(origin, "").strip()}
"""


def load_head(path: Path, meta: dict) -> tuple[str, nn.Module, ModelConfig]:
    """Name, head with its matrices rounded to float16, and shapes. Raises CatalogueError where the head is not for these tokens."""
    name, weights = read_stored_head(path)
    config = model_config_from_dict(meta["model"])
    head = HEADS[name].make(config, [len(labels) for labels in meta["labels"].values()])
    fit_weights(head, weights, path)
    round_to_half(head)
    return name, head.eval(), config


def export_head(job: HeadJob, listings: Sequence[Listing], models: Path) -> Path:
    """Writes `fusion-fashion-<head>` under `models`. Raises CatalogueError and ParityError, and then leaves what was there before."""
    meta, val = open_meta(job.tokens), open_split(job.tokens, "val")
    require_encoder(job.encoder, job.tokens)
    name, head, config = load_head(job.head, meta)
    predictions = predict_tokens(head, val, list(meta["labels"]))
    calibration = calibrate(predictions)
    metrics = evaluate(predictions, calibration)
    match = match_spec(pairs_of(val), job.false_alarms)
    origin = {**job.origin, "trainedAt": datetime.datetime.now(datetime.UTC).date().isoformat()}
    towers = SimpleNamespace(image=SimpleNamespace(token_count=val.images[PLAIN].tokens.shape[1]), fusion=head)
    graph = fusion_graph(towers, config, list(meta["labels"]))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / f"fusion-fashion-{name}"
        folder.mkdir()
        write_graph(graph, folder / "fusion.onnx")
        require_parity([(graph, folder / "fusion.onnx")], config.context_length)
        write_golden(folder, [graph])
        (folder / "MODEL_CARD.md").write_text(head_card(name, graph, origin, metrics), "utf-8")
        tasks = task_specs(meta["labels"], calibration, taxonomy_paths(listings))
        manifest = fusion_manifest(folder, config, graph, origin, bundle_id(job.encoder), job.generation, tasks, metrics)
        write_json(folder / "manifest.json", with_match({**manifest, "name": folder.name, "architecture": name}, match))
        return put_in_place(folder, models / folder.name)
