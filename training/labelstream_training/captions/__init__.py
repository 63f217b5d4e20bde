"""A captioning decoder over frozen image tokens (CoCa, arXiv 2205.01917): proposes a title where a listing has none."""
