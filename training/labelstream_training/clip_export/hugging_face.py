"""Reads a CLIP of the transformers library."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers
from torch import Tensor
from transformers import AutoTokenizer, CLIPImageProcessor, CLIPModel

from .checkpoint import CheckpointError, Clip, Preprocessing, TowerShape, normalised, require, shown
from .tokeniser import checked

ACTIVATIONS = {"quick_gelu": "quick_gelu", "gelu": "gelu", "gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh"}
# Values of PIL's enumeration.
KERNELS = {1: "lanczos3", 3: "cubic"}
# A config from before the end token was recorded; the library then takes the highest id of a text for its end.
UNRECORDED_END = 2
LEAST_VOCABULARY = 512


def read_hugging_face(source: str) -> Clip:
    """`source`: a name on the hub or a folder. Raises CheckpointError."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    config = load(lambda: transformers.AutoConfig.from_pretrained(source), source, "config.json")
    require(
        config.model_type == "clip",
        f"{source} is a checkpoint of the architecture {config.model_type}; export-clip takes CLIP (model_type clip)",
    )
    # Both are read before the weights: they are small, and most of what is wrong shows here.
    preprocessing = read_preprocessing(source, config.vision_config.image_size)
    tokenizer = read_tokenizer(source)
    model = load_model(source)
    vision, text = config.vision_config, config.text_config
    ids = (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id)
    check_end(text, ids[1], source)
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.enable_truncation(text.max_position_embeddings)
    state = {name: value.detach().float() for name, value in model.state_dict().items()}
    return Clip(
        source=shown(source),
        library=f"transformers {transformers.__version__}",
        patch=vision.patch_size,
        image=tower_shape(vision, source),
        text=tower_shape(text, source),
        context_length=text.max_position_embeddings,
        vocabulary=text.vocab_size,
        embedding_width=config.projection_dim,
        contrastive_scale=float(model.logit_scale.detach().exp()),
        preprocessing=preprocessing,
        tokeniser=checked(tokenizer.backend_tokenizer, ids, text.vocab_size, None, source),
        image_weights=image_weights(state, vision.num_hidden_layers),
        text_weights=text_weights(state, text.num_hidden_layers),
        image_reference=lambda pixels: image_reference(model, normalised(pixels, preprocessing)),
        text_reference=lambda ids: text_reference(model, ids),
    )


def load(call, source: str, what: str) -> object:
    """The library's answer, or its first line as a CheckpointError."""
    try:
        return call()
    except Exception as error:
        raise CheckpointError(f"{source}: {what} cannot be read: {str(error).strip().splitlines()[0]}") from error


def load_model(source: str) -> torch.nn.Module:
    """The whole model; the library would make up weights that are missing or of another shape."""

    def call() -> tuple:
        return CLIPModel.from_pretrained(source, dtype=torch.float32, output_loading_info=True, ignore_mismatched_sizes=True)

    model, info = load(call, source, "the weights")
    for kind, what in (("mismatched_keys", "has another shape for"), ("missing_keys", "lacks"), ("unexpected_keys", "has more weights:")):
        # Those of another shape come with both shapes.
        names = sorted(name if isinstance(name, str) else str(name[0]) for name in info.get(kind, ()))
        require(not names, f"{source} {what} {', '.join(names[:3])}{' and others' if len(names) > 3 else ''}")
    return model.eval()


def read_preprocessing(source: str, image_size: int) -> Preprocessing:
    """What the checkpoint's image processor does. Only CLIP's own way is taken: shortest edge, then the centre."""
    processor = load(lambda: CLIPImageProcessor.from_pretrained(source), source, "preprocessor_config.json")
    size, crop = dict(processor.size), dict(processor.crop_size)
    edge = size.get("shortest_edge")
    sizes = {edge, crop.get("height"), crop.get("width")}
    require(
        processor.do_resize and processor.do_center_crop and sizes == {image_size},
        f"{source}: its preprocessing makes {size} and cuts {crop}; the shortest edge and both sides of the cut have to be {image_size}, "
        "the image size of its tower",
    )
    require(
        int(processor.resample) in KERNELS, f"{source}: its preprocessing resamples with {processor.resample}; bicubic or Lanczos is needed"
    )
    normalises = processor.do_normalize
    return Preprocessing(
        size=image_size,
        kernel=KERNELS[int(processor.resample)],
        scale=float(processor.rescale_factor) if processor.do_rescale else 1.0,
        mean=tuple(processor.image_mean) if normalises else (0.0, 0.0, 0.0),
        deviation=tuple(processor.image_std) if normalises else (1.0, 1.0, 1.0),
    )


