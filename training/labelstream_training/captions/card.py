"""MODEL_CARD.md of a caption bundle, written from what was measured."""

from __future__ import annotations

from ..bundle import multiply_adds
from ..card import data_section, million
from ..graphs import Graph
from .decoder import CaptionDecoder


def caption_card(decoder: CaptionDecoder, graphs: list[Graph], figures: dict, origin: dict, note: str) -> str:
    """The card."""
    prefix, step = graphs
    config = decoder.config
    return f"""# Caption decoder: titles proposed from pictures, after CoCa

`prefix.onnx` and `step.onnx` (ONNX opset 17), {million(decoder.served_parameters())} weights, matrices stored as float16
and computed with as float32. After CoCa (arXiv 2205.01917): {config.queries} learned queries pool the token sequence of a picture;
{config.text_blocks} causal text layers, then {config.image_blocks} that also attend to the pooled picture, all of width {config.width};
captioning loss ({config.caption_weight:g}) and contrastive loss ({config.contrastive_weight:g}). The image tower is that of the encoder
which the manifest names, and was frozen. `prefix` costs {million(multiply_adds(prefix))} multiply-adds a picture, `step`
{million(multiply_adds(step))} a token.

## Intended use
Proposing a title to a seller who gave none. It is a suggestion for people: no label is made from it, and it never stands for the seller's
text. Words that fewer than {config.least_count} train titles have are never said.

{data_section(origin)}

## Figures
On {figures["rows"]} validation rows; no validation title occurs among the train titles. Greedy decoding, one title for each picture.

{figures_table(figures)}

"Names the label": the title has the label's own words. "Read back": the default model reads the right label out of the title alone. The
sellers' own titles are the yardstick: many do not name what they sell either.

| | |
| --- | --- |
| cross entropy of a token, perplexity | {figures["tokenCrossEntropy"]:.3f}, {figures["perplexity"]:.2f} |
| exactly the seller's title | {figures["exact"]:.3f} |
| begins with the seller's first word (mostly the brand) | {figures["firstWord"]:.3f} |
| BLEU-4 against one seller's title | {figures["bleu4"]:.3f} |
| different titles | {figures["distinctTitles"]} |
| CLIP match at least the seller's | {figures["clipMatchAtLeastSellers"]:.3f} |
| confidence from which a title is proposed | {figures["minimumConfidence"]:.3f} |
| pictures that get one | {figures["proposedShare"]:.3f} |
| article type of these, read back | {figures["articleTypeOfProposed"]:.3f} |

Temperature {figures["temperature"]:g} and the least confidence were chosen on these same rows.

## Limits
- The brand is a guess unless it can be seen: a decoder that has learned titles says a name because titles have one. Whoever shows a
  suggestion should say that it is one.
- Token confidence is how likely the words are to be the next ones, not how likely the title is to be true.
- One shop's catalogue; English titles; 60 × 80 pixels: prints, materials and small details are beyond it.

## Made by
Seed {origin["seed"]}, trained {origin["trainedAt"]} with

```sh
{origin["command"]}
```

{note}
"""


def figures_table(figures: dict) -> str:
    """Proposed titles beside the sellers'."""
    columns = [("names the " + label(task), "named", task) for task in figures["proposed"]["named"]]
    columns += [(label(task) + " read back", "readBack", task) for task in figures["proposed"]["readBack"]]
    head = "| titles | " + " | ".join(title for title, _, _ in columns) + " | CLIP match |"
    lines = [head, "| --- |" + " --- |" * (len(columns) + 1)]
    for who in ("proposed", "sellers"):
        values = [figures[who][group][task] for _, group, task in columns] + [figures[who]["clipMatch"]]
        lines.append(f"| {who} | " + " | ".join(f"{value:.3f}" for value in values) + " |")
    return "\n".join(lines)


def label(task: str) -> str:
    """articleType → article type."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in task)
