"""Links of several parameters or children: what they are called in files, how they begin, and what they compute."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import catena.nn as nn
import catena.nn.functions as F
import catena.nn.links as L
import xparray as xp

F4 = "float32"


@pytest.fixture(autouse=True)
def seeded() -> None:
    xp.random.seed(0)


def numbers(*shape: int) -> Any:
    return np.random.default_rng(len(shape)).standard_normal(shape).astype(F4)


IMAGES = numbers(2, 3, 8, 8)
ROWS: list[tuple[Any, tuple[Any, ...], dict[str, tuple[int, ...]]]] = [
    (lambda: L.Bilinear(6, 4, 2), (numbers(5, 2, 3), numbers(5, 4)), {"W": (6, 4, 2), "V1": (6, 2), "V2": (4, 2), "b": (2,)}),
    (lambda: L.Bilinear(6, 4, 2, nobias=True), (numbers(5, 6), numbers(5, 4)), {"W": (6, 4, 2)}),
    (lambda: L.Highway(6), (numbers(5, 6),),
     {"plain/W": (6, 6), "plain/b": (6,), "transform/W": (6, 6), "transform/b": (6,)}),
    (lambda: L.Bias(1, (3,)), (IMAGES,), {"b": (3,)}),
    (lambda: L.Scale(1, (3, 8), bias_term=True), (IMAGES,), {"W": (3, 8), "bias/b": (3, 8)}),
    (lambda: L.Parameter(numbers(3, 2)), (), {"W": (3, 2)}),
    (lambda: L.LocalConvolution2D(3, 4, 8, 3, 2), (IMAGES,), {"W": (4, 3, 3, 3, 3, 3), "b": (4, 3, 3)}),
    (lambda: L.LocalConvolution2D(4, 3), (IMAGES,), {"W": (4, 6, 6, 3, 3, 3), "b": (4, 6, 6)}),
    (lambda: L.DeformableConvolution2D(None, 4, (3, 2)), (IMAGES,),
     {"offset_conv/W": (12, 3, 3, 2), "offset_conv/b": (12,), "deform_conv/W": (4, 3, 3, 2), "deform_conv/b": (4,)}),
    (lambda: L.Inception(None, 1, 2, 3, 4, 5, 6), (IMAGES,),
     {"conv1/W": (1, 3, 1, 1), "conv1/b": (1,), "proj3/W": (2, 3, 1, 1), "proj3/b": (2,), "conv3/W": (3, 2, 3, 3), "conv3/b": (3,),
      "proj5/W": (4, 3, 1, 1), "proj5/b": (4,), "conv5/W": (5, 4, 5, 5), "conv5/b": (5,), "projp/W": (6, 3, 1, 1), "projp/b": (6,)}),
    (lambda: L.MLPConvolution2D(None, (5, 4), 3), (IMAGES,), {"0/W": (5, 3, 3, 3), "0/b": (5,), "1/W": (4, 5, 1, 1), "1/b": (4,)}),
]  # fmt: skip


@pytest.mark.parametrize(("make", "inputs", "shapes"), ROWS)
def test_names_shapes_and_files(make: Any, inputs: tuple[Any, ...], shapes: Any, tmp_path: Any) -> None:
    link = make()
    y = link(*inputs)
    assert {name[1:]: p.shape for name, p in link.namedparams()} == shapes
    for p in link.params():
        p.array = numbers(*p.shape)
    y = link(*inputs)
    assert y.dtype == F4
    nn.serializers.save_npz(tmp_path / "a.npz", link)
    with np.load(tmp_path / "a.npz") as file:
        assert {name: file[name].shape for name in file.files} == shapes
    another = make()
    nn.serializers.load_npz(tmp_path / "a.npz", another)
    for other in (another, pickle.loads(pickle.dumps(link)), link.copy()):
        np.testing.assert_array_equal(other(*inputs).array, y.array)


def test_bilinear_begins() -> None:
    link = L.Bilinear(40, 30, 20)
    assert link.W.array.std() == pytest.approx(600**-0.5, rel=0.05)
    assert link.V1.array.std() == pytest.approx(20**-0.5, rel=0.1)
    assert not link.b.array.any()
    given = L.Bilinear(2, 3, 4, initialW=2, initial_bias=(3, 4, 5))
    assert [float(p.array.min()) for p in (given.W, given.V1, given.V2, given.b)] == [2.0, 3.0, 4.0, 5.0]


def test_highway_lets_its_input_pass() -> None:
    x = numbers(5, 6)
    link = L.Highway(6, activate=F.tanh, init_Wt=0, init_bt=-1)
    t = 1 / (1 + np.e)
    np.testing.assert_allclose(link(x).array, t * np.tanh(link.plain(x).array) + (1 - t) * x, rtol=1e-5, atol=1e-6)
    assert L.Highway(6).transform.b.array.tolist() == [-1.0] * 6


def test_scale_and_bias() -> None:
    y = numbers(3)
    assert not L.Bias(1, (3,)).b.array.any()
    assert L.Scale(1, (3,)).W.array.tolist() == [1.0] * 3
    np.testing.assert_array_equal(L.Bias(1)(IMAGES, y), IMAGES + y[:, None, None])
    np.testing.assert_array_equal(L.Scale(-1)(IMAGES, numbers(8)), IMAGES * numbers(8))
    link = L.Scale(1, bias_term=True, bias_shape=(3,))
    link.bias.b.array = 2 * y
    np.testing.assert_allclose(link(IMAGES, y).array, IMAGES * y[:, None, None] + 2 * y[:, None, None], rtol=1e-6)


def test_deformable_convolution_begins_as_its_bias() -> None:
    link = L.DeformableConvolution2D(3, 4, 3, pad=1, deform_initial_bias=7)
    assert not link.deform_conv.W.array.any()
    assert (link(IMAGES).array == 7).all()


def test_inception_is_four_ways() -> None:
    link = L.Inception(3, 1, 2, 3, 4, 5, 6)
    y = link(IMAGES).array
    assert y.shape == (2, 15, 8, 8)
    np.testing.assert_allclose(y[:, :1], F.relu(link.conv1(IMAGES).array), rtol=1e-6)
    np.testing.assert_allclose(y[:, 9:], F.relu(link.projp(F.max_pooling_2d(IMAGES, 3, 1, 1)).array), rtol=1e-6)


def test_mlp_convolution_activates_between_its_layers() -> None:
    link = L.MLPConvolution2D(3, [5, 4], 3, 2, 1, F.tanh)
    expected = link[1](F.tanh(F.convolution_2d(IMAGES, link[0].W.array, stride=2, pad=1)))
    np.testing.assert_allclose(link(IMAGES).array, expected.array, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: L.Bias(1, (4,))(IMAGES),
         "Bias: b has shape (4,), expected that of x from axis 1 on (x: (2, 3, 8, 8) float32, b: (4,) float32); "
         "give another axis or reshape b"),
        (lambda: L.Bias()(IMAGES), "Bias: the call has 1 arguments; expected x and b, since the link has none"),
        (lambda: L.Scale(1, (3,))(IMAGES, numbers(3)),
         "Scale: the call has 2 arguments; expected x alone, since the link has its own W"),
        (lambda: L.Scale(bias_term=True), "Scale: bias_term is True without W_shape; give the bias's shape too, as bias_shape=(3,)"),
        (lambda: L.Bilinear(2, 0, 3), "Bilinear: right_size is 0; expected a positive integer"),
        (lambda: L.Bilinear(2, 2, 3, initial_bias=0),
         "Bilinear: initial_bias is 0; expected a tuple of three, for V1, V2 and b, or None"),
        (lambda: L.MLPConvolution2D(3, 4, 3),
         "MLPConvolution2D: out_channels is 4; expected a number for each convolution, such as (64, 32)"),
        (lambda: L.LocalConvolution2D(3, 4, 2, 3),
         "LocalConvolution2D: a window of (3, 3) does not fit into images of (2, 2); give a smaller window"),
    ],
)  # fmt: skip
def test_bad_input(call: Any, text: str) -> None:
    with pytest.raises(ValueError) as e:
        call()
    assert str(e.value) == text
