"""MODEL_CARD.md of bundles that only have shapes."""

from __future__ import annotations

from ..bundle import MEDIAN_TITLE_TOKENS, multiply_adds, parameter_count
from ..card import million
from ..graphs import Graph


def shapes_card(title: str, graphs: list[Graph], command: str) -> str:
    """What the graphs cost, and that they know nothing."""
    rows = "\n".join(f"| `{graph.name}.onnx` | {million(parameter_count([graph]))} | {million(multiply_adds(graph))} |" for graph in graphs)
    return f"""# {title}

Nothing was trained: these graphs have the architecture, the shapes and the cost of the model, and know nothing. Whatever they say of a
listing is made up.

| graph | weights | multiply-adds a listing (text of {MEDIAN_TITLE_TOKENS} tokens) |
| --- | --- | --- |
{rows}

All weights are cut from one short vector of random numbers, each in another place and at the scale that keeps activations their size.
The files hold that vector and how each weight is made of it. ONNX Runtime makes the weights when it opens a graph: from then on every
matrix is there whole, in float32 and with values of its own, so a run takes the time of the real model. Opening takes more memory than
the real files do.

## Intended use
Measuring what the pipeline costs with a model of this size, where the real weights are not at hand. Labels, confidences and embeddings
mean nothing.

## Made by

```sh
{command}
```

The files were refused unless ONNX and PyTorch agreed.
"""
