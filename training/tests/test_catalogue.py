from pathlib import Path

import pytest
from conftest import write_folder

from labelstream_training.catalogue import (
    TASKS,
    UNKNOWN_LABEL,
    UNLABELLED,
    CatalogueError,
    collect_labels,
    label_indices,
    listing_text,
    named_labels,
    read_catalogue,
    read_folder,
    yes_no_tasks,
)
from labelstream_training.taxonomy import label_categories, taxonomy_paths


def test_vocabulary_is_the_sorted_labels_of_the_train_rows(data_folder: Path) -> None:
    labels = collect_labels(read_folder(data_folder))
    assert list(labels) == list(TASKS)
    assert labels["baseColour"] == ["Blue", "Green", "Red"]


def test_empty_and_unknown_labels_are_told_apart(data_folder: Path) -> None:
    listings = read_folder(data_folder)
    vocabulary = {**collect_labels(listings), "articleType": ["Jeans"]}
    indices = dict(zip(TASKS, label_indices(listings[0], vocabulary), strict=True))
    assert indices["season"] == UNLABELLED
    assert indices["articleType"] == UNKNOWN_LABEL
    assert indices["baseColour"] == 2


def test_description_stands_in_for_a_missing_title_only() -> None:
    assert listing_text(" Red shirt ", "long words") == "Red shirt"
    assert listing_text("  ", "long words") == "long words"
    assert listing_text(None, None) == ""


def test_folders_are_read_one_after_the_other(data_folder: Path, tmp_path: Path) -> None:
    other = write_folder(tmp_path / "more", 3)
    listings = read_catalogue([data_folder, other])
    assert [item.folder for item in listings[-3:]] == [other] * 3
    assert len(listings) == 43


def test_missing_file_and_missing_column_are_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="paramaggarwal"):
        read_folder(tmp_path)
    (tmp_path / "products.csv").write_text("id,title\n1,x\n", "utf-8")
    with pytest.raises(CatalogueError, match="split"):
        read_folder(tmp_path)


def test_taxonomy_paths_run_from_the_root(data_folder: Path) -> None:
    paths = taxonomy_paths(read_folder(data_folder))
    assert paths["articleType"]["Jeans"] == ["Apparel", "Bottomwear", "Jeans"]
    assert paths["subCategory"]["Topwear"] == ["Apparel", "Topwear"]
    assert paths["masterCategory"] == {"Apparel": ["Apparel"]}


def test_only_labels_of_the_vocabulary_get_a_category() -> None:
    category = label_categories("articleType", ["Jeans", "No such thing"])
    assert category is not None and list(category["byLabel"]) == ["Jeans"]
    assert label_categories("articleType", ["No such thing"]) is None
    assert label_categories("baseColour", ["Red"]) is None


def attribute_folder(folder: Path, tasks: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tasks.json").write_text(tasks, "utf-8")
    (folder / "products.csv").write_text("id,title,Drama,SciFi,split\n1,A Sci-Fi drama,no,yes,train\n2,Drama,yes,no,train\n", "utf-8")
    return folder


def test_a_folder_may_name_its_own_tasks(tmp_path: Path) -> None:
    listings = read_catalogue([attribute_folder(tmp_path, '["Drama", "SciFi"]')])
    assert listings[0].labels == {"Drama": "no", "SciFi": "yes"}
    vocabulary = collect_labels(listings)
    assert vocabulary == {"Drama": ["no", "yes"], "SciFi": ["no", "yes"]}
    assert label_indices(listings[1], vocabulary) == [1, 0]
    assert yes_no_tasks(vocabulary) == ["Drama", "SciFi"]
    assert named_labels(listings[0]) == ["SciFi"]
    assert yes_no_tasks({**vocabulary, "genre": ["no", "other", "yes"]}) == ["Drama", "SciFi"]


@pytest.mark.parametrize(
    ("tasks", "words"),
    [
        ("{", "is not JSON"),
        ("[]", "is no list of task names"),
        ('["Sci-Fi"]', "is no list of task names"),
        ('["Drama", "Drama"]', "names a task twice"),
    ],
)
def test_tasks_that_are_none_are_refused(tasks: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=words):
        read_folder(attribute_folder(tmp_path, tasks))


def test_folders_of_different_tasks_are_not_mixed(data_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="different tasks"):
        read_catalogue([data_folder, attribute_folder(tmp_path, '["Drama", "SciFi"]')])
