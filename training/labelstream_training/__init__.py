"""Trains, measures and exports the Labelstream model bundles (small CLIP towers and a CMA-CLIP head)."""

__version__ = "0.1.0"
