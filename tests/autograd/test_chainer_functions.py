"""The array family against NumPy and formulas, and what its functions refuse."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
import xparray as xp
from catena.autograd import Op, Variable
from catena.autograd import functions as F

X = np.arange(24.0).reshape(2, 3, 4)
IMAGES = np.arange(48.0).reshape(2, 4, 2, 3)

# --------------------------------------------------------------------------------------------------------------- names and places

# As Chainer 7 has them. Here more may follow, and defaults may be others: that of concat is 0, as in the standard.
ARRAY = """
    as_strided(x, shape, strides, storage_offset) broadcast(args) broadcast_to(x, shape) cast(x, typ) concat(xs, axis) copy(x, dst)
    depth2space(X, r) diagonal(x, offset, axis1, axis2) dstack(xs) expand_dims(x, axis) flatten(x) flip(x, axis) fliplr(a) flipud(a)
    get_item(x, slices) hstack(xs) im2col(x, ksize, stride, pad, cover_all, dilate) moveaxis(x, source, destination)
    pad(x, pad_width, mode, keywords) pad_sequence(xs, length, padding) permutate(x, indices, axis, inv) repeat(x, repeats, axis)
    reshape(x, shape) resize_images(x, output_shape, mode, align_corners) rollaxis(x, axis, start) scatter_add(a, slices, b)
    select_item(x, t) separate(x, axis) space2depth(X, r) spatial_transformer_grid(theta, output_shape, kwargs)
    spatial_transformer_sampler(x, grid, kwargs) split_axis(x, indices_or_sections, axis, force_tuple) squeeze(x, axis) stack(xs, axis)
    swapaxes(x, axis1, axis2) tile(x, reps) transpose(x, axes) transpose_sequence(xs) vstack(xs) where(condition, x, y)
