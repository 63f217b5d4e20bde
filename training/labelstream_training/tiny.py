"""Bundles of every head kind over one encoder, all tiny and untrained: what the end-to-end tests serve, one kind after the other.

Weights, tokenizer and calibration are made up and seeded, so the same versions of the libraries write the same bytes. Beside the bundles
lies `served.json`: listings, and what PyTorch says about them from the pixels and ids on.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor, nn

from .bundle import bundle_id, encoder_manifest, fusion_manifest, task_specs, write_cases, write_golden, write_json
from .config import ModelConfig
from .drawings import draw, png
from .export import put_in_place
from .golden import base64_of, token_ids
from .graphs import fusion_graph, image_graph, text_graph, write_graph
from .half import round_to_half
from .heads import HEADS
from .metrics import softmax
from .parity import require_parity
from .pixels import preprocess
from .predict import PATTERNS
from .system import LabelSystem
from .tokenise import TOKENIZER_FILE, load_tokenizer, train_tokenizer

ENCODER = "encoder"
SEED = 4
CONFIG = ModelConfig(
    image_width=16,
    image_height=24,
    stem_channels=(4, 8, 8),
    stem_blocks=(1, 1),
    width=12,
    heads=2,
    mlp_ratio=2.0,
    image_blocks=1,
    vocabulary=300,
    word_width=8,
    pair_rows=64,
    context_length=12,
    text_blocks=1,
    fusion_blocks=1,
    fusion_mlp_ratio=1.0,
    embedding_width=8,
)
LABELS = {"articleType": ["Dress", "Jeans", "Shirt"], "baseColour": ["Blue", "Green", "Red"]}
PATHS = {"articleType": {"Jeans": ["Apparel", "Bottomwear", "Jeans"], "Shirt": ["Apparel", "Topwear", "Shirt"]}}
# Different for each pattern, so that a mix-up of the patterns shows.
TEMPERATURES = {"complete": 1.0, "imageOnly": 1.5, "textOnly": 0.75}
# Every label is given: what is compared is what the head says, not whether it dares to.
CALIBRATION = {task: {"targetPrecision": 0.9, "temperature": TEMPERATURES, "threshold": dict.fromkeys(PATTERNS, 0.0)} for task in LABELS}
ORIGIN = {
    "seed": SEED,
    "command": "python -m labelstream_training tiny-bundles",
    "trainedAt": "2026-01-01",
    "data": ["nothing: random weights"],
}
SERVED_FILE = "served.json"
TITLES = ("Red Shirt", "blue jeans for men", "Green dress, 100% cotton")
# Untrained logits are all but equal; spread like this, the labels differ from listing to listing.
LOGIT_SPREAD = 2.0
# Token sequences travel as float16.
TOLERANCE = 0.01


@dataclasses.dataclass(frozen=True)
class Listing:
    """A listing as it is sent and as the towers read it; `png` and `ids` are empty where a modality is missing."""

    name: str
    title: str
    png: bytes
    ids: list[int]

    @property
    def pattern(self) -> str:
        """As in the manifest."""
        return "complete" if self.png and self.ids else "imageOnly" if self.png else "textOnly"


def make_listings(encoder: Path) -> list[Listing]:
    """Each title with a picture, without its title and without its picture. PNGs of the model's size, so that decoding is exact."""
    tokenizer, listings = load_tokenizer(encoder / TOKENIZER_FILE), []
    for number, title in enumerate(TITLES):
        picture = png(np.roll(draw(CONFIG.image_width, CONFIG.image_height), number, axis=2))
        ids = token_ids(tokenizer, title)
        listings += [
            Listing(f"complete {number}", title, picture, ids),
            Listing(f"imageOnly {number}", "", picture, []),
            Listing(f"textOnly {number}", title, b"", ids),
        ]
    return listings


@torch.no_grad()
def enliven(module: nn.Module) -> None:
    """Weights as large as trained ones: with those that training starts from, every listing looks alike."""
    for part in module.modules():
        if isinstance(part, nn.Linear):
            part.weight.normal_(0.0, 1.5 * part.in_features**-0.5)
        elif isinstance(part, nn.Embedding):
            part.weight.normal_()


def make_towers() -> LabelSystem:
    """Seeded towers, as a bundle holds them."""
    torch.manual_seed(SEED)
    system = LabelSystem(CONFIG, [len(names) for names in LABELS.values()])
    enliven(system)
    round_to_half(system)
    return system.eval()


def make_head(kind: str, system: LabelSystem, listings: Sequence[Listing]) -> nn.Module:
    """A seeded head of a kind, as a bundle holds it; its logits are spread over the listings."""
    counts = [len(names) for names in LABELS.values()]
    torch.manual_seed(SEED + 1 + list(HEADS).index(kind))
    head = HEADS[kind].make(CONFIG, counts).eval()
    enliven(head)
    logits = torch.stack([torch.cat(run(system, head, listing)[0]) for listing in listings])  # [listings, classes of all tasks]
    for module in head.modules():
        # The last layers of the tasks, whatever a head calls them, one for each task or one for all; their bias starts at 0.
        if isinstance(module, nn.Linear) and module.out_features in (*counts, sum(counts)):
            module.weight.data.mul_(LOGIT_SPREAD / logits.std())
    round_to_half(head)
    return head


