"""CMA-CLIP (arXiv 2112.03562): the default head, under the name it has in the comparison."""

from __future__ import annotations

from ..fusion_head import FusionHead


class CmaClip(FusionHead):
    """Sequence-wise attention over both sequences, modality-wise attention per task, task heads. See `FusionHead`."""
