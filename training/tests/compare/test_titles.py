import pytest

from labelstream_training.compare.titles import label_stems, names_label, with_few_words, with_typos, without_label_words


@pytest.mark.parametrize(
    ("title", "labels", "left"),
    [
        ("Nike Men Blue T-shirt", ["Men", "Apparel", "Topwear", "Tshirts", "Blue"], "Nike"),
        ("Nike Blues Rock T shirt", ["Tshirts"], "Nike Blues Rock"),
        ("Puma Navy Blue Track Pants", ["Track Pants", "Navy Blue"], "Puma"),
        ("Womens Grey-Melange Top", ["Women", "Grey Melange"], "Top"),
        ("Salt & Pepper Mens", ["Men", "Salt and Pepper"], "&"),
        ("Plain Red Dress", [], "Plain Red Dress"),
    ],
)
def test_only_words_that_name_a_label_are_taken_out(title: str, labels: list[str], left: str) -> None:
    assert without_label_words(title, labels) == left


def test_labels_are_compared_without_case_plural_and_hyphens() -> None:
    assert label_stems(["Flip Flops", "T-shirts"]) == {"flip", "flop", "flipflop", "t", "shirt", "tshirt"}


def test_typos_change_something_repeat_and_leave_short_words_alone() -> None:
    titles = [with_typos("Nike Men Blue Jersey of Team", seed) for seed in range(30)]
    assert all(title != "Nike Men Blue Jersey of Team" for title in titles)
    assert titles == [with_typos("Nike Men Blue Jersey of Team", seed) for seed in range(30)]
    assert len(set(titles)) > 10
    assert {title.split(" ")[1] for title in titles} == {"Men"}
    assert with_typos("Men", 1) == "Men" and with_typos("", 1) == ""


def test_a_title_names_a_label_whatever_its_spelling() -> None:
    assert names_label("Acme Men  navy-blue T shirt", "Navy Blue")
    assert names_label("Acme Men T shirt", "Tshirts")
    assert not names_label("Acme  Men T shirt", "Red")
    assert not names_label("Acme", "")


def test_few_words_are_some_of_the_words_in_their_order_and_at_least_one() -> None:
    words = [f"w{place}" for place in range(20)]
    kept = [with_few_words(" ".join(words), seed).split() for seed in range(40)]
    assert all(found and found == sorted(found, key=words.index) for found in kept)
    assert 5 < sum(map(len, kept)) / len(kept) < 15
    assert with_few_words("alone", 3) == "alone" and with_few_words("", 3) == ""
