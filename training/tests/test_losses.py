import torch

from labelstream_training.losses import contrastive_loss, task_loss


def test_unlabelled_rows_change_nothing() -> None:
    logits = [torch.randn(4, 3, generator=torch.Generator().manual_seed(1)).requires_grad_()]
    labels = torch.tensor([[0], [-1], [2], [-2]])
    loss = task_loss(logits, labels, torch.ones(4), 0.1)
    loss.backward()
    assert torch.equal(logits[0].grad[[1, 3]], torch.zeros(2, 3))
    few = task_loss([logits[0][[0, 2]]], labels[[0, 2]], torch.ones(2), 0.1)
    assert torch.allclose(loss, few)


def test_a_batch_without_labels_has_zero_loss() -> None:
    assert float(task_loss([torch.randn(2, 3)], torch.full((2, 1), -1), torch.ones(2), 0.0)) == 0.0


def test_listings_taken_out_do_not_count() -> None:
    logits, labels = [torch.randn(3, 4)], torch.tensor([[1], [2], [3]])
    kept = task_loss(logits, labels, torch.tensor([1.0, 0.0, 1.0]), 0.0)
    assert torch.allclose(kept, task_loss([logits[0][[0, 2]]], labels[[0, 2]], torch.ones(2), 0.0))


def test_equal_titles_are_no_negatives_for_each_other() -> None:
    vectors = torch.nn.functional.normalize(torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), dim=1)
    scale, every = torch.tensor(20.0), torch.ones(3)
    same = contrastive_loss(vectors, vectors, scale, torch.tensor([5, 5, 6]), every)
    different = contrastive_loss(vectors, vectors, scale, torch.tensor([5, 4, 6]), every)
    assert torch.allclose(same, different, atol=1e-6)
    swapped = vectors[[0, 2, 1]]
    assert contrastive_loss(vectors, swapped, scale, torch.tensor([5, 5, 6]), every) > same


def test_pairs_with_a_missing_modality_are_left_out() -> None:
    random = torch.Generator().manual_seed(2)
    a, b = torch.randn(4, 8, generator=random), torch.randn(4, 8, generator=random)
    groups, scale = torch.arange(4), torch.tensor(5.0)
    partly = contrastive_loss(a, b, scale, groups, torch.tensor([1.0, 1.0, 0.0, 1.0]))
    rows = [0, 1, 3]
    assert torch.allclose(partly, contrastive_loss(a[rows], b[rows], scale, groups[rows], torch.ones(3)))
    assert float(contrastive_loss(a, b, scale, groups, torch.zeros(4))) == 0.0
