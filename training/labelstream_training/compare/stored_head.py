"""best.pt of a job: the name of a head and its weights."""

from __future__ import annotations

import pickle
from pathlib import Path

import torch
from torch import nn

from ..catalogue import CatalogueError
from ..checkpoint import first_difference
from ..heads import HEADS


def read_stored_head(path: Path) -> tuple[str, dict]:
    """Name and weights. Raises CatalogueError where the file is something else."""
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise CatalogueError(f"{path} cannot be read as a head: {str(error).splitlines()[0]}") from error
    if not isinstance(stored, dict) or not {"head", "weights"} <= set(stored):
        raise CatalogueError(f"{path} is no head that `compare` has trained (best.pt of a job)")
    if stored["head"] not in HEADS:
        raise CatalogueError(f"{path} is a {stored['head']}; known are {', '.join(HEADS)}")
    return stored["head"], stored["weights"]


def fit_weights(head: nn.Module, weights: dict, path: Path) -> None:
    """Loads the weights of `path` into a head made for some towers and labels. Raises CatalogueError where they are of other shapes."""
    try:
        head.load_state_dict(weights)
    except RuntimeError as error:
        raise CatalogueError(f"{path} is of another architecture than these tokens ask for: {first_difference(error)}") from error


def require_kind(path: Path, kind: str) -> dict:
    """The weights of a stored head of this kind. Raises CatalogueError where it is another one: a checkpoint holds only such a head."""
    found, weights = read_stored_head(path)
    if found != kind:
        raise CatalogueError(f"{path} is a {found}; a checkpoint holds a {kind}")
    return weights
