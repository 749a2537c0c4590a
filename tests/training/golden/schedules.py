"""Print what Chainer 7.8.1's schedules and triggers do, as JSON: python schedules.py > schedules.json, where Chainer is installed."""

import json
from types import SimpleNamespace

from chainer.training import extensions, triggers

SHIFTS = [
    ("ExponentialShift", ["lr", 0.5], {}),
    ("ExponentialShift", ["lr", 0.5], {"init": 2.0, "target": 0.3}),
    ("ExponentialShift", ["lr", 1.5], {"init": -1.0, "target": -4.0}),
    ("InverseShift", ["lr", 0.3, 2.0], {}),
    ("InverseShift", ["lr", 0.3, -1.0], {"target": 2.0}),
    ("InverseShift", ["lr", 0.3, 2.0], {"init": 3.0, "target": 0.5}),
    ("LinearShift", ["lr", [1.0, 0.0], [2, 6]], {}),
    ("MultistepShift", ["lr", 0.1, [2, 5, 6], 1.0], {}),
    ("PolynomialShift", ["lr", 2.0, 11], {"target": 0.1}),
    ("PolynomialShift", ["lr", 0.5, 20], {"init": 4.0}),
    ("StepShift", ["lr", 0.5, 3], {}),
    ("StepShift", ["lr", 2.0, 2], {"init": 1.0, "target": 5.0}),
    ("WarmupShift", ["lr", 0.1, 5, 1.0], {}),
]
CALLS = 10

TRIGGERS = [
    ("ManualScheduleTrigger", [[2, 7], "iteration"], {}),
    ("ManualScheduleTrigger", [3, "epoch"], {}),
    ("ManualScheduleTrigger", [[0.5, 1.25], "epoch"], {}),
    ("OnceTrigger", [], {}),
    ("MaxValueTrigger", ["x"], {"trigger": [2, "iteration"]}),
    ("MinValueTrigger", ["x"], {"trigger": [1, "iteration"]}),
    ("EarlyStoppingTrigger", [], {"check_trigger": [1, "iteration"], "monitor": "x", "patience": 2}),
    (
        "EarlyStoppingTrigger",
        [],
        {"check_trigger": [1, "epoch"], "monitor": "x", "mode": "max", "max_trigger": [11, "iteration"]},
    ),
    ("EarlyStoppingTrigger", [], {"check_trigger": [2, "iteration"], "monitor": "x", "max_trigger": [9, "iteration"]}),
]
VALUES = [3.0, 2.0, 4.0, 1.0, 5.0, 0.5, 0.5, 7.0, 6.0, 0.25, 9.0, 0.125]


def values_of(name, args, options):
    optimizer = SimpleNamespace(lr=1.0)
    trainer = SimpleNamespace(updater=SimpleNamespace(get_optimizer=lambda name: optimizer))
    shift = getattr(extensions, name)(*args, **options)
    shift.initialize(trainer)
    values = [optimizer.lr]
    for _ in range(CALLS):
        shift(trainer)
        values.append(optimizer.lr)
    return values


def firings_of(name, args, options):
    trigger = getattr(triggers, name)(*args, **options)
    fires = []
    for i, value in enumerate(VALUES, 1):
        updater = SimpleNamespace(iteration=i, epoch=i // 4, epoch_detail=i / 4, previous_epoch_detail=(i - 1) / 4)
        if trigger(SimpleNamespace(updater=updater, observation={"x": value})):
            fires.append(i)
    return fires


if __name__ == "__main__":
    found = {
        "shifts": [(case, values_of(*case)) for case in SHIFTS],
        "triggers": [(case, firings_of(*case)) for case in TRIGGERS],
    }
    print(json.dumps(found))
