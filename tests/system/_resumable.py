"""A training of seconds that test_resume.py kills and resumes: python _resumable.py CASE OUT [--slow].

It prints each iteration, so that whoever started it knows how far it is.
"""

from __future__ import annotations

import argparse
import resource
import time
from typing import Any

import numpy as np

import catena.nn as nn
import catena.nn.functions as F
import catena.nn.links as L
from catena.training import StandardUpdater, Trainer, extensions, iterators, optimizers, set_seed, triggers
from catena.training.datasets import TransformDataset, TupleDataset
from catena.training.extensions import snapshot_writers

EPOCHS = 4
BATCH_SIZE = 8
N_EXAMPLES = 44  # epochs end within minibatches

# Optimizer, iterator, shuffling, dropout, schedules, evaluator: every value of each column stands in several rows.
CASES: dict[str, tuple[str, str, bool, float, tuple[str, ...], str]] = {
    "sgd-serial-ordered": ("SGD", "serial", False, 0.0, (), "none"),
    "sgd-serial-shuffled-dropout": ("SGD", "serial", True, 0.4, ("exponential",), "plain"),
    "momentum-thread-shuffled": ("MomentumSGD", "thread", True, 0.0, ("warmup", "step"), "plain"),
    "momentum-process-dropout": ("MomentumSGD", "process", False, 0.4, ("linear",), "shuffled"),
    "adam-serial-shuffled-early": ("Adam", "serial", True, 0.4, ("early",), "plain"),
    "adam-process-shuffled": ("Adam", "process", True, 0.0, ("exponential",), "plain"),
    "adamw-thread-ordered": ("AdamW", "thread", False, 0.4, ("polynomial",), "none"),
    "amsgrad-serial-averaged": ("AMSGrad", "serial", True, 0.4, ("averaged",), "plain"),
    "nadam-process-shuffled-dropout": ("NAdam", "process", True, 0.4, ("warmup", "inverse"), "shuffled"),
    "lamb-serial-hooks": ("LAMB", "serial", True, 0.0, ("hooks", "multistep"), "plain"),
    "lion-thread-accumulated": ("Lion", "thread", True, 0.4, ("accumulated", "exponential"), "shuffled"),
    "rmsprop-serial-statistics": ("RMSprop", "serial", True, 0.4, ("statistics", "linear"), "plain"),
}


class Net(nn.Chain):
    """Two layers with dropout between them."""

    def __init__(self, ratio: float) -> None:
        super().__init__()
        self.ratio = ratio
        with self.init_scope():
            self.l1 = L.Linear(None, 16)
            self.l2 = L.Linear(16, 3)

    def forward(self, x: Any) -> Any:
        """Scores, `(batch, 3)`."""
        return self.l2(F.dropout(F.tanh(self.l1(x)), self.ratio))


def jitter(example: tuple[Any, Any]) -> tuple[Any, Any]:
    """An example with noise from NumPy's global generator, as a user's transform may draw it."""
    x, t = example
    return x + np.random.normal(0, 0.01, x.shape).astype(np.float32), t


def data(n: int, seed: int) -> TupleDataset:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 5)).astype(np.float32)
    return TupleDataset(x, np.argmax(x[:, :3], axis=1).astype(np.int32))


def iterator_of(kind: str, shuffle: bool) -> Any:
    examples = TransformDataset(data(N_EXAMPLES, 1), jitter)
    if kind == "process":
        return iterators.MultiprocessIterator(examples, BATCH_SIZE, shuffle=shuffle, n_processes=2, n_prefetch=2)
    if kind == "thread":
        return iterators.MultithreadIterator(data(N_EXAMPLES, 1), BATCH_SIZE, shuffle=shuffle, n_threads=2)
    return iterators.SerialIterator(examples, BATCH_SIZE, shuffle=shuffle)


