"""Normalisation and attention have torch's values and gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import catena.nn.functions as F
import catena.nn.links as L
from catena.autograd import Variable, using_config

torch = pytest.importorskip("torch")
T = torch.nn.functional


def compare(ours: Any, theirs: Any, *shapes: tuple[int, ...]) -> None:
    """The results for the same random numbers, and the gradients for a random cotangent."""
    rng = np.random.default_rng(0)
    xs = [rng.standard_normal(shape) for shape in shapes]
    variables, tensors = [Variable(x) for x in xs], [torch.tensor(x, requires_grad=True) for x in xs]
    y, expected = ours(*variables), theirs(*tensors)
    np.testing.assert_allclose(y.array, expected.detach().numpy(), rtol=1e-9, atol=1e-9)
    g = rng.standard_normal(y.shape)
    y.backward(grad=g)
    expected.backward(torch.tensor(g))
    for v, t in zip(variables, tensors, strict=True):
        np.testing.assert_allclose(v.grad, t.grad.numpy(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("rest", [(), (5,), (3, 5)])
def test_batch_normalization(rest: tuple[int, ...]) -> None:
    shapes = (6, 4, *rest), (4,), (4,)
    means, variances = [np.zeros(4) for _ in range(2)], [np.ones(4) for _ in range(2)]
    compare(
        lambda x, a, b: F.batch_normalization(x, a, b, eps=1e-3, running_mean=means[0], running_var=variances[0]),
        lambda x, a, b: T.batch_norm(
            x, torch.tensor(means[1]), torch.tensor(variances[1]), a, b, training=True, momentum=0.1, eps=1e-3
        ),
        *shapes,
    )
    x = np.random.default_rng(0).standard_normal(shapes[0])
    module = torch.nn.BatchNorm1d(4, dtype=torch.float64)
    module(torch.tensor(x.reshape(6, 4, -1)))
    np.testing.assert_allclose(means[0], module.running_mean.numpy(), rtol=1e-9)
    np.testing.assert_allclose(variances[0], module.running_var.numpy(), rtol=1e-9)
    mean, var = np.arange(4.0), np.arange(1, 5.0)
    compare(
        lambda x, a, b: F.fixed_batch_normalization(x, a, b, mean, var, 1e-3),
        lambda x, a, b: T.batch_norm(x, torch.tensor(mean), torch.tensor(var), a, b, eps=1e-3),
        *shapes,
    )


@pytest.mark.parametrize("features", [(6,), (3, 6)])
def test_layer_and_rms_normalization(features: tuple[int, ...]) -> None:
    shapes = (5, 2, *features), features, features
    compare(
        lambda x, a, b: F.layer_normalization(x, a, b, 1e-3),
        lambda x, a, b: T.layer_norm(x, features, a, b, 1e-3),
        *shapes,
    )
    compare(lambda x, a: F.rms_normalization(x, a, 1e-3), lambda x, a: T.rms_norm(x, features, a, 1e-3), *shapes[:2])


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("rest", [(5,), (3, 5)])
def test_group_normalization(groups: int, rest: tuple[int, ...]) -> None:
    compare(
        lambda x, a, b: F.group_normalization(x, groups, a, b, 1e-3),
        lambda x, a, b: T.group_norm(x, groups, a, b, 1e-3),
        (6, 4, *rest), (4,), (4,),
    )  # fmt: skip


def test_instance_normalization() -> None:
    link = L.InstanceNormalization(4)
    compare(lambda x: link(x), lambda x: T.instance_norm(x, eps=1e-5), (3, 4, 5))


@pytest.mark.parametrize("n", [1, 3, 5])
def test_local_response_normalization(n: int) -> None:
    # torch divides alpha by the number of neighbours.
    compare(
        lambda x: F.local_response_normalization(x, n, 1.5, 0.1, 0.75),
        lambda x: T.local_response_norm(x, n, 0.1 * n, 0.75, 1.5),
        (2, 7, 3, 2),
    )


def test_normalize() -> None:
    compare(lambda x: F.normalize(x, 1e-12, (1, 2)), lambda x: T.normalize(x, dim=(1, 2)), (3, 4, 5))


# ------------------------------------------------------------------------------------------------------- attention

SHAPES = (2, 3, 5, 4), (2, 3, 5, 4), (2, 3, 5, 6)
SEEN = np.random.default_rng(1).random((2, 1, 5, 5)) < 0.6
SEEN[0, 0, 2] = False  # a query that sees no key


@pytest.mark.parametrize(
    "options", [{}, {"causal": True}, {"scale": 0.3}, {"mask": SEEN}, {"mask": SEEN[1, 0, :1]}, {"mask": np.where(SEEN[1], 0, -2.0)}]
)  # fmt: skip
def test_scaled_dot_product_attention(options: Any) -> None:
    mask = {"attn_mask": torch.tensor(options["mask"])} if "mask" in options else {}
    theirs = {**mask, "is_causal": options.get("causal", False), "scale": options.get("scale")}
    compare(
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, **options),
        lambda q, k, v: T.scaled_dot_product_attention(q, k, v, **theirs),
        *SHAPES,
    )


def test_learned_mask() -> None:
    compare(
        lambda q, k, v, m: F.scaled_dot_product_attention(q, k, v, m),
        lambda q, k, v, m: T.scaled_dot_product_attention(q, k, v, m),
        *SHAPES, (3, 1, 5),
    )  # fmt: skip


def copied(link: Any, module: Any) -> None:
    """Give attention, here and below, the weights that torch's module has."""
    for name, W in zip(("query", "key", "value"), np.split(module.in_proj_weight.detach().numpy(), 3), strict=True):
        link[name].W.array = W.copy()
    for name, b in zip(("query", "key", "value"), np.split(module.in_proj_bias.detach().numpy(), 3), strict=True):
        link[name].b.array = b.copy()
    as_there(link.out, module.out_proj)


