"""Reads a CLIP of the open_clip library."""

from __future__ import annotations

import json
from pathlib import Path

import open_clip
import torch
from open_clip.transformer import QuickGELU, VisionTransformer
from torch import Tensor

from .checkpoint import CheckpointError, Clip, Preprocessing, TowerShape, normalised, require, shown
from .tokeniser import checked, open_clip_tokenizer, read_merges

CONFIG_FILE = "open_clip_config.json"
KERNELS = {"bicubic": "cubic"}
BLOCK_NAMES = (
    ("ln_1", "norm_1"),
    ("attn.out_proj", "out"),
    ("ln_2", "norm_2"),
    ("mlp.c_fc", "mlp_in"),
    ("mlp.c_proj", "mlp_out"),
)
IMAGE_NAMES = {
    "visual.class_embedding": "class_token",
    "visual.positional_embedding": "positions",
    "visual.conv1.weight": "patches.weight",
    **{f"visual.ln_pre.{part}": f"norm_in.{part}" for part in ("weight", "bias")},
    **{f"visual.ln_post.{part}": f"norm_out.{part}" for part in ("weight", "bias")},
}
TEXT_NAMES = {
    "token_embedding.weight": "words.weight",
    "positional_embedding": "positions",
    **{f"ln_final.{part}": f"norm_out.{part}" for part in ("weight", "bias")},
}


