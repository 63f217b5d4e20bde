import copy
import json
from pathlib import Path

import pytest

from labelstream_training.catalogue import TASKS, CatalogueError
from labelstream_training.compare.conditions import CONDITIONS
from labelstream_training.compare.report import below_floor, document, kept, percent, winners, write_report
from labelstream_training.compare.results import figure, group_rows, read_results, task_mean
from labelstream_training.compare.settings import CompareConfig
from labelstream_training.config import config_to_dict


def result(name: str, head: str, seed: int, accuracy: float, **config: object) -> dict:
    figures = {"accuracy": accuracy, "macroF1": 0.5, "recallAtPrecision": 0.9, "expectedCalibrationError": 0.02, "imageWeight": 0.4}
    return {
        "name": name,
        "head": head,
        "seed": seed,
        "config": {**config_to_dict(CompareConfig()), **config},
        "towers": "abc",
        "rows": "def",
        "cost": {"parameters": 1_000_000, "multiplyAdds": 50_000_000, "msPerListing": 1.5},
        "training": {"seconds": 1.0, "looks": []},
        "match": {"auroc": 0.97, "found": 0.85, "falseAlarms": 0.02, "threshold": 0.31},
        "conditions": {condition: {task: dict(figures) for task in TASKS} for condition in CONDITIONS},
        "monotone": {
            task: {name: {"expectedCalibrationError": 0.02, "rises": 0.03} for name in ("complete", "textMissing", "imageMissing")}
            for task in TASKS
        },
        "rises": {missing: dict.fromkeys(TASKS, 0.1) for missing in ("imageMissing", "textMissing")},
    }


def results() -> list[dict]:
    fused = [result("cma-clip", "cma-clip", 1, 0.90), result("cma-clip", "cma-clip", 2, 0.92)]
    floors = [result("image-only", "image-only", 1, 0.70), result("text-only", "text-only", 1, 0.80)]
    return [*floors, *fused]


def test_rows_are_in_the_order_of_the_systems_and_hold_their_seeds() -> None:
    rows = group_rows([result("tuned", "cma-clip", 1, 0.9), *results()])
    assert [row.name for row in rows] == ["cma-clip", "tuned", "image-only", "text-only"]
    assert len(rows[0].results) == 2
    assert rows[1].title == "CMA-CLIP: tuned"


def test_mean_and_deviation_over_seeds() -> None:
    rows = group_rows(results())
    assert percent(rows[0], figure("complete", "gender", "accuracy")) == "91.0 ± 1.4"
    assert percent(rows[1], task_mean("complete")) == "70.0"
    assert percent(rows[1], figure("complete", "gender", "unheard")) == "–"
    assert kept(results()[0]) == 1.0


def test_a_fused_head_below_the_floor_is_named_only_beyond_the_deviation() -> None:
    found = results()
    assert below_floor(group_rows(found)) == []
    for seed in (2, 3):
        found[seed]["conditions"]["textMissing"]["baseColour"]["accuracy"] = 0.65
        found[seed]["conditions"]["withoutLabelWords"]["season"]["accuracy"] = 0.75
    # Two seeds far apart say nothing.
    found[2]["conditions"]["imageMissing"]["usage"]["accuracy"] = 0.60
    assert below_floor(group_rows(found)) == [
        "- CMA-CLIP, text missing: baseColour 5.0 points",
        "- CMA-CLIP, label words taken out: season 5.0 points",
    ]


def test_the_page_has_every_system_condition_and_task_and_names_the_first() -> None:
    page = document(results())
    for words in (
        *CONDITIONS.values(),
        *TASKS,
        "AUROC 0.970",
        "3.0 ± 0.0 (2.0 ± 0.0)",
        "| CMA-CLIP | 2112.03562 | 1.00 M | 50.0 M | 1.50 | 2 |",
    ):
        assert words.lower() in page.lower()
    assert "| complete | CMA-CLIP | 91.0 ± 1.4 | text only | 11.00 |" in winners(group_rows(results()))


def test_settings_of_a_row_are_told_and_unnamed_rows_share_theirs() -> None:
    page = document([*results(), result("tuned", "cma-clip", 1, 0.9, label_words_share=0.5)])
    assert "- CMA-CLIP: tuned: `label_words_share` 0.5" in page
    with pytest.raises(CatalogueError, match="share their settings"):
        document([*results(), result("clip-mlp", "clip-mlp", 1, 0.9, steps=7)])


def test_results_of_different_towers_are_not_mixed(tmp_path: Path) -> None:
    first, second = results()[:2]
    second = {**copy.deepcopy(second), "towers": "xyz"}
    for number, item in enumerate((first, second)):
        (tmp_path / f"{number}.json").write_text(json.dumps(item), "utf-8")
    with pytest.raises(CatalogueError, match="different towers"):
        read_results(tmp_path)
    with pytest.raises(CatalogueError, match="no results"):
        read_results(tmp_path / "nothing")


def test_the_defaults_own_confidence_is_a_part_of_the_page_where_it_is_named(tmp_path: Path) -> None:
    figures = {"error": {"complete": 0.012, "imageOnly": 0.02, "textOnly": 0.03}, "rises": {"imageOnly": 0.041, "textOnly": 0.0052}}
    calibration = tmp_path / "calibration.json"
    calibration.write_text(json.dumps({"crossFitted": {"gender": figures}}), "utf-8")
    raw = tmp_path / "raw.json"
    raw.write_text(json.dumps({"results": results()}), "utf-8")
    write_report(raw, tmp_path / "page.md", None, calibration)
    assert "| gender | 1.2 | 3.0 | 2.0 | 0.5 | 4.1 |" in (tmp_path / "page.md").read_text("utf-8")
    write_report(raw, tmp_path / "page.md", None)
    assert "Confidence of the default" not in (tmp_path / "page.md").read_text("utf-8")
