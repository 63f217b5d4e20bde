"""MMBT (arXiv 1909.02950), the supervised multimodal bitransformer: projected image features as extra tokens of a text transformer."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from ..config import ModelConfig
from .common import Outputs, TaskHeads, availability_shares, hide_masked, presence
from .single_stream import SingleStream


class Mmbt(nn.Module):
    """The image speaks the text's language: a learned linear map takes its features into the space of the words, which stay as they are.

    The paper feeds the cells of a pooled ResNet grid; the image tower's tokens take their place here, all of them, so that
    the number of tokens stays free. The modality weights it returns are no measurement: each modality that is there has an equal share.
    """

    def __init__(self, config: ModelConfig, class_counts: Sequence[int]) -> None:
        super().__init__()
        self.to_words = nn.Linear(config.width, config.width)
        self.stream = SingleStream(config, config.fusion_blocks)
        self.heads = TaskHeads(config.width, config, class_counts)
        # Starts as the identity: over a tower that was trained with the words, anything else has to be unlearned first.
        nn.init.eye_(self.to_words.weight)
        nn.init.zeros_(self.to_words.bias)

    def forward(self, image_tokens: Tensor, image_mask: Tensor, text_tokens: Tensor, text_mask: Tensor) -> Outputs:
        """Interface of `FusionHead.forward`."""
        image = self.to_words(hide_masked(image_tokens, image_mask))  # [B, Ni, width]
        text = hide_masked(text_tokens, text_mask)  # [B, Nt, width]
        logits, embedding = self.heads(self.stream(image, image_mask, text, text_mask)[:, 0])
        return logits, availability_shares(presence(image_mask, text_mask), len(logits)), embedding
