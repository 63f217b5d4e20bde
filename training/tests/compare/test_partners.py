import numpy as np

from labelstream_training.compare.partners import Partners


def test_a_partner_has_the_same_labels_and_every_such_row_is_drawn() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, (60, 2))
    partners = Partners(labels)
    rows = np.repeat(np.arange(60), 50)
    found = partners.of(rows, random)
    assert np.array_equal(labels[found], labels[rows])
    alike = np.flatnonzero((labels == labels[7]).all(axis=1))
    assert set(found[rows == 7]) == set(alike)


def test_a_row_that_is_alone_is_its_own_partner() -> None:
    partners = Partners(np.array([[0, 1], [0, 2], [1, 1]]))
    assert list(partners.of(np.arange(3), np.random.default_rng(0))) == [0, 1, 2]


def test_only_eligible_rows_are_drawn_and_where_there_is_none_a_row_is_its_own_partner() -> None:
    random = np.random.default_rng(0)
    labels, eligible = random.integers(0, 3, (60, 1)), random.random(60) < 0.3
    eligible[labels[:, 0] == 2] = False
    rows = np.repeat(np.arange(60), 20)
    found = Partners(labels, eligible).of(rows, random)
    assert np.array_equal(labels[found], labels[rows])
    lonely = labels[rows, 0] == 2
    assert eligible[found[~lonely]].all() and np.array_equal(found[lonely], rows[lonely])
    assert np.array_equal(Partners(labels, np.zeros(60, dtype=bool)).of(rows, random), rows)