SHIFTS: dict[str, tuple[Any, tuple[int, str]]] = {
    "exponential": (lambda attr: extensions.ExponentialShift(attr, 0.9), (5, "iteration")),
    "inverse": (lambda attr: extensions.InverseShift(attr, 0.1, 0.5), (1, "epoch")),
    "linear": (lambda attr: extensions.LinearShift(attr, (0.01, 0.001), (3, 17)), (1, "iteration")),
    "multistep": (lambda attr: extensions.MultistepShift(attr, 0.5, [1, 3], 0.01), (1, "epoch")),
    "polynomial": (lambda attr: extensions.PolynomialShift(attr, 0.5, 100), (1, "iteration")),
    "step": (lambda attr: extensions.StepShift(attr, 0.7, 2, init=0.02), (1, "epoch")),
    "warmup": (lambda attr: extensions.WarmupShift(attr, 0.001, 9, 0.02), (1, "iteration")),
}


def build(case: str, out: str, writer: str) -> Trainer:
    optimizer_name, iterator_name, shuffle, ratio, with_, evaluator = CASES[case]
    set_seed(0)
    model = L.Classifier(Net(ratio))
    optimizer: Any = getattr(optimizers, optimizer_name)().setup(model)
    if "hooks" in with_:
        optimizer.add_hook(optimizers.WeightDecay(0.01))
        optimizer.add_hook(optimizers.GradientNoise(0.01))
    updater = StandardUpdater(
        iterator_of(iterator_name, shuffle), optimizer, n_accumulate=2 if "accumulated" in with_ else 1
    )
    stop: Any = (EPOCHS, "epoch")
    if "early" in with_:
        stop = triggers.EarlyStoppingTrigger(
            monitor="validation/main/loss", mode="max", patience=2, max_trigger=(EPOCHS, "epoch")
        )
    trainer = Trainer(updater, stop, out=out)
    attr = "lr" if "lr" in optimizer.hyperparam.get_dict() else "alpha"
    for name in with_:
        if name in SHIFTS:
            make, trigger = SHIFTS[name]
            trainer.extend(make(attr), trigger=trigger)
    evaluated: Any = model
    if "averaged" in with_:
        average = extensions.ExponentialMovingAverage(model)
        trainer.extend(average)
        evaluated = average.model
    if evaluator != "none":
        test = iterators.SerialIterator(data(21, 2), 8, repeat=False, shuffle=evaluator == "shuffled")
        trainer.extend(extensions.Evaluator(test, evaluated))
        trainer.extend(
            extensions.snapshot_object(model, "best_{.updater.iteration}", n_retains=1),
            trigger=triggers.MinValueTrigger("validation/main/loss"),
        )
    if "statistics" in with_:
        trainer.extend(extensions.ParameterStatistics(model))
        trainer.extend(extensions.VariableStatisticsPlot(model, max_sample_size=10, trigger=(8, "iteration")))
    trainer.extend(extensions.observe_lr())
    trainer.extend(extensions.LogReport())
    trainer.extend(extensions.JSONLinesReport(trigger=(4, "iteration")))
    trainer.extend(extensions.CSVReport(trigger=(7, "iteration")))
    losses = ["main/loss"] if evaluator == "none" else ["main/loss", "validation/main/loss"]
    trainer.extend(extensions.PlotReport([*losses, "lr"], trigger=(8, "iteration")))
    trainer.extend(
        extensions.snapshot(writer=getattr(snapshot_writers, writer)(), n_retains=2, autoload=True),
        trigger=(3, "iteration"),
    )
    return trainer


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("case", choices=CASES)
    parser.add_argument("out")
    parser.add_argument("--slow", action="store_true", help="wait between iterations, so that there is time to kill")
    parser.add_argument(
        "--full-at", type=int, help="the iteration from which on no file can have more than 5,000 bytes"
    )
    parser.add_argument("--writer", default="SimpleWriter", help="the writer of snapshots")
    args = parser.parse_args()
    trainer = build(args.case, args.out, args.writer)

    def tell(trainer: Trainer) -> None:
        print(trainer.updater.iteration, flush=True)
        if args.full_at == trainer.updater.iteration:
            resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
        if args.slow:
            time.sleep(0.02)

    trainer.extend(tell, name="tell", priority=-1000)
    trainer.run()


if __name__ == "__main__":
    main()
