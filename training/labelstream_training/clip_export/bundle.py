"""Checkpoint → encoder bundle. Nothing is put in place unless the graphs agree with the original library."""

from __future__ import annotations

import dataclasses
import datetime
import re
import tempfile
from pathlib import Path

from ..bundle import GOLDEN_FILE, golden_case, hash_files, multiply_adds, parameter_count, write_json
from ..export import put_in_place
from ..graphs import Graph
from .card import clip_card
from .checkpoint import Clip, require
from .compare import Difference, measure, require_close
from .graphs import tower_graphs, write_tower
from .towers import build_towers

# As in the default bundles; int8 is rounded differently by processors with and without VNNI, and a step of it shows.
GOLDEN_TOLERANCE = {"fp32": 1e-3, "fp16": 1e-3, "int8": 0.25}
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclasses.dataclass(frozen=True)
class Export:
    """What was written, and how far it is from the original library."""

    folder: Path
    differences: dict[str, Difference]


def bundle_name(source: str, precision: str) -> str:
    """`openai/clip-vit-base-patch32` → `encoder-clip-vit-base-patch32-fp32`."""
    slug = re.sub(r"[^a-z0-9]+", "-", source.rstrip("/").rsplit("/", 1)[-1].lower()).strip("-") or "clip"
    return f"encoder-{slug[:48].strip('-')}-{precision}"


def export_clip(clip: Clip, out: Path, name: str, precision: str, command: str) -> Export:
    """Writes the bundle folder `out`, which must not be there or be empty. Raises CheckpointError and ParityError."""
    require(NAME.fullmatch(name) is not None, f'"{name}" is no name of a bundle: lower-case letters, digits and hyphens, 63 at most')
    require(not out.exists() or (out.is_dir() and not any(out.iterdir())), f"{out} is there already; a bundle never changes")
    image, text = build_towers(clip)
    graphs = tower_graphs(clip, image, text)
    # Counted now: an int8 graph has no module that counts.
    counts = {graph.name: multiply_adds(graph) for graph in graphs}
    parameters = parameter_count(graphs)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / name
        folder.mkdir()
        written = [write_tower(graph, folder / f"{graph.name}.onnx", precision) for graph in graphs]
        differences = {graph.name: measure(clip, graph, folder / f"{graph.name}.onnx") for graph in graphs}
        require_close(differences, precision)
        write_json(folder / GOLDEN_FILE, golden_cases(clip, written), indent=None)
        (folder / "tokenizer.json").write_text(clip.tokeniser.definition, "utf-8")
        (folder / "MODEL_CARD.md").write_text(clip_card(clip, name, precision, differences, command), "utf-8")
        origin = {"seed": 0, "command": command, "trainedAt": datetime.datetime.now(datetime.UTC).date().isoformat()}
        training = {**origin, "data": [f"no listing: the weights of {clip.source}, read by {clip.library}"], "parameters": parameters}
        write_json(folder / "manifest.json", clip_manifest(folder, clip, name, precision, counts, training))
        put_in_place(folder, out)
    return Export(out, differences)


def golden_cases(clip: Clip, graphs: list[Graph]) -> list[dict]:
    """One picture, and texts of three lengths, the longest included."""
    image, text = graphs
    lengths = (3, 12, clip.context_length)
    return [golden_case(image, image.make_inputs(1, 0, 3)), *(golden_case(text, text.make_inputs(2, length, length)) for length in lengths)]


def clip_manifest(folder: Path, clip: Clip, name: str, precision: str, counts: dict[str, int], training: dict) -> dict:
    """manifest.json; all other files must be in the folder already."""
    size, tokeniser = clip.preprocessing.size, clip.tokeniser
    widths = {"image": clip.image.width, "text": clip.text.width}
    return {
        "kind": "encoder",
        "format": 1,
        "name": name,
        "files": hash_files(folder),
        "preprocess": {
            "width": size,
            "height": size,
            "channels": 3,
            "fit": "cover",
            "kernel": clip.preprocessing.kernel,
            "background": [255, 255, 255],
        },
        "text": {
            "tokenizer": "tokenizer.json",
            **({} if tokeniser.clean is None else {"clean": tokeniser.clean}),
            "contextLength": clip.context_length,
            "vocabularySize": clip.vocabulary,
            "beginTokenId": tokeniser.begin,
            "endTokenId": tokeniser.end,
            "padTokenId": tokeniser.pad,
        },
        "towers": {
            "image": {"file": "image.onnx", "tokenCount": (size // clip.patch) ** 2 + 1, "multiplyAdds": counts["image"]},
            "text": {"file": "text.onnx", "multiplyAdds": counts["text"]},
        },
        "tokenWidth": widths["image"] if widths["image"] == widths["text"] else widths,
        "embeddingWidth": clip.embedding_width,
        "contrastiveScale": round(clip.contrastive_scale, 3),
        "golden": {"file": GOLDEN_FILE, "absoluteTolerance": GOLDEN_TOLERANCE[precision]},
        "training": training,
    }
