"""A network that reads lines of symbols of any length without knowing where they stand, by CTC, in a loop by hand as in v3."""

import argparse
import json

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import Variable, optimizers

BLANK, N_SYMBOLS, N_FEATURES = 0, 4, 6


class Reader(chainer.Chain):
    def __init__(self, n_units):
        super(Reader, self).__init__()  # noqa: UP008
        with self.init_scope():
            self.rnn = L.NStepBiLSTM(1, N_FEATURES, n_units, 0.0)
            self.out = L.Linear(2 * n_units, N_SYMBOLS + 1)

    def __call__(self, xs):
        _, _, hs = self.rnn(None, None, xs)
        ends = np.cumsum([len(h) for h in hs[:-1]])
        ys = F.split_axis(self.out(F.concat(hs, axis=0)), ends, axis=0)
        return F.transpose_sequence([F.pad(y, ((0, N_TIMES - len(y)), (0, 0)), "constant") for y in ys])


N_TIMES = 12
CODES = np.random.RandomState(7).randn(N_SYMBOLS + 1, N_FEATURES).astype("f")


def get_lines(n, rng):
    """Each symbol stands for one to three times, and noise lies between."""
    xs, ts = [], []
    for _ in range(n):
        t = rng.randint(1, N_SYMBOLS + 1, 3)
        rows = [np.concatenate([[CODES[s]] * rng.randint(1, 4), [CODES[BLANK]]]) for s in t]
        x = np.concatenate(rows) + 0.1 * rng.randn(sum(map(len, rows)), N_FEATURES)
        xs.append(x.astype("f"))
        ts.append(t.astype("i"))
    order = np.argsort([-len(x) for x in xs])
    return [xs[i] for i in order], np.array([ts[i] for i in order])


def loss_of(model, xs, t):
    lengths = np.array([len(x) for x in xs], "i")
    ys = model([Variable(x) for x in xs])
    return ys, F.connectionist_temporal_classification(ys, t, BLANK, input_length=lengths)


def collapse(path):
    symbols = [s for i, s in enumerate(path) if i == 0 or s != path[i - 1]]
    return [int(s) for s in symbols if s != BLANK]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", "-o", default="result")
    parser.parse_args()

    rng = np.random.RandomState(0)
    model = Reader(20)
    optimizer = optimizers.Adam(alpha=0.02)
    optimizer.setup(model)
    optimizer.add_hook(chainer.optimizer.GradientClipping(5))

    losses = []
    for _ in range(80):
        xs, t = get_lines(20, rng)
        _, loss = loss_of(model, xs, t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        losses.append(float(loss.data))

    xs, t = get_lines(50, rng)
    with chainer.using_config("train", False), chainer.no_backprop_mode():
        ys, _ = loss_of(model, xs, t)
    best = [y.data.argmax(axis=1) for y in ys]
    read = [collapse([step[i] for step in best[: len(x)]]) for i, x in enumerate(xs)]
    accuracy = float(np.mean([a == b.tolist() for a, b in zip(read, t)]))  # noqa: B905
    print(json.dumps({"before": losses[0], "after": losses[-1], "accuracy": accuracy}))


if __name__ == "__main__":
    main()
