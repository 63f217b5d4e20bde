"""Predictions of a made-up head, for the tests of calibration."""

import numpy as np

from labelstream_training.predict import PATTERNS, Predictions

WIDTH = 8


def made_predictions(rows: int = 1600, seed: int = 0) -> Predictions:
    """One task of three classes. Some listings are hard; a head without calibration is as sure of them as of the others, and `fused` tells
    them apart. Without the text a listing is a little harder, without the image nothing changes but the noise.
    """
    random = np.random.default_rng(seed)
    truth = random.integers(0, 3, rows)
    hard = random.random(rows) < 0.4
    fused = random.standard_normal((rows, 1, WIDTH)).astype(np.float32)
    fused[:, 0, 0] = np.where(hard, 4.0, -4.0)

    def answers(chance_easy: float, chance_hard: float) -> np.ndarray:
        right = random.random(rows) < np.where(hard, chance_hard, chance_easy)
        said = np.where(right, truth, (truth + 1 + random.integers(0, 2, rows)) % 3)
        return (3.0 * np.eye(3)[said] + 0.3 * random.standard_normal((rows, 3))).astype(np.float32)

    logits = {"complete": answers(0.98, 0.7), "imageOnly": answers(0.9, 0.5), "textOnly": answers(0.97, 0.68)}
    return Predictions(
        logits={pattern: {"kind": logits[pattern]} for pattern in PATTERNS},
        weights={pattern: np.full((rows, 1, 2), 0.5) for pattern in PATTERNS},
        truth=truth[:, None],
        fused=dict.fromkeys(PATTERNS, fused),
    )
