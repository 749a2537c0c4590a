"""Chainer 7.8.1's deep paths: each module imports and has the public objects; what has nothing here says so and stands in _missing.json."""

from __future__ import annotations

import importlib
import json
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import chainer
import numpy as np
import pytest
from chainer import _inside

# path -> public namespace -> names; under "" those that Chainer has nowhere else
TABLE: dict[str, dict[str, list[str]]] = json.loads(Path(chainer.__file__).with_name("_paths.json").read_text())
MISSING: dict[str, list[str]] = json.loads(Path(chainer.__file__).with_name("_missing.json").read_text())
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
        if name in _inside.__all__:
            assert getattr(module, name) is getattr(_inside, name)
        else:
            assert not hasattr(module, name)


@pytest.mark.parametrize("path", [path for path in TABLE if is_listed(path)])
def test_a_path_of_nothing_says_why(path: str) -> None:
    parent, _, name = path.rpartition(".")
    reason = next(reason for reason, names in MISSING.items() if any(f"{path}.".startswith(f"{n}.") for n in names))
    with pytest.raises(ModuleNotFoundError) as raised:
        importlib.import_module(path)
    assert str(raised.value).endswith(f" here: {reason}")
    if not is_listed(parent):
        assert getattr(importlib.import_module(parent), name, "a default") == "a default"


def test_most_of_chainer_is_here() -> None:
    assert len(TABLE) == 367
    assert len(HERE) == 340


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


ABSENT = [
    ("chainer.functions.activation.relu", "ReLU", "how Chainer was made inside; docs/coming-from-chainer.md says what"),
    ("chainer.functions.math.basic_math", "AddConstant", "how Chainer was made inside; docs/coming-from-chainer.md"),
    ("chainer", "mixed16", "mixed precision is float16 with a loss scale given to backward"),
    ("chainer.functions", "theano", "Theano is no longer made"),
    ("chainer.links", "TheanoFunction", "Theano is no longer made"),
    ("chainer.training", "ParallelUpdater", "updaters for several devices are not in catena yet"),
    ("chainer.function_hooks", "CUDAProfileHook", "cuDNN, NVIDIA's profiler and DALI are not used"),
    ("chainer.links.caffe", "CaffeFunction", "files of Caffe are not read; convert the .caffemodel to .npz"),
    ("chainer.exporters", "caffe", "files for Caffe are not written; save models with"),
]


@pytest.mark.parametrize(("path", "name", "reason"), ABSENT)
def test_what_is_absent_is_no_attribute_and_both_ways_of_asking_say_why(path: str, name: str, reason: str) -> None:
    module = importlib.import_module(path)
    text = re.escape(f"{path} has no {name} here: {reason}")
    assert not hasattr(module, name)
    assert getattr(module, name, None) is None
    with pytest.raises(AttributeError, match=text):
        getattr(module, name)
    with pytest.raises(ImportError, match=text):
        exec(f"from {path} import {name}")


def test_what_programs_took_from_inside() -> None:
    sorted_by = importlib.import_module("chainer.links.rnn.n_step_rnn")
    texts = ["a", "abc", "ab"]
    order = sorted_by.argsort_list_descent(texts)
    longest_first = sorted_by.permutate_list(texts, order, inv=False)
    assert longest_first == ["abc", "ab", "a"]
    assert sorted_by.permutate_list(longest_first, order, inv=True) == texts
    image = np.arange(24.0).reshape(1, 4, 6)
    crops = importlib.import_module("chainer.utils.imgproc").oversample([image], (2, 2))
    assert crops[:, 0, 0, 0].tolist() == [0, 4, 12, 16, 8, 1, 5, 13, 17, 9]
    rule = importlib.import_module("chainer.optimizers.adam").AdamRule
    assert isinstance(chainer.optimizers.Adam().create_update_rule(), rule)
    maths = importlib.import_module("chainer.functions.math.basic_math")
    x = chainer.Variable(np.array([2.0, 4.0]))
    assert [float(f(x, 3.0).array[1]) for f in (maths.sub, maths.rsub, maths.rdiv, maths.rpow)] == [1, -1, 0.75, 81]


def test_instances_of_classes_from_deep_paths_are_pickled() -> None:
    linear: Any = importlib.import_module("chainer.links.connection.linear")
    link = linear.Linear(3, 2)
    back = pickle.loads(pickle.dumps(link))
    assert type(back) is chainer.links.Linear
    np.testing.assert_array_equal(back.W.array, link.W.array)
    assert pickle.loads(pickle.dumps(linear.Linear)) is chainer.links.Linear
