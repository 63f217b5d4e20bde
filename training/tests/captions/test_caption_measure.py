import pytest

from labelstream_training.captions.measure import bleu, names_label, share_exact, share_first_word, share_naming


@pytest.mark.parametrize(
    ("title", "label", "named"),
    [
        ("Nike Men Blue T-shirt", "Tshirts", True),
        ("Nike Men Blue T shirt", "Tshirts", True),
        ("Nike Women Shoes", "Men", False),
        ("Nike Men Shoe", "Sports Shoes", True),
        ("Nike Men Navy Blue Shirt", "Navy Blue", True),
        ("", "Shirts", False),
    ],
)
def test_a_title_names_a_label_by_its_words(title: str, label: str, named: bool) -> None:
    assert names_label(title, label) is named


def test_unlabelled_titles_do_not_count() -> None:
    assert share_naming(["Red Shirt", "Blue Shirt", "Shirt"], ["Red", "Red", ""]) == 0.5


def test_exact_and_first_word_ignore_case_and_plurals() -> None:
    assert share_exact(["nike shoe", "puma shoes red"], ["Nike Shoes", "Puma Shoes"]) == 0.5
    assert share_first_word(["nike cap", "puma cap"], ["Nike Shoes", "Adidas Cap"]) == 0.5


def test_bleu_is_one_for_the_same_and_falls_with_order_and_length() -> None:
    truth = ["nike men blue running shoes"]
    assert bleu(truth, truth) == pytest.approx(1.0)
    assert bleu(["nike men blue running"], truth) == pytest.approx(2.718281828 ** (1 - 5 / 4))
    assert bleu(["shoes running blue men nike"], truth) == 0.0
