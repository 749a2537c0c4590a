"""Makes `optimizers.json` with Chainer 7.8.1 itself: parameters after seven given gradients, for each optimizer and hook.

Run with Python 3.11, NumPy 1.23.5, `setuptools<70` and chainer==7.8.1.
"""

import json
from pathlib import Path

import chainer
import numpy as np

BOUNDS = {"alpha": 0.1, "final_lr": 0.5, "gamma": 0.1}
CASES = [
    ("SGD", {"lr": 0.1}, {}),
    ("MomentumSGD", {"lr": 0.1, "momentum": 0.5}, {}),
    ("CorrectedMomentumSGD", {"lr": 0.1, "momentum": 0.5}, {}),
    ("NesterovAG", {"lr": 0.1, "momentum": 0.5}, {}),
    ("MSVAG", {}, {}),
    ("MSVAG", {"lr": 0.3, "beta": 0.5, "eta": 0.7, "weight_decay_rate": 0.1}, {}),
    ("AdaGrad", {}, {}),
    ("AdaGrad", {"lr": 0.1, "eps": 0.01}, {}),
    ("AdaDelta", {}, {}),
    ("AdaDelta", {"rho": 0.5, "eps": 0.01}, {}),
    ("RMSprop", {}, {}),
    ("RMSprop", {"lr": 0.1, "alpha": 0.5, "eps": 0.1, "eps_inside_sqrt": True}, {}),
    ("RMSpropGraves", {}, {}),
    ("RMSpropGraves", {"lr": 0.1, "alpha": 0.4, "momentum": 0.3, "eps": 0.1}, {}),
    ("SMORMS3", {}, {}),
    ("SMORMS3", {"lr": 0.3, "eps": 0.01}, {}),
    ("Adam", {}, {}),
    ("Adam", {"alpha": 0.1, "beta1": 0.5, "beta2": 0.6, "eps": 0.01, "eta": 0.5, "weight_decay_rate": 0.1}, {}),
    ("AdamW", {"alpha": 0.1, "weight_decay_rate": 0.1}, {}),
    ("AMSGrad", {"alpha": 0.1, "beta2": 0.3}, {}),
    ("AdaBound", {}, {}),
    ("AdaBound", BOUNDS, {}),
    ("AMSBound", {**BOUNDS, "beta2": 0.3}, {}),
    ("SGD", {"lr": 0.1}, {"WeightDecay": {"rate": 0.1}}),
    ("SGD", {"lr": 0.1}, {"Lasso": {"rate": 0.1}}),
    ("SGD", {"lr": 0.1}, {"GradientClipping": {"threshold": 0.5}}),
    ("SGD", {"lr": 0.1}, {"GradientHardClipping": {"lower_bound": -0.3, "upper_bound": 0.5}}),
    ("SGD", {"lr": 0.1}, {"GradientLARS": {}}),
    ("SGD", {"lr": 0.1}, {"GradientLARS": {"threshold": 0.5, "weight_decay": 0.1, "eps": 0.01}}),
]


def main():
    rng = np.random.RandomState(0)
    start, gradients = rng.randn(3, 4).round(3), rng.randn(7, 3, 4).round(3)
    made = []
    for name, options, hooks in CASES:
        link = chainer.Link()
        with link.init_scope():
            link.p = chainer.Parameter(start.copy())
        optimizer = getattr(chainer.optimizers, name)(**options).setup(link)
        for hook, arguments in hooks.items():
            optimizer.add_hook(getattr(chainer.optimizer_hooks, hook)(**arguments))
        for g in gradients:
            link.p.grad = g.copy()
            optimizer.update()
        made.append({"optimizer": name, "options": options, "hooks": hooks, "p": link.p.array.tolist()})
    golden = {"start": start.tolist(), "gradients": gradients.tolist(), "cases": made}
    Path(__file__).with_suffix(".json").write_text(json.dumps(golden) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