def as_there(link: Any, module: Any) -> None:
    one, other = (link.gamma, link.beta) if hasattr(link, "gamma") else (link.W, link.b)
    one.array, other.array = module.weight.detach().numpy().copy(), module.bias.detach().numpy().copy()


@pytest.mark.parametrize("causal", [False, True])
def test_multi_head_attention(causal: bool) -> None:
    module = torch.nn.MultiheadAttention(8, 2, batch_first=True, dtype=torch.float64)
    torch.nn.init.normal_(module.in_proj_bias)
    link = L.MultiHeadAttention(8, 2)
    copied(link, module)
    mask = torch.triu(torch.ones(5, 5, dtype=torch.bool), 1) if causal else None
    compare(
        lambda x: link(x, causal=causal),
        lambda x: module(x, x, x, attn_mask=mask, need_weights=False)[0],
        (3, 5, 8),
    )
    padded = np.arange(6) < np.array([[6], [2], [4]])
    compare(
        lambda x, y: link(x, y, mask=padded[:, None]),
        lambda x, y: module(x, y, y, key_padding_mask=torch.tensor(~padded), need_weights=False)[0],
        (3, 5, 8), (3, 6, 8),
    )  # fmt: skip


@pytest.mark.parametrize("norm_first", [False, True])
def test_transformer_encoder_layer(norm_first: bool) -> None:
    module = torch.nn.TransformerEncoderLayer(
        8, 2, 12, 0.0, "gelu", 1e-6, batch_first=True, norm_first=norm_first, dtype=torch.float64
    )
    link = L.TransformerEncoderLayer(8, 2, 12, 0.5, norm_first=norm_first)
    copied(link.attention, module.self_attn)
    for name in ("norm1", "linear1", "linear2", "norm2"):
        as_there(link[name], getattr(module, name))
    with using_config("train", False):
        compare(lambda x: link(x), lambda x: module(x), (3, 5, 8))
