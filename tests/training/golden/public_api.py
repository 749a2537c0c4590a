"""Makes `public_api.json` with Chainer 7.8.1 itself: the names for training, their parameters with defaults, and the classes' members.

Run with Python 3.11, NumPy 1.23.5, `setuptools<70` and chainer==7.8.1.
"""

import importlib
import inspect
import json
import sys
import warnings
from pathlib import Path

import chainer

MODULES = [
    "dataset",
    "dataset.tabular",
    "datasets",
    "iterators",
    "optimizer_hooks",
    "optimizers",
    "training",
    "training.extensions",
    "training.extensions.snapshot_writers",
    "training.triggers",
    "training.updaters",
]


def default(value):
    """A default as text that is the same for both libraries."""
    if value is chainer.dataset.concat_examples:
        return "concat_examples"
    if value is sys.stdout:
        return "sys.stdout"
    return getattr(value, "__name__", None) or repr(value)


def parameters(call):
    """The parameters of a callable: name, kind and default or None."""
    try:
        signature = inspect.signature(call)
    except (TypeError, ValueError):
        return None
    return [
        [p.name, p.kind.name, None if p.default is p.empty else default(p.default)]
        for p in signature.parameters.values()
        if p.name != "self"
    ]


def members(cls):
    """The public members of a class, from Chainer's own bases too."""
    return sorted(
        {
            name
            for base in cls.__mro__
            if base.__module__.startswith("chainer")
            for name in vars(base)
            if not name.startswith("_")
        }
    )


def described(value):
    """What a public name stands for."""
    if value is chainer.dataset.concat_examples:  # an object that hands all arguments on
        value = chainer.dataset.convert.concat_examples_func
    if inspect.isclass(value):
        return {"kind": "class", "parameters": parameters(value), "members": members(value)}
    if callable(value):
        return {"kind": "function", "parameters": parameters(value)}
    return {"kind": "value", "value": repr(value)}


def main():
    """Write the file."""
    warnings.simplefilter("ignore")
    table = {}
    for name in MODULES:
        module = importlib.import_module(f"chainer.{name}")
        table[name] = {
            key: described(value)
            for key, value in sorted(vars(module).items())
            if not key.startswith("_")
            and not inspect.ismodule(value)
            and getattr(value, "__module__", "chainer").startswith("chainer")
        }
    lines = [
        f' "{module}": {{\n' + ",\n".join(f'  "{key}": {json.dumps(value)}' for key, value in names.items()) + "\n }"
        for module, names in table.items()
    ]
    Path(__file__).with_suffix(".json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
