from pathlib import Path

import pytest
import torch
from conftest import TINY
from tiny_tokens import make_split

from labelstream_training.captions.decoder import CaptionDecoder
from labelstream_training.captions.settings import CaptionConfig, read_caption_config
from labelstream_training.captions.trainer import CaptionData, Titles, asked, is_inner_matrix, train_captions

CONFIG = CaptionConfig(
    width=16,
    heads=2,
    text_blocks=1,
    image_blocks=1,
    queries=2,
    embedding_width=8,
    longest=5,
    steps=80,
    batch_size=16,
    matrix_rate=0.05,
    rate=0.03,
    warmup_steps=3,
    ema_decay=0.8,
    checks=2,
    check_rows=40,
)
WORDS = 12


def make_data(rows: int, seed: int) -> CaptionData:
    """Titles that name the first two labels, which stand in the class token of the image."""
    tokens = make_split(rows, seed)
    words = [torch.full((rows,), 1), 4 + tokens.labels[:, 0], 6 + tokens.labels[:, 1], torch.full((rows,), 2)]
    return CaptionData(tokens, Titles(torch.stack(words, dim=1), torch.full((rows,), 4)))


def train(run: Path, stop_at: int | None = None) -> tuple[dict, list[dict]]:
    torch.manual_seed(2)
    lines: list[dict] = []

    def report(line: dict) -> None:
        lines.append(line)
        if stop_at is not None and line.get("check", {}).get("step") == stop_at:
            raise KeyboardInterrupt

    decoder = CaptionDecoder(CONFIG, TINY.width, WORDS)
    return train_captions(decoder, make_data(64, 1), make_data(40, 2), CONFIG, run, report).best, lines


def test_titles_are_learned_from_images(tmp_path: Path) -> None:
    _, lines = train(tmp_path)
    first, last = [line["check"] for line in lines if "check" in line]
    # Guessing by frequency alone leaves ln 2 + ln 3 over three tokens, 0.6.
    assert last["crossEntropy"] < first["crossEntropy"] and last["crossEntropy"] < 0.45


def test_a_stopped_run_goes_on_to_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = train(tmp_path / "whole")
    monkeypatch.setattr("labelstream_training.compare.trainer.SAVE_EVERY_S", 0.0)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "halves", stop_at=40)
    again, lines = train(tmp_path / "halves")
    assert [line["check"]["step"] for line in lines if "check" in line][-1] == 80
    for name, value in whole.items():
        assert torch.equal(value, again[name]), name


def test_padding_and_unknown_words_are_not_asked_for() -> None:
    assert asked(torch.tensor([[1, 5, 3, 2, 0]])).tolist() == [[True, False, True, False]]


def test_words_and_projections_are_no_inner_matrices() -> None:
    named = dict(CaptionDecoder(CONFIG, TINY.width, WORDS).named_parameters())
    inner = {name for name, weight in named.items() if is_inner_matrix(name, weight)}
    assert "embedding.weight" not in inner and "text_projection.weight" not in inner
    assert "text_blocks.0.mlp_in.weight" in inner


def test_settings_come_from_json(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"steps": 7}', "utf-8")
    assert read_caption_config(path).steps == 7
    assert read_caption_config(None) == CaptionConfig()
