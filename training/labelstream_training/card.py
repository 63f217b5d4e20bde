"""MODEL_CARD.md of both bundles, written from what was measured."""

from __future__ import annotations

from .bundle import MEDIAN_TITLE_TOKENS, multiply_adds, parameter_count
from .calibrate import TARGET_PRECISION
from .catalogue import PUBLIC_DATASET
from .config import ModelConfig
from .evaluate import TITLES, tables
from .graphs import Graph


def encoder_card(config: ModelConfig, graphs: list[Graph], origin: dict, metrics: dict, note: str) -> str:
    """Card of the towers."""
    image, text = graphs
    return f"""# Encoder: a small CLIP for catalogue listings

{what_it_is(graphs)}

- **Image tower** ({million(multiply_adds(image))} multiply-adds, {million(parameter_count([image]))} weights): \
{config.image_width} × {config.image_height} px, residual convolution stem, \
{config.image_blocks} transformer blocks of width {config.width}; token 0 is the class token.
- **Text tower** ({million(multiply_adds(text))} multiply-adds at {MEDIAN_TITLE_TOKENS} tokens, \
{million(parameter_count([text]))} weights): byte-level BPE, up to {config.context_length} tokens, \
{config.text_blocks} blocks; token 0 is BOS, the class token.

Each tower returns its token sequence and a unit-length CLIP embedding of {config.embedding_width} values. Pixels come in as
uint8 and are normalised inside the graph.

## Intended use
Encoding product pictures and titles for a fusion bundle that names this encoder, and finding pictures by text within the same
catalogue style. It is not a general CLIP: it knows catalogue pictures on plain backgrounds and short English titles.

{data_section(origin)}

## Figures
Together with the fusion head that was trained with it, on the validation rows of the catalogue:

{tables(metrics)}

{limits_section()}

{reproduce_section(origin, note).strip()}
"""


def fusion_card(config: ModelConfig, graph: Graph, origin: dict, metrics: dict, calibration: dict, match: dict | None, note: str) -> str:
    """Card of the head."""
    return f"""# Fusion head: CMA-CLIP for catalogue listings

{what_it_is([graph])}

Sequence-wise attention ({config.fusion_blocks} transformer blocks over both token sequences), modality-wise attention (per task a
softmax over the dot products of the aggregate image and text vectors with a learned vector) and a linear task head each, after
CMA-CLIP (arXiv 2112.03562). A missing modality is masked in both attentions. {million(multiply_adds(graph))} multiply-adds a
listing, {million(parameter_count([graph]))} weights.

## Intended use
Proposing {len(calibration)} attributes of fashion listings ({", ".join(calibration)}) with calibrated confidence,
from picture, title or both. Below its threshold a task abstains; such listings are for people to look at.

{data_section(origin)}

## Figures
On the validation rows of the catalogue. Confidences are calibrated on these same rows, so calibration error and recall are a little
optimistic; accuracy and macro-F1 do not depend on it, though the schedule was chosen with an eye on them.

{tables(metrics)}

Confidence thresholds at {TARGET_PRECISION:.0%} precision (— : not reached, the task always abstains):

{threshold_table(calibration)}

{match_paragraph(match)}

{limits_section()}

{reproduce_section(origin, note).strip()}
"""


def what_it_is(graphs: list[Graph]) -> str:
    """First paragraph."""
    names = " and ".join(f"`{graph.name}.onnx`" for graph in graphs)
    return (
        f"{names} (ONNX opset 17). Matrices are stored as float16, to which they were rounded before any figure here was taken, and "
        "computed with as float32, so the file loses nothing. They are not int8 on purpose: dynamic int8 takes its scale from the "
        "whole batch, so that a listing's labels would depend on the listings that happen to share its micro-batch."
    )


def data_section(origin: dict) -> str:
    """Where the data comes from."""
    sources = "\n".join(f"- {source}" for source in origin["data"])
    return f"""## Data
{sources}

The catalogue is the "Fashion Product Images (Small)" data set published on Kaggle as `paramaggarwal/fashion-product-images-small`
({PUBLIC_DATASET}). Its licence could not be confirmed (secondary sources disagree), so nothing of it, neither pictures nor
titles nor rows, is redistributed with this project. Titles are used as they are; no label was put into a text."""


def limits_section() -> str:
    """What it does not do."""
    return """## Limits
- One shop's catalogue of a few years, Indian market, mostly apparel, footwear and accessories on white; other pictures and other
  languages are out of its reach, and rare labels (a handful of rows) are hardly ever given.
- Season and usage are editorial choices more than visible facts; colours are named inconsistently in the source.
- `gender` is the department a product is sold in, not a statement about a person; pictures with people are not to be used to
  infer anything about them.
- The drawn listings are far easier than real ones; no figure above includes them."""


def reproduce_section(origin: dict, note: str) -> str:
    """Seed and command."""
    return f"""## Made by
Seed {origin["seed"]}, trained {origin["trainedAt"]} with

```sh
{origin["command"]}
```

then `calibrate`, `evaluate` and `export` (see `training/README.md`). The export was refused unless ONNX and PyTorch agreed.

{note}"""


def match_paragraph(match: dict | None) -> str:
    """How titles that belong to another product are noticed."""
    if match is None:
        return "Picture and title are trusted where both are there; nothing here notices a title that belongs to another product."
    return (
        f"Picture and title of a listing are taken to belong to different products where the cosine of their embeddings is below "
        f"{match['threshold']}; it is then labelled from the picture alone. On validation rows {match['found']:.1%} of shuffled pairs are "
        f"noticed so, and {match['falseAlarms']:.1%} of the genuine ones are taken for such by mistake; where 2 % may be, "
        f"{match['foundAt2Percent']:.1%} are noticed (area under the ROC curve {match['auroc']})."
    )


def threshold_table(calibration: dict[str, dict]) -> str:
    """Thresholds per task and missing modality."""
    lines = ["| threshold | " + " | ".join(calibration) + " |", "| --- |" + " --- |" * len(calibration)]
    for pattern, title in TITLES.items():
        values = [calibration[task]["threshold"][pattern] for task in calibration]
        lines.append(f"| {title} | " + " | ".join("—" if value is None else f"{value:.3f}" for value in values) + " |")
    return "\n".join(lines)


def million(count: int) -> str:
    """1234567 → "1.2 M"."""
    return f"{count / 1e6:.1f} M"
