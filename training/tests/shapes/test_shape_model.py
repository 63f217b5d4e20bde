import torch
from small_shapes import SMALL

from labelstream_training.clip_export.checkpoint import Tokeniser
from labelstream_training.shapes.model import ProjectedHead, head_graph, make_towers
from labelstream_training.shapes.pattern import fill

CLASSES = [3, 4]


def make_head() -> ProjectedHead:
    head = ProjectedHead(SMALL.image.width, SMALL.text.width, SMALL.head, CLASSES).eval()
    fill(head)
    return head


def test_the_towers_give_as_many_tokens_as_the_shapes_say() -> None:
    _, image, text = make_towers(SMALL, Tokeniser("{}", 1, 2, 0, None))
    tokens, embedding = image(torch.zeros(2, SMALL.size, SMALL.size, 3, dtype=torch.uint8))
    assert (tokens.shape, embedding.shape) == ((2, 17, SMALL.image.width), (2, SMALL.embedding_width))
    ids = torch.tensor([[1, 5, 2, 0]])
    assert text(ids, (ids != 0).long())[0].shape == (1, 4, SMALL.text.width)


def test_a_head_reads_tokens_of_two_widths_and_tells_its_attention() -> None:
    graph = head_graph(SMALL, make_head(), 17, ["kind", "colour"])
    assert graph.outputs == ("logits_kind", "logits_colour", "modality_weights", "embedding", "attention")
    outputs = dict(zip(graph.outputs, graph.module(*graph.make_inputs(2, 6, 1).values()), strict=True))
    assert [outputs[f"logits_{task}"].shape[1] for task in ("kind", "colour")] == CLASSES
    assert outputs["attention"].shape[2:] == (23, 23)


def test_what_stands_in_masked_places_does_not_reach_the_labels() -> None:
    head, random = make_head(), torch.Generator().manual_seed(2)
    image = torch.randn(1, 17, SMALL.image.width, generator=random)
    text = torch.randn(1, 4, SMALL.text.width, generator=random)
    mask = torch.tensor([[1.0, 1.0, 0.0, 0.0]])
    other = text.clone()
    other[:, 2:] = torch.nan
    said, same = (head.explain(image, torch.ones(1, 17), words, mask)[0] for words in (text, other))
    for have, want in zip(same, said, strict=True):
        assert torch.allclose(have, want)
