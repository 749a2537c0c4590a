"""Chainer 7.8.1's deep paths: each module imports and has the public objects; what has nothing here says so and stands in missing.json."""

from __future__ import annotations

import importlib
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import chainer
import numpy as np
import pytest

# path -> public namespace -> names; under "" those that Chainer has nowhere else
TABLE: dict[str, dict[str, list[str]]] = json.loads(Path(chainer.__file__).with_name("_paths.json").read_text())
MISSING: dict[str, list[str]] = json.loads((Path(__file__).parent / "missing.json").read_text())
LISTED = {name for names in MISSING.values() for name in names}


def is_listed(path: str) -> bool:
    parts = path.split(".")
    return any(".".join(parts[: i + 1]) in LISTED for i in range(len(parts)))


HERE = [path for path in TABLE if not is_listed(path)]


@pytest.mark.parametrize("path", HERE)
def test_a_path_imports_and_has_the_public_objects(path: str) -> None:
    module = importlib.import_module(path)
    names = {name: home for home, names in TABLE[path].items() if home for name in names if name not in LISTED}
    assert {name: getattr(module, name) for name in names} == {
        name: getattr(importlib.import_module(home), name) for name, home in names.items()
    }
    for name in TABLE[path].get("", []):
        with pytest.raises(ImportError, match=rf"{path} has no {name} here: docs/coming-from-chainer.md lists"):
            getattr(module, name)


@pytest.mark.parametrize("path", [path for path in TABLE if is_listed(path)])
def test_a_path_of_nothing_says_so(path: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"nothing of chainer\..* is here: docs/coming-from-chainer.md lists"):
        importlib.import_module(path)


def test_most_of_chainer_is_here() -> None:
    assert len(TABLE) == 367
    assert len(HERE) == 338


# Each runs after `import chainer` in a process of its own, where warnings are errors.
PROGRAMS = {
    "from": "from chainer.functions.loss.vae import gaussian_kl_divergence as f; assert f is chainer.functions.gaussian_kl_divergence",
    "import": "import chainer.functions.loss.vae; chainer.functions.loss.vae.gaussian_kl_divergence",
    "as": "import chainer.links.connection.linear as l; assert l.Linear is chainer.links.Linear",
    "star": "from chainer.initializers.normal import *; assert HeNormal is chainer.initializers.HeNormal",
    "module": "from chainer.training import trigger; assert trigger.get_trigger is chainer.training.get_trigger",
    "package": "from chainer.functions import activation; activation.relu.relu",
    "attribute": "chainer.datasets.tuple_dataset.TupleDataset([1], [2])",
    "attributes": "chainer.training.triggers.minmax_value_trigger; chainer.utils.walker_alias; chainer.serializers.npz",
    "functions": "assert chainer.functions.math.sum.sum is chainer.functions.sum",
    "a function where its module was": "assert chainer.utils.experimental('chainer.x') is None",
    "all": f"import importlib; [importlib.import_module(path) for path in {HERE}]",
    "the table is read when it is needed": "from chainer import _paths; assert _paths._table.cache_info().currsize == 0",
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs(program: str) -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", f"import chainer\n{PROGRAMS[program]}"], check=True)


@pytest.mark.parametrize(
    "name", ["chainer.functions.loss.vae.nothing", "chainer.training.nothing", "chainer.functions.nothing"]
)
def test_other_names_are_no_attributes(name: str) -> None:
    path, _, attribute = name.rpartition(".")
    module = importlib.import_module(path)
    assert not hasattr(module, attribute)
    with pytest.raises(ImportError, match=f"cannot import name '{attribute}'"):
        exec(f"from {path} import {attribute}")
    with pytest.raises(ModuleNotFoundError, match=f"No module named '{name}'"):
        importlib.import_module(name)


def test_from_import_of_a_class_behind_a_function_says_that_it_is_missing() -> None:
    with pytest.raises(ImportError, match=r"chainer\.functions\.activation\.relu has no ReLU here: docs/coming-from"):
        exec("from chainer.functions.activation.relu import ReLU")


def test_instances_of_classes_from_deep_paths_are_pickled() -> None:
    linear: Any = importlib.import_module("chainer.links.connection.linear")
    link = linear.Linear(3, 2)
    back = pickle.loads(pickle.dumps(link))
    assert type(back) is chainer.links.Linear
    np.testing.assert_array_equal(back.W.array, link.W.array)
    assert pickle.loads(pickle.dumps(linear.Linear)) is chainer.links.Linear
