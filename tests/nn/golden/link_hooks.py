"""Makes `link_hooks.json` with Chainer 7.8.1 itself: two calls, in training and in test mode, of links under each hook.

Run with Python 3.11, NumPy 1.23.5, `setuptools<70` and chainer==7.8.1.
"""

import json
from pathlib import Path

import chainer
import chainer.link_hooks
import numpy as np

IMAGES, ROWS = (1, 3, 3, 3), (5, 3)
CASES = [
    ("Linear", [3, 4], ROWS, "SpectralNormalization", {}),
    ("Linear", [3, 4], ROWS, "SpectralNormalization", {"n_power_iteration": 3, "factor": 2.0, "eps": 0.01}),
    ("Linear", [3, 4], ROWS, "SpectralNormalization", {"use_gamma": True}),
    ("Convolution2D", [3, 2, 3], IMAGES, "SpectralNormalization", {"use_gamma": True}),
    ("Deconvolution2D", [3, 2, 3], IMAGES, "SpectralNormalization", {"use_gamma": True}),
    ("Linear", [3, 4], ROWS, "WeightStandardization", {}),
    ("Convolution2D", [3, 2, 3], IMAGES, "WeightStandardization", {"eps": 0.1}),
    ("Deconvolution2D", [3, 2, 3], IMAGES, "WeightStandardization", {}),
]


def listed(x):
    return x.astype(float).round(6).tolist()


def main():
    rng = np.random.RandomState(0)
    made = []
    for name, sizes, shape, hook, options in CASES:
        link = getattr(chainer.links, name)(*sizes)
        link.W.array[...] = rng.randn(*link.W.shape).round(2)
        link.add_hook(getattr(chainer.link_hooks, hook)(**options))
        case = {"link": name, "sizes": sizes, "hook": hook, "options": options, "W": link.W.array.tolist()}
        if hook == "SpectralNormalization":
            link.W_u[...] = rng.randn(*link.W_u.shape).round(2)
            case["u"] = link.W_u.tolist()
        case["x"] = rng.randn(*shape).astype("float32").round(2).tolist()
        case["calls"] = []
        for train in (True, True, False):
            with chainer.using_config("train", train):
                y = link(np.array(case["x"], "float32"))
            link.cleargrads()
            grads = {}
            if name != "Deconvolution2D":  # whose backward takes W itself for its shape, and fails
                chainer.functions.sum(y * y).backward()
                grads = {path: listed(p.grad) for path, p in link.namedparams()}
            left = {"W_u": listed(link.W_u)} if "u" in case else {}
            case["calls"].append({"train": train, "y": listed(y.array), "grads": grads, **left})
        made.append(case)
    text = json.dumps(made, separators=(",", ":"))
    Path(__file__).with_suffix(".json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
