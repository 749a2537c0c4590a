"""Training as a whole: memory, a model on several devices, and results that do not depend on how they are computed."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import catena.nn as nn
import catena.nn.functions as F
import catena.nn.links as L
import xparray as xp
from catena.autograd import Variable
from catena.autograd._node import Node
from catena.nn import serializers
from catena.training import PRIORITY_WRITER, StandardUpdater, Trainer, extensions, make_extension
from catena.training.convert import concat_examples
from catena.training.datasets import TupleDataset
from catena.training.iterators import SerialIterator
from catena.training.optimizers import Adam

pytest.importorskip("array_api_strict")

DIGITS = Path(__file__).parents[2] / "examples" / "digits.py"
N_IN, N_UNITS, N_CLASS, BATCH = 20, 50, 4, 50


def examples(n: int = 200) -> TupleDataset:
    """Points around four centres, with the centre's number."""
    rng = np.random.default_rng(0)
    t = rng.integers(0, N_CLASS, n).astype(np.int32)
    x = rng.normal(size=(N_CLASS, N_IN))[t] + rng.normal(size=(n, N_IN))
    return TupleDataset(x.astype(np.float32), t)


# --------------------------------------------------------------------------------------------------------------------------- memory


class MLP(nn.Chain):
    def __init__(self) -> None:
        super().__init__()
        with self.init_scope():
            self.l1 = L.Linear(None, N_UNITS)
            self.l2 = L.Linear(None, N_CLASS)

    def forward(self, x: Any) -> Any:
        return self.l2(F.dropout(F.relu(self.l1(x)), ratio=0.3))


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("device", ["numpy", "numba"])
def test_a_thousand_steps_leave_memory_flat(tmp_path: Path, device: str) -> None:
    model = L.Classifier(MLP())
    updater = StandardUpdater(SerialIterator(examples(), BATCH), Adam().setup(model), device=device)
    trainer = Trainer(updater, (1100, "iteration"), out=tmp_path)
    # One entry, at the end: Python's json leaves objects that refer to themselves at each writing.
    trainer.extend(extensions.LogReport(trigger=(1100, "iteration")))
    measured: list[tuple[int, int]] = []

    @make_extension(trigger=(100, "iteration"), priority=PRIORITY_WRITER)
    def measure(trainer: Trainer) -> None:
        # Python keeps freed tuples until a collection; of frozen objects, a collection finds none.
        gc.freeze()
        gc.collect()
        gc.unfreeze()
        in_graphs = sum(isinstance(thing, Variable | Node) for thing in gc.get_objects())
        measured.append((in_graphs, tracemalloc.get_traced_memory()[0]))

    trainer.extend(measure)
    tracemalloc.start()
    trainer.run()
    tracemalloc.stop()
    (objects, size), *later = measured  # after the first hundred steps, which fill caches
    assert [n for n, _ in later] == [objects] * 10
    assert later[-1][1] - size < 20_000  # 20 bytes a step; one graph takes more
    assert [entry["iteration"] for entry in json.loads((tmp_path / "log").read_text())] == [1100]


# ---------------------------------------------------------------------------------------------------------------- several devices


class Spread(nn.Chain):
    """Three layers, each of which may be on a device of its own, and the loss."""

    def __init__(self) -> None:
        super().__init__(l1=L.Linear(None, 16), l2=L.Linear(None, 16), l3=L.Linear(None, N_CLASS))

    def forward(self, x: Any, t: Any) -> Any:
        h = F.relu(self.l1(xp.to_device(x, self.l1.device)))
        h = F.relu(self.l2(F.to_device(F.dropout(h, 0.1), self.l2.device)))
        y = self.l3(F.to_device(h, self.l3.device))
        t = xp.to_device(t, self.l3.device)
        loss = F.softmax_cross_entropy(y, t)
        nn.report({"loss": loss, "accuracy": F.accuracy(y, t)}, self)
        return loss


def train_on(devices: list[str], out: Path) -> tuple[Trainer, Spread]:
    xp.random.seed(0)
    model = Spread()
    for layer, device in zip(model.children(), devices, strict=True):
        layer.to_device(device)
    updater = StandardUpdater(SerialIterator(examples(), BATCH), Adam(alpha=0.01).setup(model))
    trainer = Trainer(updater, (10, "epoch"), out=out)
    trainer.extend(extensions.LogReport())
    trainer.run()
    return trainer, model


def log_of(trainer: Trainer, name: str) -> list[float]:
    return [entry[name] for entry in trainer.get_extension("LogReport").log]


def homes(model: Spread) -> dict[str, set[str]]:
    """Of each layer the devices of all that belongs to its parameters."""
    found = {}
    for layer in model.children():
        arrays = [a for p in layer.params() for a in (p.array, p.grad, *p.update_rule.state.values())]
        assert len(arrays) == 8
        found[str(layer.name)] = {str(xp.device_of(a)) for a in arrays}
    return found