"""


@pytest.mark.parametrize("signature", [line + ")" for line in " ".join(ARRAY.split()).rstrip(")").split(") ")])
def test_arguments_come_in_the_order_of_chainer(signature: str) -> None:
    name, _, listed = signature.rstrip(")").partition("(")
    f = getattr(F, name)
    parameters = list(inspect.signature(f.forward if isinstance(f, Op) else f).parameters)
    assert parameters[: len(listed.split(", "))] == listed.split(", ")


def test_there_are_forty() -> None:
    assert ARRAY.count("(") == 40


# --------------------------------------------------------------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda x: F.as_strided(x, (2, 3), (4, 2), 1), [[1, 3, 5], [5, 7, 9]]),
        (lambda x: F.broadcast(x[0, 0], x[:, :1, :1])[0], np.broadcast_to(X[0, 0], (2, 1, 4))),
        (lambda x: F.cast(x, "float32"), X.astype("float32")),
        (lambda x: F.diagonal(x), np.diagonal(X)),
        (lambda x: F.diagonal(x, -1, 2, 1), np.diagonal(X, -1, 2, 1)),
        (lambda x: F.diagonal(x, 9), np.diagonal(X, 9)),
        (lambda x: F.dstack([x[0], x[1]]), np.dstack([X[0], X[1]])),
        (lambda x: F.dstack([x[0, 0], x[1, 0]]), np.dstack([X[0, 0], X[1, 0]])),
        (lambda x: F.expand_dims(x, 1), X[:, None]),
        (lambda x: F.flatten(x), X.reshape(-1)),
        (lambda x: F.flip(x, 1), np.flip(X, 1)),
        (lambda x: F.fliplr(x), np.fliplr(X)),
        (lambda x: F.flipud(x), np.flipud(X)),
        (lambda x: F.gather(x, np.array([[1, -1]]), 2), X[:, :, [[1, -1]]]),
        (lambda x: F.get_item(x, (0, [2, 0])), X[0, [2, 0]]),
        (lambda x: F.hstack([x, x[:, :1]]), np.hstack([X, X[:, :1]])),
        (lambda x: F.hstack([x[0, 0], x[0, 1, :2]]), np.hstack([X[0, 0], X[0, 1, :2]])),
        (lambda x: F.hstack([x[0, 0, 0, ...], x[0, 0, 1, ...]]), [0, 1]),
        (lambda x: F.moveaxis(x, (0, 1), (-1, 0)), np.moveaxis(X, (0, 1), (-1, 0))),
        (lambda x: F.pad(x, ((0, 1), (2, 0), (1, 1)), "constant"), np.pad(X, ((0, 1), (2, 0), (1, 1)))),
        (lambda x: F.pad(x, 1, "constant", constant_values=((1, 2),)), np.pad(X, 1, constant_values=((1, 2),))),
        *((lambda x, mode=mode: F.pad(x, (2, 3), mode), np.pad(X, (2, 3), mode)) for mode in ("edge", "reflect", "symmetric", "wrap")),
        (lambda x: F.pad_sequence([x[0, 0, :1], x[1, 1]], 5, -1), [[0, -1, -1, -1, -1], [16, 17, 18, 19, -1]]),
        (lambda x: F.permutate(x, np.array([2, 0, 1]), 1), X[:, [2, 0, 1]]),
        (lambda x: F.permutate(x, np.array([2, 0, 1]), 1, inv=True), X[:, [1, 2, 0]]),
        (lambda x: F.repeat(x, 2), np.repeat(X, 2)),
        (lambda x: F.repeat(x, (1, 0, 2), 1), np.repeat(X, (1, 0, 2), 1)),
        (lambda x: F.rollaxis(x, 2), np.rollaxis(X, 2)),
        (lambda x: F.rollaxis(x, 0, 3), np.rollaxis(X, 0, 3)),
        (lambda x: F.rollaxis(x, -1, -2), np.rollaxis(X, -1, -2)),
        (lambda x: F.scatter_add(x[0, 0], [0, 0, 3], x[1, 0, :1]), [24, 1, 2, 15]),
        (lambda x: F.select_item(x[0], np.array([3, 0, 1])), [3, 4, 9]),
        (lambda x: F.separate(x, 1)[2], X[:, 2]),
        (lambda x: F.split_axis(x, 1, 0, force_tuple=False), X),
        (lambda x: F.split_axis(x, np.array([1, 1]), 2)[2], X[:, :, 1:]),
        (lambda x: F.stack([x[0], x[1]], 1), np.stack([X[0], X[1]], 1)),
        (lambda x: F.swapaxes(x, 0, -1), np.swapaxes(X, 0, -1)),
        (lambda x: F.tile(x, 2), np.tile(X, 2)),
        (lambda x: F.tile(x[0, 0], (2, 3)), np.tile(X[0, 0], (2, 3))),
        (lambda x: F.transpose_sequence([x[0, 0], x[1, 2, :2]])[1], [1, 21]),
        (lambda x: F.transpose_sequence([x[0, 0, :0]]), []),
        (lambda x: F.vstack([x[0], x[1, :1]]), np.vstack([X[0], X[1, :1]])),
        (lambda x: F.vstack([x[0, 0], x[0, 1]]), X[0, :2]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("device", ["numpy", "numba"])
def test_values(call: Callable[[Any], Any], expected: Any, device: str) -> None:
    v = Variable(xp.asarray(X, device=device))
    for y in (call(v), call(v.array)):
        if isinstance(y, tuple):
            assert list(y) == expected
            continue
        assert str(xp.device_of(y)) == device
        np.testing.assert_array_equal(np.asarray(ag.as_array(y)), expected)


def test_depth_becomes_space_and_back() -> None:
    y = F.depth2space(IMAGES, 2)
    assert y.shape == (2, 1, 4, 6)
    assert y[0, 0].tolist() == [
        [0, 6, 1, 7, 2, 8], [12, 18, 13, 19, 14, 20], [3, 9, 4, 10, 5, 11], [15, 21, 16, 22, 17, 23],
    ]  # fmt: skip
    np.testing.assert_array_equal(F.space2depth(y, 2), IMAGES)
    # Channels are counted (row, column, c): of two, the second block begins with the first column's other one.
    two = np.arange(8.0).reshape(1, 8, 1, 1)
    assert F.depth2space(two, 2)[0].tolist() == [[[0, 2], [4, 6]], [[1, 3], [5, 7]]]


def test_windows_are_channels() -> None:
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    assert F.im2col(x, 2, 2)[0, :, 0, 1].tolist() == [2, 3, 6, 7]
    assert F.im2col(x, 3, 2, cover_all=True).shape == (1, 9, 2, 2)
    assert F.im2col(x, (1, 3), (1, 2), (0, 1), dilate=2).shape == (1, 3, 4, 1)
    assert F.im2col(x, 3, 1, 1)[0, :, 0, 0].tolist() == [0, 0, 0, 0, 0, 1, 0, 4, 5]


@pytest.mark.parametrize(("mode", "corners"), [("bilinear", True), ("bilinear", False), ("nearest", False)])
@pytest.mark.parametrize("size", [(5, 7), (1, 1), (2, 3)])
def test_resized_images_are_those_of_torch(mode: str, corners: bool, size: tuple[int, int]) -> None:
    torch = pytest.importorskip("torch")
    options = {"align_corners": corners} if mode == "bilinear" else {}
    expected = torch.nn.functional.interpolate(torch.from_numpy(IMAGES), size, mode=mode, **options)
    got = F.resize_images(Variable(IMAGES), size, mode=mode, align_corners=corners)
    np.testing.assert_allclose(got.array, expected.numpy(), rtol=1e-12)


def test_resized_to_the_nearest_pixels_with_corners_kept() -> None:
    x = np.arange(4.0).reshape(1, 1, 1, 4)
    assert F.resize_images(x, (1, 3), mode="nearest").tolist() == [[[[0, 2, 3]]]]


def test_sampling_is_that_of_torch_outside_of_the_image_too() -> None:
    torch = pytest.importorskip("torch")
    theta = np.array([[[1.5, 0.3, 0.1], [-0.2, 0.9, -0.4]], [[0.5, 0, 0], [0, 2, 0.2]]])
    grid = F.spatial_transformer_grid(Variable(theta), (3, 5))
    by_torch = torch.nn.functional.affine_grid(torch.from_numpy(theta), [2, 4, 3, 5], align_corners=True)
    np.testing.assert_allclose(grid.array, by_torch.numpy().transpose(0, 3, 1, 2), rtol=1e-12, atol=1e-12)
    sampled = F.spatial_transformer_sampler(Variable(IMAGES), grid)
    expected = torch.nn.functional.grid_sample(torch.from_numpy(IMAGES), by_torch, align_corners=True)
    np.testing.assert_allclose(sampled.array, expected.numpy(), rtol=1e-12, atol=1e-12)


def test_a_copy_carries_the_gradient_back() -> None:
    x = Variable(np.ones(2, np.float32))
    F.sum(F.copy(x, "numba") * 3).backward()
    assert x.grad.tolist() == [3, 3]
    assert str(x.grad.dtype) == "float32"


def test_elements_named_twice_are_added_in_the_gradient() -> None:
    x = Variable(np.ones(3))
    F.sum(F.gather(x, np.array([0, 0, 2, -1])) * np.array([1.0, 10.0, 100.0, 1000.0])).backward()
    assert x.grad.tolist() == [11, 0, 1100]


def test_the_order_of_the_sequences_is_kept_by_their_gradients() -> None:
    xs = [Variable(np.ones((n, 2))) for n in (3, 1)]
    F.sum(F.pad_sequence(xs) * np.arange(12.0).reshape(2, 3, 2)).backward()
    assert [x.grad.tolist() for x in xs] == [[[0, 1], [2, 3], [4, 5]], [[6, 7]]]


# --------------------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x: F.as_strided(x, (2,), (1, 1)), r"as_strided: shape is \(2,\) and strides \(1, 1\); expected one stride an axis"),
        (
            lambda x: F.as_strided(x, (2, 2), (20, 20)),
            r"as_strided: .* reach from element 0 to 40; x \(2, 3, 4\) has 0 to 23",
        ),
        (lambda x: F.broadcast(), r"broadcast: got no arrays; expected one or more"),
        (lambda x: F.depth2space(x, 2), r"depth2space: X has shape \(2, 3, 4\); expected images \(n, c, h, w\); add an axis with expand_dims"),
        (lambda x: F.depth2space(x[:, None], 2), r"depth2space: X has 1 channels and r is 2; expected a multiple of r r = 4"),
        (lambda x: F.space2depth(x[:, None], 2), r"space2depth: X has shape \(2, 1, 3, 4\) and r is 2; expected a height and a width"),
        (lambda x: F.diagonal(x, 0, 1, -2), r"diagonal: axis1 is 1, axis2 -2 and x has shape \(2, 3, 4\); expected two axes"),
        (lambda x: F.fliplr(x[0, 0]), r"fliplr: a has shape \(4,\); expected two axes or more; flip\(a, 0\) reverses a vector"),
        (lambda x: F.flipud(x[0, 0, 0]), r"flipud: a has shape \(\)"),
        (lambda x: F.hstack(x), r"hstack: xs is an array of shape \(2, 3, 4\); expected a list of arrays, such as \[a, b\]"),
        (lambda x: F.vstack([]), r"vstack: xs is empty; expected a list of arrays"),
        (lambda x: F.im2col(x[:, None], 6), r"im2col: no window fits: x has shape \(2, 1, 3, 4\), ksize is \(6, 6\)"),
        (lambda x: F.pad(x, 1, "mean"), r"pad: mode is 'mean'; expected 'constant', 'edge', 'reflect', 'symmetric', 'wrap'"),
        (lambda x: F.pad(x, 1, "edge", constant_values=1), r"pad: constant_values=1 is not for mode 'edge'; expected no keywords"),
        (lambda x: F.pad(x, 1, "reflect", reflect_type="odd"), r"pad: reflect_type='odd' is not for mode 'reflect'; expected reflect_type of 'even'"),
        (lambda x: F.pad(x, ((1, 1), (1, 1)), "edge"), r"pad: pad_width is \(\(1, 1\), \(1, 1\)\) and x has shape \(2, 3, 4\); expected a number"),
        (lambda x: F.pad(x, -1, "edge"), r"pad: pad_width is -1; expected numbers of elements, 0 or more"),
        (lambda x: F.pad_sequence([x[0], x[1]], 2), r"pad_sequence: xs\[0\] has the length 3; expected at most length=2"),
        (lambda x: F.pad_sequence([]), r"pad_sequence: xs is empty; expected one sequence or more"),
        (lambda x: F.pad_sequence([x, x[0]]), r"pad_sequence: xs\[1\] has shape \(3, 4\), xs\[0\] \(2, 3, 4\); expected the same behind the first axis"),
        (lambda x: F.permutate(x, np.array([0, 0, 1]), 1), r"permutate: indices names the element 0 twice; expected each of 0 to 2 once"),
        (lambda x: F.permutate(x, np.array([0, 1, 3]), 1), r"permutate: indices names the element 3; expected 0 to 2"),
        (lambda x: F.permutate(x, np.array([0])), r"permutate: indices has shape \(1,\); expected \(2,\), the length of axis 0 of x \(2, 3, 4\)"),
        (lambda x: F.resize_images(x[:, None], (2, 0)), r"resize_images: output_shape is \(2, 0\) and x has shape \(2, 1, 3, 4\)"),
        (lambda x: F.resize_images(x[:, None], (2, 2), mode="cubic"), r"resize_images: mode is 'cubic'; expected 'bilinear' or 'nearest'"),
        (lambda x: F.rollaxis(x, 3), r"rollaxis: axis is 3 and start 0; expected axes of x \(2, 3, 4\)"),
        (lambda x: F.scatter_add(x, 0, x), r"scatter_add: b has shape \(2, 3, 4\), a\[slices\] \(3, 4\) \(a: \(2, 3, 4\)\); expected a b that broadcasts"),
        (lambda x: F.select_item(x, np.zeros((2, 4), int)), r"select_item: x has shape \(2, 3, 4\), t \(2, 4\); expected t of shape \(2, 3\)"),
        (lambda x: F.select_item(x[0], np.array([0, 4, 1])), r"select_item: t names the element 4; expected 0 to 3"),
        (lambda x: F.split_axis(x, [2, 1], 2), r"split_axis: indices_or_sections is \[2, 1\]; expected places in ascending order within axis 2"),
        (lambda x: F.split_axis(x, 5, 2), r"split_axis: axis 2 has length 4, which is no multiple of 5 sections"),
        (lambda x: F.spatial_transformer_grid(x, (2, 2)), r"spatial_transformer_grid: theta has shape \(2, 3, 4\); expected \(n, 2, 3\)"),
        (lambda x: F.spatial_transformer_sampler(x[:, None], x), r"spatial_transformer_sampler: grid has shape \(2, 3, 4\)"),
        (lambda x: F.transpose_sequence([x[0, :1], x[1]]), r"transpose_sequence: xs\[1\] has the length 3, xs\[0\] before it 1; expected the longest first"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("wrap", [np.asarray, Variable], ids=["array", "Variable"])
def test_wrong_arguments_are_refused(call: Callable[[Any], Any], text: str, wrap: Callable[[Any], Any]) -> None:
    with pytest.raises(ValueError, match=text):
        call(wrap(X))


def test_wrong_kinds_of_arguments_are_refused() -> None:
    with pytest.raises(
        TypeError, match=r"select_item: t has the dtype float64; expected integers; write t.astype\(int\)"
    ):
        F.select_item(X[0], np.array([0.0, 1.0, 2.0]))
    with pytest.raises(TypeError, match="spatial_transformer_grid: got an unknown argument 'use_cudnn'; leave it out"):
        F.spatial_transformer_grid(np.ones((1, 2, 3)), (2, 2), use_cudnn=True)
