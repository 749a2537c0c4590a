"""Convolutions, pooling and embeddings have torch's values and gradients."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import catena.nn.functions as F
from catena.autograd import Variable

torch = pytest.importorskip("torch")
T = torch.nn.functional


def compare(ours: Any, theirs: Any, *shapes: tuple[int, ...]) -> None:
    """The results for the same random numbers, and the gradients for a random cotangent."""
    rng = np.random.default_rng(0)
    xs = [rng.standard_normal(shape) for shape in shapes]
    variables, tensors = [Variable(x) for x in xs], [torch.tensor(x, requires_grad=True) for x in xs]
    y, expected = ours(*variables), theirs(*tensors)
    np.testing.assert_allclose(y.array, expected.detach().numpy(), rtol=1e-10, atol=1e-10)
    g = rng.standard_normal(y.shape)
    y.backward(grad=g)
    expected.backward(torch.tensor(g))
    for v, t in zip(variables, tensors, strict=True):
        np.testing.assert_allclose(v.grad, t.grad.numpy(), rtol=1e-10, atol=1e-10)


ALL = list(itertools.product([1, 2, (2, 3)], [0, 1, (2, 1)], [1, 2, (1, 3)], [1, 2, 4]))


@pytest.mark.parametrize(("stride", "pad", "dilate", "groups"), ALL)
@pytest.mark.parametrize("ksize", [(1, 1), (3, 3), (2, 3)])
def test_convolution_2d(ksize: Any, stride: Any, pad: Any, dilate: Any, groups: int) -> None:
    compare(
        lambda x, W, b: F.convolution_2d(x, W, b, stride, pad, dilate=dilate, groups=groups),
        lambda x, W, b: T.conv2d(x, W, b, stride, pad, dilate, groups),
        (2, 4, 9, 11), (8, 4 // groups, *ksize), (8,),
    )  # fmt: skip


@pytest.mark.parametrize(("stride", "pad", "dilate", "groups"), ALL)
def test_deconvolution_2d(stride: Any, pad: Any, dilate: Any, groups: int) -> None:
    compare(
        lambda x, W, b: F.deconvolution_2d(x, W, b, stride, pad, dilate=dilate, groups=groups),
        lambda x, W, b: T.conv_transpose2d(x, W, b, stride, pad, 0, groups, dilate),
        (2, 4, 5, 4), (4, 2, 3, 2), (2 * groups,),
    )  # fmt: skip


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize(("stride", "pad", "dilate", "groups"), list(itertools.product([1, 2], [0, 1], [1, 2], [1, 2])))
def test_over_other_axes(n: int, stride: int, pad: int, dilate: int, groups: int) -> None:
    convolution = (T.conv1d, T.conv2d, T.conv3d)[n - 1]
    transposed = (T.conv_transpose1d, T.conv_transpose2d, T.conv_transpose3d)[n - 1]
    compare(
        lambda x, W: F.convolution_nd(x, W, None, stride, pad, False, dilate, groups),
        lambda x, W: convolution(x, W, None, stride, pad, dilate, groups),
        (2, 4, *(6,) * n), (4, 4 // groups, *(3,) * n),
    )  # fmt: skip
    compare(
        lambda x, W: F.deconvolution_nd(x, W, None, stride, pad, None, dilate, groups),
        lambda x, W: transposed(x, W, None, stride, pad, 0, groups, dilate),
        (2, 4, *(3,) * n), (4, 2, *(2,) * n),
    )  # fmt: skip


POOLS = [(2, 2, 0), (3, 2, 1), (3, 1, 1), ((3, 2), (2, 1), (1, 0))]


@pytest.mark.parametrize(("ksize", "stride", "pad"), POOLS)
def test_pooling(ksize: Any, stride: Any, pad: Any) -> None:
    shape = (2, 3, 9, 8)
    for covers in (False, True):
        compare(
            lambda x, covers=covers: F.max_pooling_2d(x, ksize, stride, pad, cover_all=covers),
            lambda x, covers=covers: T.max_pool2d(x, ksize, stride, pad, ceil_mode=covers),
            shape,
        )
    compare(lambda x: F.average_pooling_2d(x, ksize, stride, pad), lambda x: T.avg_pool2d(x, ksize, stride, pad), shape)
    compare(
        lambda x: F.average_pooling_nd(x, ksize, stride, pad, None),
        lambda x: T.avg_pool2d(x, ksize, stride, pad, count_include_pad=False),
        shape,
    )


def test_pooling_over_other_axes() -> None:
    compare(lambda x: F.max_pooling_1d(x, 3, 2, 1), lambda x: T.max_pool1d(x, 3, 2, 1, ceil_mode=True), (2, 3, 9))
    compare(lambda x: F.max_pooling_3d(x, 3, 2, 1), lambda x: T.max_pool3d(x, 3, 2, 1, ceil_mode=True), (2, 3, 5, 5, 7))
    compare(lambda x: F.average_pooling_1d(x, 3, 2, 1), lambda x: T.avg_pool1d(x, 3, 2, 1), (2, 3, 9))
    compare(lambda x: F.average_pooling_3d(x, 2, 2), lambda x: T.avg_pool3d(x, 2, 2), (2, 3, 4, 5, 6))


def test_upsampling_2d() -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 6, 8))
    indices = F.max_pooling_2d(x, 2, return_indices=True)[1]
    flat = T.max_pool2d(torch.tensor(x), 2, return_indices=True)[1]
    compare(
        lambda y: F.upsampling_2d(y, indices, 2, outsize=(6, 8)), lambda y: T.max_unpool2d(y, flat, 2), (2, 3, 3, 4)
    )


def test_embed_id_and_bilinear() -> None:
    t = np.array([[3, 0, 3], [1, 1, 2]])
    compare(lambda W: F.embed_id(t, W), lambda W: T.embedding(torch.tensor(t), W), (5, 4))
    compare(
        lambda e1, e2, W, b: F.bilinear(e1, e2, W, np.zeros((3, 2)), np.zeros((4, 2)), b),
        lambda e1, e2, W, b: T.bilinear(e1, e2, W.permute(2, 0, 1), b),
        (5, 3), (5, 4), (3, 4, 2), (2,),
    )  # fmt: skip