def test_a_model_on_three_backends_trains(tmp_path: Path) -> None:
    devices = ["numpy", "numba", "strict:device1"]
    trainer, model = train_on(devices, tmp_path / "spread")
    losses = log_of(trainer, "main/loss")
    assert losses[-1] < 0.2 * losses[0]
    assert log_of(trainer, "main/accuracy")[-1] > 0.9
    assert homes(model) == {f"l{i + 1}": {device} for i, device in enumerate(devices)}
    alone, same = train_on(["numpy"] * 3, tmp_path / "alone")
    np.testing.assert_allclose(losses, log_of(alone, "main/loss"), rtol=1e-4)

    # The whole moves, and goes on, its optimizer's memory with it.
    for each, its_trainer in ((model, trainer), (same, alone)):
        each.to_device("strict:device2")
        its_trainer.updater.get_optimizer("main").update(each, *concat_examples(examples()[:BATCH]))
        assert homes(each) == {f"l{i}": {"strict:device2"} for i in (1, 2, 3)}

    # A file knows of no device: what one model wrote another reads, wherever its parts are.
    serializers.save_npz(tmp_path / "model", model)
    other = Spread()
    for layer, device in zip(other.children(), reversed(devices), strict=True):
        layer.to_device(device)
    serializers.load_npz(tmp_path / "model", other)
    for (name, p), (_, q) in zip(model.namedparams(), other.namedparams(), strict=True):
        np.testing.assert_array_equal(xp.to_device(p.array, "numpy"), xp.to_device(q.array, "numpy"), err_msg=name)
    assert [str(layer.device) for layer in other.children()] == devices[::-1]


# ------------------------------------------------------------------------------------------------------------ however it is computed


def run(*command: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_digits_depend_neither_on_the_jit_nor_on_the_backend(tmp_path: Path) -> None:
    def losses(device: str, jit: str) -> list[list[float]]:
        out = tmp_path / f"{device}{jit}"
        run(str(DIGITS), "--epoch", "1", "--device", device, "--out", str(out), XPARRAY_JIT=jit)
        log = json.loads((out / "log").read_text())
        return [[entry[name] for name in ("main/loss", "validation/main/loss")] for entry in log]

    jitted = losses("numpy", "1")
    assert len(jitted) == 1
    for device, jit in (("numpy", "0"), ("numba", "0"), ("numba", "1")):
        np.testing.assert_allclose(losses(device, jit), jitted, rtol=0, atol=1e-4)


KERNELS = """
import hashlib
import numpy as np
import catena.nn as nn, catena.nn.functions as F, catena.nn.links as L
import xparray as xp
from catena.autograd import Variable
from catena.training.optimizers import Adam, MomentumSGD, SGD

assert xp.jit_enabled()
rng = np.random.default_rng(0)
x, y = rng.normal(size=(2, 1000, 300)).astype("float32")
t = rng.integers(0, 300, 1000)
ten = lambda *shape: rng.integers(-10, 10, shape).astype("float32")  # sums of integers are exact, in any order
functions = {
    "relu": lambda x: F.relu(x),
    "sigmoid": lambda x: F.sigmoid(x),
    "softmax": lambda x: F.softmax(x),
    "log_softmax": lambda x: F.log_softmax(x, axis=0),
    "softmax_cross_entropy": lambda x: F.softmax_cross_entropy(x, t),
    "mean_squared_error": lambda x: F.mean_squared_error(x, y),
    "tanh": lambda x: F.tanh(x * y),
    "linear": lambda x: F.linear(ten(1000, 300), Variable(ten(200, 300)), Variable(ten(200))) + F.sum(x),
}
for device in ("numpy", "numba"):
    for name, f in functions.items():
        v = Variable(xp.to_device(x, device))
        out = f(v)
        out.backward(grad=xp.ones_like(out.array))
        print(device, name, hashlib.sha256(np.asarray(out.array).tobytes() + np.asarray(v.grad).tobytes()).hexdigest())
    for rule in (SGD, MomentumSGD, Adam):
        link = nn.Link(W=x.shape)
        link.W.array = xp.to_device(x.copy(), device)
        optimizer = rule().setup(link)
        for _ in range(3):
            link.W.grad = xp.to_device(y.copy(), device)
            optimizer.update()
        print(device, rule.__name__, hashlib.sha256(np.asarray(link.W.array).tobytes()).hexdigest())
"""


def test_kernels_do_not_depend_on_the_number_of_threads() -> None:
    def hashes(threads: int) -> list[str]:
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
        return run("-c", KERNELS, **dict.fromkeys(names, str(threads))).splitlines()

    one, several = hashes(1), hashes(4)
    assert len(one) == len(set(one)) == 22
    assert several == one