def read_tokenizer(source: str) -> object:
    """The checkpoint's tokeniser. Without its files the library would make an empty one."""
    folder = Path(source)
    if folder.is_dir():
        has_files = (folder / "tokenizer.json").is_file() or all((folder / name).is_file() for name in ("vocab.json", "merges.txt"))
        require(has_files, f"{source}: there is no tokenizer.json, nor vocab.json with merges.txt")
    tokenizer = load(lambda: AutoTokenizer.from_pretrained(source), source, "the tokeniser")
    require(getattr(tokenizer, "backend_tokenizer", None) is not None, f"{source}: its tokeniser has no tokenizer.json form")
    require(
        len(tokenizer) >= LEAST_VOCABULARY, f"{source}: its tokeniser knows {len(tokenizer)} words, fewer than there are bytes in two forms"
    )
    return tokenizer


def check_end(text: object, end: int, source: str) -> None:
    """The tower must pool where the tokeniser puts its end token."""
    if text.eos_token_id == UNRECORDED_END:
        require(
            end == text.vocab_size - 1, f"{source}: its text tower pools at the highest id, which is not its tokeniser's end token {end}"
        )
    else:
        require(end == text.eos_token_id, f"{source}: its text tower pools at id {text.eos_token_id}, its tokeniser ends texts with {end}")


def tower_shape(config: object, source: str) -> TowerShape:
    """Of a tower's config."""
    require(config.hidden_act in ACTIVATIONS, f"{source}: the activation {config.hidden_act} is none of {', '.join(ACTIVATIONS)}")
    return TowerShape(
        width=config.hidden_size,
        layers=config.num_hidden_layers,
        heads=config.num_attention_heads,
        hidden=config.intermediate_size,
        activation=ACTIVATIONS[config.hidden_act],
        epsilon=config.layer_norm_eps,
    )


def image_weights(state: dict[str, Tensor], layers: int) -> dict[str, Tensor]:
    """The image tower's weights under the names of `towers.py`."""
    start = "vision_model."
    return {
        "class_token": state[f"{start}embeddings.class_embedding"],
        "patches.weight": state[f"{start}embeddings.patch_embedding.weight"],
        "positions": state[f"{start}embeddings.position_embedding.weight"],
        **pair(state, f"{start}pre_layrnorm", "norm_in"),
        **pair(state, f"{start}post_layernorm", "norm_out"),
        "projection.weight": state["visual_projection.weight"],
        **block_weights(state, start, layers),
    }


def text_weights(state: dict[str, Tensor], layers: int) -> dict[str, Tensor]:
    """As `image_weights`."""
    start = "text_model."
    return {
        "words.weight": state[f"{start}embeddings.token_embedding.weight"],
        "positions": state[f"{start}embeddings.position_embedding.weight"],
        **pair(state, f"{start}final_layer_norm", "norm_out"),
        "projection.weight": state["text_projection.weight"],
        **block_weights(state, start, layers),
    }


def pair(state: dict[str, Tensor], old: str, new: str) -> dict[str, Tensor]:
    """Weight and bias of a layer."""
    return {f"{new}.{part}": state[f"{old}.{part}"] for part in ("weight", "bias")}


def block_weights(state: dict[str, Tensor], start: str, layers: int) -> dict[str, Tensor]:
    """Query, key and value are one layer in `towers.py`."""
    weights = {}
    for layer in range(layers):
        old, new = f"{start}encoder.layers.{layer}", f"blocks.{layer}"
        for part in ("weight", "bias"):
            three = [state[f"{old}.self_attn.{name}_proj.{part}"] for name in "qkv"]
            weights[f"{new}.query_key_value.{part}"] = torch.cat(three)
        for was, becomes in (
            ("self_attn.out_proj", "out"),
            ("layer_norm1", "norm_1"),
            ("layer_norm2", "norm_2"),
            ("mlp.fc1", "mlp_in"),
            ("mlp.fc2", "mlp_out"),
        ):
            weights |= pair(state, f"{old}.{was}", f"{new}.{becomes}")
    return weights


def image_reference(model: torch.nn.Module, values: Tensor) -> tuple[Tensor, Tensor]:
    """The library's own tokens, with the norm that it applies to the class token only, and its embedding."""
    found = model.vision_model(pixel_values=values).last_hidden_state
    return model.vision_model.post_layernorm(found), features(model.get_image_features(pixel_values=values))


def text_reference(model: torch.nn.Module, ids: Tensor) -> tuple[Tensor, Tensor]:
    """The library's own tokens and embedding."""
    return model.text_model(input_ids=ids).last_hidden_state, features(model.get_text_features(input_ids=ids))


def features(found: object) -> Tensor:
    """Later versions return the projected vector inside an output object."""
    return found if isinstance(found, Tensor) else found.pooler_output