def write_encoder(folder: Path, system: LabelSystem) -> None:
    """The encoder bundle; raises ParityError."""
    folder.mkdir(parents=True)
    train_tokenizer([*TITLES] * 4, CONFIG.vocabulary, CONFIG.context_length).save(str(folder / TOKENIZER_FILE), pretty=False)
    graphs = [image_graph(system, CONFIG), text_graph(system, CONFIG)]
    files = [folder / f"{graph.name}.onnx" for graph in graphs]
    for graph, path in zip(graphs, files, strict=True):
        write_graph(graph, path)
    require_parity(list(zip(graphs, files, strict=True)), CONFIG.context_length)
    write_golden(folder, graphs)
    manifest = encoder_manifest(folder, system, CONFIG, graphs, ORIGIN)
    write_json(folder / "manifest.json", {**manifest, "name": "tiny-encoder"})


def write_head(folder: Path, kind: str, system: LabelSystem, head: nn.Module, encoder: Path) -> None:
    """The fusion bundle of a kind; raises ParityError."""
    folder.mkdir(parents=True)
    graph = fusion_graph(SimpleNamespace(image=system.image, fusion=head), CONFIG, list(LABELS))
    write_graph(graph, folder / "fusion.onnx")
    require_parity([(graph, folder / "fusion.onnx")], CONFIG.context_length)
    write_golden(folder, [graph])
    tasks = task_specs(LABELS, CALIBRATION, PATHS)
    manifest = fusion_manifest(folder, CONFIG, graph, ORIGIN, bundle_id(encoder), 1 + list(HEADS).index(kind), tasks, {})
    write_json(folder / "manifest.json", {**manifest, "name": f"tiny-{kind}", "architecture": kind})


@torch.no_grad()
def run(system: LabelSystem, head: nn.Module, listing: Listing) -> tuple[list[Tensor], Tensor]:
    """Logits, one [C] per task, and modality weights [T, 2]; what is missing is masked."""
    size = (CONFIG.image_height, CONFIG.image_width)
    pixels = preprocess(listing.png, size[1], size[0]) if listing.png else np.zeros((*size, 3), np.uint8)
    ids = torch.tensor([listing.ids or [0]])  # [1, L]
    image, _ = system.image(torch.from_numpy(pixels.copy())[None])  # [1, Ni, width]
    text, _ = system.text(ids, torch.ones_like(ids))  # [1, L, width]
    image_mask = torch.full(image.shape[:2], float(bool(listing.png)))
    text_mask = torch.full(text.shape[:2], float(bool(listing.ids)))
    logits, weights, _ = head(image, image_mask, text, text_mask)[:3]
    return [scores[0] for scores in logits], weights[0]


def answers(system: LabelSystem, head: nn.Module, listing: Listing) -> dict[str, dict]:
    """Per task the calibrated probability of each label and the modality weights."""
    logits, weights = run(system, head, listing)
    found = {}
    for index, (task, names) in enumerate(LABELS.items()):
        chances = softmax(logits[index][None].numpy(), TEMPERATURES[listing.pattern])[0]
        image_weight, text_weight = (round(float(share), 4) for share in weights[index])
        by_label = {name: round(float(chance), 4) for name, chance in zip(names, chances, strict=True)}
        found[task] = {"chances": by_label, "imageWeight": image_weight, "textWeight": text_weight}
    return found


def served(system: LabelSystem, heads: dict[str, nn.Module], listings: Sequence[Listing]) -> dict:
    """served.json: every listing with the answers of every head."""
    return {
        "what": "title and picture (PNG, base64) of a listing → per head and task the probability of each label, and the modality weights",
        "absoluteTolerance": TOLERANCE,
        "cases": [
            {
                "name": listing.name,
                "title": listing.title,
                "png": base64_of(listing.png),
                "answers": {kind: answers(system, head, listing) for kind, head in heads.items()},
            }
            for listing in listings
        ],
    }


def write_tiny_bundles(out: Path) -> list[Path]:
    """Replaces the encoder bundle, a fusion bundle per head kind and served.json under `out`.

    Raises ParityError, and then leaves what was there before.
    """
    system = make_towers()
    with tempfile.TemporaryDirectory() as scratch:
        staging = Path(scratch)
        write_encoder(staging / ENCODER, system)
        listings = make_listings(staging / ENCODER)
        heads = {kind: make_head(kind, system, listings) for kind in HEADS}
        for kind, head in heads.items():
            write_head(staging / kind, kind, system, head, staging / ENCODER)
        content = served(system, heads, listings)
        write_cases(staging / SERVED_FILE, content, content.pop("cases"))
        folders = [put_in_place(staging / name, out / name) for name in (ENCODER, *HEADS)]
        shutil.copyfile(staging / SERVED_FILE, out / SERVED_FILE)
        return [*folders, out / SERVED_FILE]
