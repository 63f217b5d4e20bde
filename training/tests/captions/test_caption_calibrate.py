import numpy as np
import torch

from labelstream_training.captions.calibrate import least_confidence, token_confidence


def test_confidence_is_the_mean_probability_of_the_tokens_up_to_the_end() -> None:
    logits = torch.log(torch.tensor([[[0.1, 0.1, 0.2, 0.1, 0.5], [0.1, 0.1, 0.7, 0.05, 0.05], [0.9, 0.02, 0.04, 0.02, 0.02]]]))
    assert torch.allclose(token_confidence(torch.tensor([[4, 2, 2]]), logits, 1.0), torch.tensor([0.6]))
    # Without an end every token counts.
    assert torch.allclose(token_confidence(torch.tensor([[4, 4, 0]]), logits, 1.0), torch.tensor([(0.5 + 0.05 + 0.9) / 3]))


def test_the_least_confidence_holds_the_precision() -> None:
    confidences = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    assert least_confidence(confidences, np.array([1, 1, 0, 1, 0]), 0.75) == 0.6
    assert least_confidence(confidences, np.array([0, 0, 0, 0, 0]), 0.75) == 1.0