def read_open_clip(source: str, pretrained: str | None = None) -> Clip:
    """`source`: a folder with open_clip_config.json, a hub name, or an architecture's name with `pretrained`. Raises CheckpointError."""
    is_folder = Path(source).is_dir()
    if is_folder:
        check_config(Path(source))
    name = f"local-dir:{source}" if is_folder else source
    model = load_model(name, pretrained, source)
    require_plain(model, source)
    visual = model.visual
    preprocessing = read_preprocessing(open_clip.get_model_preprocess_cfg(model), source)
    require(
        visual.image_size[0] == visual.image_size[1] == preprocessing.size,
        f"{source}: its preprocessing makes {preprocessing.size} pixels, its image tower takes {visual.image_size}",
    )
    check_text(open_clip.get_tokenizer(name), source)
    state = {name: value.detach().float() for name, value in model.state_dict().items()}
    context_length, vocabulary = model.context_length, model.vocab_size
    tokenizer = open_clip_tokenizer(read_merges(Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz"), context_length)
    ids = (vocabulary - 2, vocabulary - 1, 0)
    return Clip(
        source=shown(source) if pretrained is None else f"{source} ({pretrained})",
        library=f"open_clip {open_clip.__version__}",
        patch=visual.patch_size[0],
        image=tower_shape(visual.transformer, source),
        text=tower_shape(model.transformer, source),
        context_length=context_length,
        vocabulary=vocabulary,
        embedding_width=visual.output_dim,
        contrastive_scale=float(model.logit_scale.detach().exp()),
        preprocessing=preprocessing,
        tokeniser=checked(tokenizer, ids, vocabulary, "open-clip", source),
        image_weights=renamed(state, IMAGE_NAMES, "visual.", {"projection.weight": "visual.proj"}),
        text_weights=renamed(state, TEXT_NAMES, "", {"projection.weight": "text_projection"}),
        image_reference=lambda pixels: image_reference(model, normalised(pixels, preprocessing)),
        text_reference=lambda ids: text_reference(model, ids),
    )


def check_config(folder: Path) -> None:
    """The library reads on for long before it says what is missing."""
    path = folder / CONFIG_FILE
    require(path.is_file(), f"{folder}: there is no {CONFIG_FILE}")
    try:
        config = json.loads(path.read_text("utf-8"))
        text = config["model_cfg"]["text_cfg"]
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path}: is not a configuration of open_clip ({error!r})") from error
    other = text.get("hf_model_name") or text.get("hf_tokenizer_name")
    require(not other, f"{folder}: its text tower or tokeniser is {other}; export-clip takes CLIP's own")


def load_model(name: str, pretrained: str | None, source: str) -> torch.nn.Module:
    """The model with its weights; never with made-up ones."""
    try:
        return open_clip.create_model(name, pretrained=pretrained, require_pretrained=True).eval()
    except Exception as error:
        raise CheckpointError(f"{source}: cannot be loaded by open_clip: {str(error).strip().splitlines()[0]}") from error


def require_plain(model: torch.nn.Module, source: str) -> None:
    """CLIP as in the paper, with a vision transformer. What has other parts or another pooling is refused."""
    require(type(model) is open_clip.CLIP, f"{source} is a {type(model).__name__} of open_clip; export-clip takes its plain CLIP")
    visual = model.visual
    require(type(visual) is VisionTransformer, f"{source}: its image tower is a {type(visual).__name__}; a VisionTransformer is needed")
    pools = visual.attn_pool is None and visual.pool_type == "tok" and not visual.final_ln_after_pool
    require(pools, f"{source}: its image tower does not pool at the class token after its last norm")
    require(
        model.text_pool_type == "argmax" and model.attn_mask is not None,
        f"{source}: its text tower is not causal with the end token pooled, as CLIP's is",
    )
    require(
        visual.proj is not None and isinstance(model.text_projection, Tensor), f"{source}: a tower has no projection, or one with a bias"
    )
    expected = set(expected_names(model))
    strange = sorted(set(model.state_dict()) - expected)
    missing = sorted(expected - set(model.state_dict()))
    require(not strange, f"{source} has weights that plain CLIP has not: {', '.join(strange[:3])}")
    require(not missing, f"{source} lacks weights of plain CLIP: {', '.join(missing[:3])}")


def expected_names(model: torch.nn.Module) -> list[str]:
    """All weights of plain CLIP."""
    names = [*IMAGE_NAMES, *TEXT_NAMES, "visual.proj", "text_projection", "logit_scale"]
    for start, tower in (("visual.", model.visual.transformer), ("", model.transformer)):
        for layer in range(tower.layers):
            block = f"{start}transformer.resblocks.{layer}."
            names += [f"{block}attn.in_proj_weight", f"{block}attn.in_proj_bias"]
            names += [f"{block}{old}.{part}" for old, _ in BLOCK_NAMES for part in ("weight", "bias")]
    return names


def read_preprocessing(config: dict, source: str) -> Preprocessing:
    """What the checkpoint's transform does. Only CLIP's own way is taken: shortest edge, then the centre."""
    size = config["size"]
    sides = {size} if isinstance(size, int) else set(size)
    require(len(sides) == 1, f"{source}: its pictures are {size}, not square")
    mode, kernel = config["resize_mode"], config["interpolation"]
    require(
        mode == "shortest", f"{source}: its preprocessing resizes by {mode}; only the shortest edge with a cut from the centre is served"
    )
    require(kernel in KERNELS, f"{source}: its preprocessing resamples {kernel}; bicubic is needed")
    return Preprocessing(sides.pop(), KERNELS[kernel], 1 / 255, tuple(config["mean"]), tuple(config["std"]))


def check_text(tokenizer: object, source: str) -> None:
    """Only the library's own tokeniser with its usual cleaning has a counterpart in the service."""
    clean = getattr(getattr(tokenizer, "clean_fn", None), "__name__", "none")
    is_plain = type(tokenizer).__name__ == "SimpleTokenizer" and clean == "_clean_lower" and tokenizer.reduction_fn is None
    require(
        is_plain, f"{source}: its tokeniser is {type(tokenizer).__name__} with {clean}; open_clip's SimpleTokenizer in lower case is needed"
    )


def tower_shape(transformer: torch.nn.Module, source: str) -> TowerShape:
    """Of a tower's transformer, from its first block."""
    block = transformer.resblocks[0]
    activation = block.mlp.gelu
    require(isinstance(activation, QuickGELU | torch.nn.GELU), f"{source}: the activation {type(activation).__name__} is not known")
    exact = "gelu_tanh" if getattr(activation, "approximate", "none") == "tanh" else "gelu"
    return TowerShape(
        width=transformer.width,
        layers=transformer.layers,
        heads=block.attn.num_heads,
        hidden=block.mlp.c_fc.out_features,
        activation="quick_gelu" if isinstance(activation, QuickGELU) else exact,
        epsilon=block.ln_1.eps,
    )


def renamed(state: dict[str, Tensor], names: dict[str, str], start: str, transposed: dict[str, str]) -> dict[str, Tensor]:
    """A tower's weights under the names of `towers.py`; the library multiplies its projections from the right."""
    weights = {new: state[old] for old, new in names.items()} | {new: state[old].T.contiguous() for new, old in transposed.items()}
    blocks = f"{start}transformer.resblocks."
    for name, value in state.items():
        if name.startswith(blocks):
            layer, rest = name.removeprefix(blocks).split(".", 1)
            weights[f"blocks.{layer}.{block_name(rest)}"] = value
    return weights


def block_name(old: str) -> str:
    """Of a weight within a block."""
    if old.startswith("attn.in_proj_"):
        return f"query_key_value.{old.removeprefix('attn.in_proj_')}"
    layer, part = old.rsplit(".", 1)
    return f"{dict(BLOCK_NAMES)[layer]}.{part}"


def image_reference(model: torch.nn.Module, values: Tensor) -> tuple[Tensor, Tensor]:
    """The library's own tokens, class token first, and its embedding."""
    visual = model.visual
    tokens = visual.ln_post(visual.transformer(visual._embeds(values)))
    return tokens, model.encode_image(values)


def text_reference(model: torch.nn.Module, ids: Tensor) -> tuple[Tensor, Tensor]:
    """The library's own tokens and embedding; it takes texts of its full length only."""
    length = ids.shape[1]
    whole = torch.nn.functional.pad(ids, (0, model.context_length - length))
    x = model.token_embedding(whole) + model.positional_embedding
    tokens = model.ln_final(model.transformer(x, attn_mask=model.attn_mask))
    return tokens[:, :length], model.encode_text(whole)
