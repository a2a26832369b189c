import pytest
import torch

from plasticity.errors import PlasticityError
from plasticity.models.model_registry import build_model
from small_problems import generator
from typed import chosen


def test_it_is_pytorchs_encoder_layer() -> None:
    """The block is that of `torch.nn.TransformerEncoderLayer` with normalisation first, without dropout."""
    model = build_model(
        chosen({"name": "vit", "width": 16, "heads": 4, "feed_forward": 24}), (3, 9, 12), 5, generator(0)
    )
    model.double().eval()
    tokens, block, last = model.body.children()
    layer = torch.nn.TransformerEncoderLayer(
        16, 4, 24, dropout=0.0, activation="gelu", batch_first=True, norm_first=True, dtype=torch.float64
    )
    names = {
        "self_attn.in_proj_": "project.", "self_attn.out_proj.": "mix.", "linear1.": "widen.", "linear2.": "narrow.",
        "norm1.": "norm1.", "norm2.": "norm2.",
    }  # fmt: skip
    given = {f"{theirs}{part}": block.state_dict()[f"{ours}{part}"] for theirs, ours in names.items()
             for part in ("weight", "bias")}  # fmt: skip
    layer.load_state_dict(given)
    images = torch.randn(2, 3, 9, 12, generator=generator(1), dtype=torch.float64)
    assert tokens(images).shape == (2, 12, 16)
    torch.testing.assert_close(block(tokens(images)), layer.train()(tokens(images)))
    torch.testing.assert_close(model.features(images), last(block(tokens(images))))


def test_the_published_size() -> None:
    model = build_model(chosen({"name": "vit"}), (3, 32, 32), 10, generator(0))
    shapes = {name: tuple(value.shape) for name, value in model.named_parameters()}
    assert shapes["body.0.embed.weight"] == (256, 3, 3, 3)
    assert shapes["body.0.positions"] == (1, 100, 256)
    assert shapes["body.1.widen.weight"] == (1024, 256)
    assert [module(torch.zeros(1, 4, 256)).shape for module in model.hidden_layers()] == [(1, 4, 256), (1, 256)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patch": 9}, r"model.patch: expected images at least as large as a patch, got images of \[8, 8\]"),
        ({"width": 10, "heads": 3}, r"expected a width that is a multiple of 3 heads, got 10"),
    ],
)
def test_what_cannot_be_is_refused(options: dict, message: str) -> None:
    with pytest.raises(PlasticityError, match=message):
        build_model(chosen({"name": "vit", **options}), (1, 8, 8), 5, generator(0))
