"""A CLIP and a head of a few thousand weights, of the architecture of the large ones."""

import dataclasses

from labelstream_training.clip_export.checkpoint import TowerShape
from labelstream_training.config import ModelConfig
from labelstream_training.shapes.model import VIT_B32

TOWER = {"layers": 2, "heads": 2, "activation": "quick_gelu", "epsilon": 1e-5}
SMALL = dataclasses.replace(
    VIT_B32,
    slug="small",
    size=32,
    patch=8,
    image=TowerShape(width=48, hidden=96, **TOWER),
    text=TowerShape(width=32, hidden=64, **TOWER),
    vocabulary=8000,
    context_length=20,
    embedding_width=16,
    head=ModelConfig(width=24, heads=2, fusion_blocks=1, embedding_width=16, context_length=20),
)
