"""Write chainer.model, chainer.state, chainer.snapshot and what they hold: files of Chainer 7.8.1, and read ours there.

    python tests/chainer/golden/files.py FOLDER            # train, and write the files into the folder
    python tests/chainer/golden/files.py FOLDER --read     # read files of these names there, and print what is in them

The same program runs on Chainer 7.8.1 and here; `public_api.py` says how to make a Python that has Chainer.
"""

import json
import os
import sys
import tempfile
import warnings

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import iterators, optimizers, serializers, training
from chainer.training import extensions

warnings.simplefilter("ignore")


class Net(chainer.Chain):
    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.l1 = L.Linear(None, 6)
            self.conv = L.Convolution2D(1, 2, 2)
            self.rest = chainer.ChainList(L.Linear(6, 5), L.Linear(5, 3, nobias=True))
        self.add_persistent("mean", np.arange(3, dtype="f"))
        self.add_persistent("count", 7)

    def __call__(self, x):
        image = F.reshape(self.conv(F.reshape(x, (-1, 1, 2, 2))), (len(x), -1))
        h = F.tanh(self.l1(F.concat([x, image])))
        return self.rest[1](F.relu(self.rest[0](h)))


def trainer(out):
    draws = np.random.RandomState(0)
    x = draws.randn(40, 4).astype("f")
    data = chainer.datasets.TupleDataset(x, (x[:, 0] > 0).astype("i"))
    model = L.Classifier(Net())
    model.predictor(x[:2])
    for i, (_, p) in enumerate(sorted(model.namedparams())):
        p.array[...] = np.random.RandomState(i).randn(*p.shape) * 0.5
    optimizer = optimizers.Adam(0.01)
    optimizer.setup(model)
    optimizer.add_hook(chainer.optimizer_hooks.WeightDecay(0.001))
    updater = training.StandardUpdater(iterators.SerialIterator(data, 10, shuffle=False), optimizer)
    made = training.Trainer(updater, (6, "epoch"), out=out)
    made.extend(extensions.Evaluator(iterators.SerialIterator(data, 10, repeat=False, shuffle=False), model))
    made.extend(extensions.LogReport())
    return made, x


def seen(made, x):
    """What the run's model, optimizer and log hold, in numbers that any JSON keeps."""
    optimizer = made.updater.get_optimizer("main")
    model = optimizer.target
    with chainer.using_config("train", False):
        y = model.predictor(x[:3])
    return {
        "iteration": made.updater.iteration, "epoch": made.updater.epoch, "t": optimizer.t, "count": int(model.predictor.count),
        "y": y.array.tolist(), "parameters": {k: float(abs(p.array).sum()) for k, p in sorted(model.namedparams())},
        "moments": {k: float(abs(p.update_rule.state["m"]).sum()) for k, p in sorted(model.namedparams())},
        "losses": [entry["main/loss"] for entry in made.get_extension("LogReport").log],
    }  # fmt: skip


def write(folder):
    with tempfile.TemporaryDirectory() as out:
        made, x = trainer(out)
        made.stop_trigger = training.get_trigger((3, "epoch"))
        made.run()
    optimizer = made.updater.get_optimizer("main")
    serializers.save_npz(os.path.join(folder, "chainer.model"), optimizer.target)
    serializers.save_npz(os.path.join(folder, "chainer.state"), optimizer)
    serializers.save_npz(os.path.join(folder, "chainer.snapshot"), made)
    return seen(made, x)


def read(folder):
    """The snapshot, then a run to its end; beside them the model and the optimizer's state by themselves."""
    with tempfile.TemporaryDirectory() as out:
        made, x = trainer(out)
        serializers.load_npz(os.path.join(folder, "chainer.snapshot"), made)
        found = {"snapshot": seen(made, x)}
        made.run()
        found["at the end"] = seen(made, x)
        alone, x = trainer(out)
        optimizer = alone.updater.get_optimizer("main")
        serializers.load_npz(os.path.join(folder, "chainer.model"), optimizer.target)
        serializers.load_npz(os.path.join(folder, "chainer.state"), optimizer)
        fresh = L.Classifier(Net())  # whose first layer has no shape yet
        serializers.load_npz(os.path.join(folder, "chainer.model"), fresh)
        found["model alone"] = {**seen_of(alone, x), "fresh": fresh.predictor(x[:3]).array.tolist()}
    return found


def seen_of(alone, x):
    optimizer = alone.updater.get_optimizer("main")
    return {"t": optimizer.t, "y": optimizer.target.predictor(x[:3]).array.tolist()}


if __name__ == "__main__":
    if "--read" in sys.argv:
        print(json.dumps(read(sys.argv[1])))
    else:
        write(sys.argv[1])
        with open(os.path.join(sys.argv[1], "chainer.json"), "w") as file:
            json.dump(read(sys.argv[1]), file, indent=1)
