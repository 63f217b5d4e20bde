"""A trained decoder as a caption bundle. Nothing is put in place unless ONNX equals PyTorch, with and without kept keys and values."""

from __future__ import annotations

import dataclasses
import datetime
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from ..bundle import GOLDEN_FILE, GOLDEN_TOLERANCE, bundle_id, golden_case, hash_files, multiply_adds, write_json
from ..catalogue import CatalogueError
from ..export import put_in_place
from ..graphs import Graph, Inputs, write_graph
from ..parity import ABSOLUTE_TOLERANCE, ParityError, open_session, require_parity
from ..tokenise import BEGIN_ID, END_ID
from .card import caption_card
from .decoder import CaptionDecoder, silenced
from .graphs import prefix_graph, step_graph
from .vocabulary import RESERVED, Vocabulary

CAPTION_NAME = "caption-fashion-coca"
MOST_BYTES = 4_000_000
# Decimals and image tokens of the golden inputs: the graph takes any number of tokens, and the file stays small.
GOLDEN_TOKENS = 6
CHECKED_TITLES = 8


@dataclasses.dataclass(frozen=True)
class CaptionJob:
    """What goes into the bundle beside the weights. `figures`: see `evaluate_captions`; `origin` and `note` as for the default bundles."""

    vocabulary: Vocabulary
    figures: dict
    encoder: Path
    image_tokens: int
    image_width: int
    origin: dict
    note: str = ""


def graphs_of(decoder: CaptionDecoder, image_tokens: int, image_width: int) -> list[Graph]:
    """prefix, step."""
    return [prefix_graph(decoder, image_tokens, image_width), step_graph(decoder)]


def thin(inputs: Inputs) -> Inputs:
    """Inputs with three decimals, and of an image only a few tokens."""
    cut = {name: value[:, :GOLDEN_TOKENS] if name == "image_tokens" else value for name, value in inputs.items()}
    return {
        name: value.mul(1000).round().div(1000).contiguous() if value.is_floating_point() else value.contiguous()
        for name, value in cut.items()
    }


def write_caption_golden(folder: Path, graphs: list[Graph]) -> None:
    """golden.json: each graph on one case."""
    prefix, step = graphs
    write_json(
        folder / GOLDEN_FILE,
        [golden_case(prefix, thin(prefix.make_inputs(2, 1, 3))), golden_case(step, thin(step.make_inputs(1, 3, 5)))],
        indent=None,
    )


def cached_logits(folder: Path, tokens: np.ndarray, ids: np.ndarray, decoder: CaptionDecoder) -> np.ndarray:
    """Logits [B, L, V] of titles [B, L], one token at a time through both ONNX graphs."""
    config = decoder.config
    prefix, step = open_session(folder / "prefix.onnx"), open_session(folder / "step.onnx")
    cross = dict(zip(("cross_keys", "cross_values"), prefix.run(None, {"image_tokens": tokens}), strict=True))
    layers = config.text_blocks + config.image_blocks
    keys = values = np.zeros((len(ids), layers, config.heads, 0, config.width // config.heads), np.float32)
    said = []
    for place in range(ids.shape[1]):
        logits, keys, values = run_step(step, ids[:, place : place + 1], keys, values, cross)
        said.append(logits)
    return np.stack(said, axis=1)


def run_step(session: onnxruntime.InferenceSession, ids: np.ndarray, keys: np.ndarray, values: np.ndarray, cross: dict) -> list[np.ndarray]:
    """logits, present keys and values."""
    return session.run(None, {"token_ids": ids, "past_keys": keys, "past_values": values, **cross})


@torch.no_grad()
def require_same_without_cache(folder: Path, decoder: CaptionDecoder, image_tokens: int, image_width: int) -> None:
    """Raises ParityError unless the graphs, token by token, say what PyTorch says of whole titles."""
    random = torch.Generator().manual_seed(11)
    tokens = torch.randn(CHECKED_TITLES, image_tokens, image_width, generator=random)
    ids = torch.randint(RESERVED, decoder.embedding.num_embeddings, (CHECKED_TITLES, decoder.config.longest), generator=random)
    ids[:, 0] = BEGIN_ID
    spoken, _, _ = decoder(tokens, None, ids, torch.full((CHECKED_TITLES,), ids.shape[1]))
    wanted = silenced(decoder.logits(spoken.flatten(0, 1))).unflatten(0, ids.shape).numpy()
    off = float(np.abs(cached_logits(folder, tokens.numpy(), ids.numpy(), decoder) - wanted).max())
    if not off <= ABSOLUTE_TOLERANCE:
        raise ParityError([f"with kept keys and values, logits are off by {off:.2e} (tolerance {ABSOLUTE_TOLERANCE:.0e})"])


def caption_manifest(folder: Path, decoder: CaptionDecoder, graphs: list[Graph], job: CaptionJob) -> dict:
    """manifest.json; all other files must be in the folder already."""
    config = decoder.config
    return {
        "kind": "caption",
        "format": 1,
        "name": folder.name,
        "architecture": "coca",
        "requires": {"encoder": bundle_id(job.encoder)},
        "files": hash_files(folder),
        "graphs": {graph.name: {"file": f"{graph.name}.onnx", "multiplyAdds": multiply_adds(graph)} for graph in graphs},
        "imageTokenWidth": job.image_width,
        "cache": {
            "layers": config.text_blocks + config.image_blocks,
            "crossLayers": config.image_blocks,
            "heads": config.heads,
            "headWidth": config.width // config.heads,
            "queries": config.queries,
        },
        "vocabulary": list(job.vocabulary.pieces),
        "decoding": {
            "beginTokenId": BEGIN_ID,
            "endTokenId": END_ID,
            "maxTokens": config.longest - 1,
            "temperature": job.figures["temperature"],
            "minConfidence": job.figures["minimumConfidence"],
        },
        "metrics": job.figures,
        "golden": {"file": GOLDEN_FILE, "absoluteTolerance": GOLDEN_TOLERANCE},
        "training": {**job.origin, "parameters": decoder.served_parameters()},
    }


def export_captions(decoder: CaptionDecoder, job: CaptionJob, models: Path, name: str = CAPTION_NAME) -> Path:
    """Writes the bundle folder under `models`. Raises ParityError and CatalogueError, and then leaves what was there before."""
    graphs = graphs_of(decoder, job.image_tokens, job.image_width)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / name
        folder.mkdir()
        for graph in graphs:
            write_graph(graph, folder / f"{graph.name}.onnx")
        require_parity([(graph, folder / f"{graph.name}.onnx") for graph in graphs], decoder.config.longest)
        require_same_without_cache(folder, decoder, job.image_tokens, job.image_width)
        write_caption_golden(folder, graphs)
        origin = {**job.origin, "trainedAt": datetime.datetime.now(datetime.UTC).date().isoformat()}
        dated = dataclasses.replace(job, origin=origin)
        (folder / "MODEL_CARD.md").write_text(caption_card(decoder, graphs, job.figures, origin, job.note), "utf-8")
        write_json(folder / "manifest.json", caption_manifest(folder, decoder, graphs, dated))
        size = sum(path.stat().st_size for path in folder.iterdir())
        if size > MOST_BYTES:
            raise CatalogueError(f"the bundle has {size} bytes, more than {MOST_BYTES}")
        return put_in_place(folder, models / name)
