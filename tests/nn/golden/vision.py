"""Makes `vision.json` with Chainer 7.8.1 itself: names and shapes of what its networks save, and results of some layers.

Run with Python 3.11, NumPy 1.23.5, `setuptools<70` and chainer==7.8.1. Every array is filled by `filled`, from its name alone.
"""

import json
import zlib
from pathlib import Path

import chainer
import chainer.links as L
import numpy as np

NETWORKS = {
    "GoogLeNet": (224, ["pool2", "inception_3b", "inception_4a", "pool5", "loss3_fc", "loss1_fc2", "loss2_fc2"]),
    "ResNet50Layers": (64, ["conv1", "pool1", "res2", "res3", "pool5", "fc6"]),
    "VGG16Layers": (32, ["conv1_2", "pool3", "pool5"]),
}


def filled(name, shape):
    """Weights with a variance of 2 / fan-in, and small other values; a variance of 1 and more."""
    values = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape)
    if name.endswith("/W"):
        return values * (2 / np.prod(shape[1:])) ** 0.5
    return 1 + 0.1 * abs(values) if name.endswith(("gamma", "avg_var")) else 0.1 * values


def summary(y):
    y = y.astype("float64").ravel()
    return [round(float(v), 5) for v in (y.mean(), y.std(), y[0], y[-1])]


if __name__ == "__main__":
    found = {}
    for network, (size, layers) in NETWORKS.items():
        model = getattr(L, network)(pretrained_model=None)
        target = chainer.serializers.DictionarySerializer()
        target.save(model)
        shapes = {name: list(np.shape(array)) for name, array in target.target.items()}
        values = {name: filled(name, shape) for name, shape in shapes.items() if not name.endswith("/N")}
        for name, array in values.items():
            target.target[name][...] = array
        chainer.serializers.NpzDeserializer(target.target).load(model)
        x = np.random.RandomState(0).standard_normal((2, 3, size, size)).astype("float32")
        with chainer.using_config("train", False), chainer.no_backprop_mode():
            ys = model(x, layers=layers)
        found[network] = {"shapes": shapes, "results": {name: summary(ys[name].array) for name in layers}}
    text = ",\n".join(
        f' "{network}": {{"results": {json.dumps(of["results"])},\n  "shapes": {json.dumps(of["shapes"])}}}'
        for network, of in found.items()
    )
    Path(__file__).with_suffix(".json").write_text("{\n" + text + "\n}\n")
