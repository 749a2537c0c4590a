"""Networks for pictures: Chainer's names, shapes and results, files of parameters, and pictures as their training had them."""

from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import catena.nn.links as L
import xparray as xp
from catena.autograd import no_backprop_mode, using_config
from catena.nn.serializers import DictionarySerializer, load_npz

GOLDEN = json.loads((Path(__file__).parent / "golden" / "vision.json").read_text())
SIZES = {"GoogLeNet": 224, "ResNet50Layers": 64, "VGG16Layers": 32}


def filled(name: str, shape: Any) -> Any:
    """The values that golden/vision.py gave the array of that name."""
    values = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape)
    if name.endswith("/W"):
        return values * (2 / np.prod(shape[1:])) ** 0.5
    return 1 + 0.1 * abs(values) if name.endswith(("gamma", "avg_var")) else 0.1 * values


def contents(model: Any) -> dict[str, Any]:
    target: dict[str, Any] = {}
    model.serialize(DictionarySerializer(target))
    return target


@pytest.mark.parametrize("network", GOLDEN)
def test_the_names_shapes_and_results_are_chainers(network: str, tmp_path: Path) -> None:
    expected = GOLDEN[network]
    # A file as Chainer writes it, without the fully connected layers of VGG, which are 0.5 GB.
    arrays = {
        name: np.asarray(0) if name.endswith("/N") else filled(name, shape).astype("float32")
        for name, shape in expected["shapes"].items()
        if not name.startswith(("fc6/", "fc7/")) or network != "VGG16Layers"
    }
    model = getattr(L, network)()
    assert {name: list(np.shape(x)) for name, x in contents(model).items()} == expected["shapes"]
    np.savez(tmp_path / "chainer.npz", **arrays)
    load_npz(tmp_path / "chainer.npz", model, strict=network != "VGG16Layers")
    size = SIZES[network]
    x = np.random.RandomState(0).standard_normal((2, 3, size, size)).astype("float32")
    with using_config("train", False), no_backprop_mode():
        ys = model(x, layers=list(expected["results"]))
    for name, summary in expected["results"].items():
        y = ys[name].array.astype("float64").ravel()
        np.testing.assert_allclose([y.mean(), y.std(), y[0], y[-1]], summary, rtol=2e-3, atol=2e-3, err_msg=name)


@pytest.mark.parametrize(
    ("network", "parameters", "arrays"),
    [
        ("GoogLeNet", 13_378_280, 128),
        ("ResNet50Layers", 25_557_096, 162),
        ("ResNet101Layers", 44_549_224, 315),
        ("ResNet152Layers", 60_192_872, 468),
        ("SqueezeNet", 1_231_000, 68),
        ("VGG19Layers", 143_667_240, 38),
    ],
)
def test_counts_of_parameters(network: str, parameters: int, arrays: int) -> None:
    model = getattr(L, network)()
    assert model.count_params() == parameters
    assert len(list(model.params())) == arrays


@pytest.fixture(scope="module")
def resnet() -> Any:
    xp.random.seed(0)
    return L.ResNet50Layers()


def test_a_file_given_to_the_constructor(resnet: Any, tmp_path: Path) -> None:
    np.savez(tmp_path / "model.npz", **contents(resnet))
    loaded = L.ResNet50Layers(str(tmp_path / "model.npz"))
    for (name, ours), (_, theirs) in zip(loaded.namedparams(), resnet.namedparams(), strict=True):
        np.testing.assert_array_equal(ours.array, theirs.array, err_msg=name)
    with pytest.raises(ValueError, match=r"GoogLeNet"):
        L.GoogLeNet(tmp_path / "model.npz")


@pytest.mark.parametrize("name", ["auto", "ResNet-50-model.caffemodel"])
def test_nothing_is_downloaded_or_converted(name: str) -> None:
    text = (
        rf"ResNet50Layers: pretrained_model is '{name}'; nothing is downloaded or converted here: give the path of an .npz file of "
        r"Chainer's, or None for random values"
    )
    with pytest.raises(ValueError, match=text):
        L.ResNet50Layers(name)


