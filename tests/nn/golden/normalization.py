"""Makes `normalization.json` with Chainer 7.8.1 itself: what normalising functions give, and what their links save and compute.

Run with Python 3.11, NumPy 1.23.5, `setuptools<70` and chainer==7.8.1.
"""

import json
from pathlib import Path

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np

X = {"x": (4, 6), "images": (3, 4, 2, 2)}
LINKS = [
    ("BatchNormalization", {"size": 6}, "x", {}),
    ("BatchNormalization", {"size": 4, "decay": 0.5, "eps": 0.1, "use_beta": False}, "images", {}),
    ("BatchNormalization", {"size": [4, 2, 2], "use_gamma": False}, "images", {}),
    ("BatchNormalization", {"axis": [0, 2, 3]}, "images", {"finetune": True}),
    ("BatchNormalization", {"axis": [0, 1], "initial_avg_mean": 1, "initial_avg_var": 2}, "images", {}),
    ("BatchRenormalization", {"size": 4, "rmax": 1.25, "dmax": 0.1}, "images", {}),
    ("DecorrelatedBatchNormalization", {"size": 4, "groups": 2}, "images", {}),
    ("DecorrelatedBatchNormalization", {"size": 4, "groups": 1, "decay": 0.5}, "images", {"finetune": True}),
    ("LayerNormalization", {}, "x", {}),
    ("GroupNormalization", {"groups": 2}, "images", {}),
    (
        "InceptionBN",
        {
            "in_channels": 4,
            "out1": 2,
            "proj3": 1,
            "out3": 2,
            "proj33": 1,
            "out33": 1,
            "pooltype": "avg",
            "proj_pool": 1,
        },
        "images",
        {},
    ),
    (
        "InceptionBN",
        {
            "in_channels": None,
            "out1": 0,
            "proj3": 1,
            "out3": 2,
            "proj33": 1,
            "out33": 1,
            "pooltype": "max",
            "stride": 2,
        },
        "images",
        {},
    ),
]
FUNCTIONS = [
    ("normalize", "x", {}),
    ("normalize", "images", {"eps": 0.5, "axis": [1, 3]}),
    ("local_response_normalization", "images", {}),
    ("local_response_normalization", "images", {"n": 2, "k": 1, "alpha": 0.5, "beta": 0.3}),
    ("decorrelated_batch_normalization", "images", {"groups": 2, "eps": 0.1}),
]


def hashable(options):
    return {name: tuple(v) if isinstance(v, list) else v for name, v in options.items()}


def gradient(f, x, g, options):
    v = chainer.Variable(x)
    y = f(v, **options)
    y.grad = g(y.shape)
    y.backward()
    return y.array.tolist(), v.grad.tolist()


def saved(link):
    serializer = chainer.serializers.DictionarySerializer()
    serializer.save(link)
    return {key: {"dtype": x.dtype.name, "value": x.tolist()} for key, x in serializer.target.items()}


def rounded(x):
    """The numbers in seven digits, which are those of float32."""
    if isinstance(x, dict):
        return {key: rounded(value) for key, value in x.items()}
    if isinstance(x, list):
        return [rounded(value) for value in x]
    return float(f"{x:.7g}") if isinstance(x, float) else x


def main():
    rng = np.random.RandomState(0)

    def numbers(shape):
        return rng.randn(*shape).round(3).astype("f")

    inputs = {name: numbers(shape) for name, shape in X.items()}
    cotangents = {}

    def cotangent(shape):
        return cotangents.setdefault(str(list(shape)), numbers(shape))

    links = []
    for name, options, key, call in LINKS:
        link = getattr(L, name)(**hashable(options))
        x = inputs[key]
        link(x, **call)
        for p in link.params():
            p.array[...] = numbers(p.shape)
        link.cleargrads()
        before = saved(link)
        y, gx = gradient(link, x, cotangent, call)
        grads = {path: p.grad.tolist() for path, p in link.namedparams()}
        with chainer.using_config("train", False):
            test = link(x).array.tolist()
        made = {
            "link": name,
            "options": options,
            "x": key,
            "call": call,
            "y": y,
            "gx": gx,
            "grads": grads,
            "test": test,
        }
        links.append({**made, "before": before, "after": saved(link)})
    functions = []
    for name, key, options in FUNCTIONS:
        y, gx = gradient(getattr(F, name), inputs[key], cotangent, hashable(options))
        functions.append({"function": name, "x": key, "options": options, "y": y, "gx": gx})
    golden = {
        "inputs": {name: x.tolist() for name, x in inputs.items()},
        "cotangents": {shape: g.tolist() for shape, g in cotangents.items()},
        "links": links,
        "functions": functions,
    }
    text = json.dumps(rounded(golden))
    Path(__file__).with_suffix(".json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
