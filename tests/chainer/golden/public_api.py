"""Write public_api.json: every public name of Chainer 7.8.1 with its parameters.

python3.11 -m venv real && real/bin/pip install "chainer==7.8.1" "numpy<1.24" "setuptools<70"
real/bin/python tests/chainer/golden/public_api.py
"""

from __future__ import annotations

import importlib
import inspect
import json
import types
import warnings
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")

MODULES = """
    chainer chainer.backend chainer.backends.cuda chainer.backends.intel64 chainer.computational_graph chainer.configuration
    chainer.cuda chainer.dataset chainer.dataset.convert chainer.dataset.download chainer.dataset.iterator chainer.dataset.tabular
    chainer.datasets chainer.device_resident chainer.distribution chainer.distributions chainer.function chainer.function_hook
    chainer.function_hooks chainer.function_node chainer.functions chainer.gradient_check chainer.initializer chainer.initializers
    chainer.iterators chainer.link chainer.link_hook chainer.link_hooks chainer.links chainer.links.model.vision.googlenet
    chainer.links.model.vision.resnet chainer.links.model.vision.vgg chainer.memory_layouts chainer.optimizer
    chainer.optimizer_hooks chainer.optimizers chainer.reporter chainer.sequential chainer.serializer chainer.serializers
    chainer.testing chainer.testing.attr chainer.testing.condition chainer.training chainer.training.extension
    chainer.training.extensions chainer.training.extensions.snapshot_writers chainer.training.trainer chainer.training.triggers
    chainer.training.updater chainer.training.updaters chainer.training.util chainer.utils chainer.utils.argument
    chainer.utils.conv chainer.utils.type_check chainer.variable chainer.warnings
""".split()
# Classes whose members programs call; those of the others are their base classes' or their constructor's alone.
CLASSES = """
    chainer.Variable chainer.Parameter chainer.Function chainer.FunctionNode chainer.FunctionHook chainer.Link chainer.Chain
    chainer.ChainList chainer.Sequential chainer.LinkHook chainer.Reporter chainer.Summary chainer.DictSummary chainer.Optimizer
    chainer.GradientMethod chainer.UpdateRule chainer.Distribution chainer.backend.Device chainer.dataset.Iterator
    chainer.dataset.DatasetMixin chainer.dataset.TabularDataset chainer.iterators.SerialIterator
    chainer.iterators.MultiprocessIterator chainer.training.Extension chainer.training.Trainer chainer.training.Updater
    chainer.training.StandardUpdater chainer.training.extensions.Evaluator chainer.training.extensions.LogReport
""".split()


def own(value: Any) -> bool:
    """Whether a value is Chainer's, rather than something that one of its modules imports."""
    if isinstance(value, types.ModuleType):
        return False
    module = getattr(value, "__module__", None)
    return module is None or module.split(".")[0] == "chainer"


def parameters_of(value: Any) -> list[list[str]] | None:
    """[name, kind, default] of each parameter; None for what cannot be called."""
    if not callable(value):
        return None
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return None
    return [[p.name, p.kind.name, default_of(p)] for p in signature.parameters.values() if p.name != "self"]


def default_of(p: inspect.Parameter) -> str:
    if p.default is p.empty:
        return ""
    simple = p.default is None or isinstance(p.default, (bool, int, float, str, tuple))
    return repr(p.default) if simple else "..."


def main() -> None:
    api: dict[str, Any] = {}
    for name in MODULES:
        module = importlib.import_module(name)
        api[name] = {
            public: parameters_of(value)
            for public, value in sorted(vars(module).items())
            if not public.startswith("_")
            and own(value)
            and (".vision." not in name or getattr(value, "__module__", "") == name)
        }
    for name in CLASSES:
        module, _, cls = name.rpartition(".")
        members = inspect.getmembers(getattr(importlib.import_module(module), cls))
        api[name] = {
            public: parameters_of(value)
            for public, value in members
            if not public.startswith("_") and own(value) and not isinstance(value, type)
        }
    lines = []
    for name, publics in api.items():
        rows = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in publics.items())
        lines.append(f"{json.dumps(name)}: {{\n{rows}\n}}")
    Path(__file__).with_suffix(".json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