def test_no_layer_runs_after_the_last_that_is_wanted(resnet: Any) -> None:
    x = np.zeros((1, 3, 8, 8), "float32")  # too small for the others
    assert list(resnet(x, layers=["conv1"])) == ["conv1"]
    with pytest.raises(
        ValueError, match=r"ResNet50Layers: there is no layer 'fc7'; expected some of conv1, pool1, res2, res3"
    ):
        resnet(x, layers=["conv1", "fc7"])


def test_the_other_place_of_the_stride() -> None:
    model = L.ResNet50Layers(downsample_fb=True)
    assert (model.res3.a.conv1.stride, model.res3.a.conv2.stride) == ((1, 1), (2, 2))
    original = L.ResNet50Layers()
    assert (original.res3.a.conv1.stride, original.res3.a.conv2.stride) == ((2, 2), (1, 1))
    assert model.res3.a.conv4.stride == original.res3.a.conv4.stride == (2, 2)


# ------------------------------------------------------------------------------------------------------------------ pictures


@pytest.mark.parametrize(
    ("shape", "red"), [((4, 6, 3), (..., 0)), ((3, 4, 6), (0,)), ((4, 6), ()), ((1, 4, 6), ())], ids=str
)
def test_pictures_become_blue_green_and_red_less_their_means(resnet: Any, shape: tuple[int, ...], red: Any) -> None:
    image = np.zeros(shape, "uint8")
    image[red] = 200
    x = resnet.prepare(image, size=None)
    assert (x.shape, x.dtype) == ((3, 4, 6), "float32")
    other = 0 if len(shape) == 3 and shape[0] != 1 else 200
    np.testing.assert_allclose(x[:, 0, 0], [other - 103.063, other - 115.903, 200 - 123.152], rtol=1e-6)


def test_a_picture_of_another_shape(resnet: Any) -> None:
    with pytest.raises(
        ValueError, match=r"ResNet50Layers.prepare: image has shape \(4, 6, 2\); expected \(height, width\)"
    ):
        resnet.prepare(np.zeros((4, 6, 2)), size=None)


def test_pictures_are_scaled_by_pillow(resnet: Any) -> None:
    image = pytest.importorskip("PIL.Image")
    array = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype("uint8")
    x = resnet.prepare(array, (15, 10))
    assert x.shape == (3, 10, 15)
    np.testing.assert_array_equal(resnet.prepare(image.fromarray(array), (15, 10)), x)
    grey = image.fromarray(array[:, :, 0])
    np.testing.assert_array_equal(resnet.prepare(grey, None), resnet.prepare(array[:, :, 0], None))


def test_without_pillow(resnet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(
        ImportError, match=r"Pillow, which scales pictures, is not installed; pip install catena-nn\[images\]"
    ):
        resnet.prepare(np.zeros((4, 6), "uint8"), (3, 3))


def test_features_and_predictions(resnet: Any) -> None:
    images = [np.random.default_rng(i).integers(0, 256, (256, 256, 3)).astype("uint8") for i in range(2)]
    with using_config("train", False):
        assert resnet.extract([images[0][:64, :64]], size=None)["pool5"].shape == (1, 2048)
    y = resnet.predict(images, oversample=False)
    assert y.shape == (2, 1000)
    np.testing.assert_allclose(y.array.sum(1), 1, rtol=1e-5)
    assert not y.requires_grad
    part = resnet.prepare(images[0], None)[:, 16:240, 16:240]
    with using_config("train", False), no_backprop_mode():
        np.testing.assert_allclose(y.array[0], resnet(part[None])["prob"].array[0], rtol=1e-4, atol=1e-6)


def test_ten_parts_of_a_picture(resnet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def forward(x: Any, layers: Any = None) -> dict[str, Any]:
        seen.append(x)
        return {"prob": x[:, 2, :1, 0]}  # the red of the first corner

    monkeypatch.setattr(resnet, "forward", forward)
    image = np.zeros((256, 256, 3), "uint8")
    image[16, 16], image[0, 255] = (
        100,
        50,
    )  # the first corner of the middle, and that of the mirror image of the right part
    y = resnet.predict([image, image])
    assert seen[0].shape == (20, 3, 224, 224)
    np.testing.assert_allclose(y, np.full((2, 1), 150 / 10 - 123.152), rtol=1e-5)
