"""What holds for every public link: files in three formats, copies, pickles, devices, shapes that wait for the first call.

The links are those of `catena.nn.links.__all__`, their arguments those of the gradient suite's cases: a new link is covered by itself.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

import catena.autograd as ag
import catena.nn as nn
import catena.nn.links as L
import xparray as xp
from catena.autograd._containers import leaves, map_leaves
from catena.autograd.testing import Call, Case, calls
from catena.nn import serializers as S
from catena.nn.testing import CASES, LinkCase

FORMATS = {
    "npz": (S.save_npz, S.load_npz),
    "hdf5": (S.save_hdf5, S.load_hdf5),
    "safetensors": (S.save_safetensors, S.load_safetensors),
}
# Links that the gradient suite excuses.
OTHERS = {L.Parameter: LinkCase(calls(link=Call(np.arange(3, dtype="float32"))))}


class Made(NamedTuple):
    """A link's class with arguments for it, and for calls of it."""

    cls: type[nn.Link]
    case: Case
    call: Call

    def __call__(self, seed: int = 0) -> Any:
        made = self.call.options["link"]
        xp.random.seed(seed)
        return self.cls(*made.inputs, **made.options)

    def run(self, link: nn.Link, device: str = "numpy") -> list[Any]:
        """The outputs of a call in test mode, on the host; a link that keeps a state begins without."""
        options = {name: value for name, value in self.call.options.items() if name != "link"}
        if hasattr(link, "reset_state"):
            link.reset_state()
        xp.random.seed(1)
        with ag.using_config("train", False):
            out = link(*map_leaves(lambda path, x: placed(x, device), self.call.inputs, ""), **options)
        return [host(y) for _, y in leaves(out, "")]


def placed(x: Any, device: str) -> Any:
    """An input in the precision of the parameters, on the device."""
    if not isinstance(x, np.ndarray):
        return x
    return xp.to_device(x.astype("float32") if x.dtype.kind == "f" else x, device)


def host(x: Any) -> Any:
    return np.asarray(xp.to_device(ag.as_array(x), "numpy"))


def drawn(case: Case) -> Call:
    """The same call each time, and not the smallest, in which all may be 0."""
    found: list[Call] = []

    @settings(
        max_examples=8,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case.calls)
    def draw(call: Call) -> None:
        found.append(call)

    draw()
    return found[-1]


def rows() -> list[Any]:
    public = {getattr(L, name) for name in L.__all__}
    table = [
        (name, cls, case) for name, cls, case in CASES.rows("catena.nn") if isinstance(case, LinkCase) and cls in public
    ]
    table += [(cls.__name__, cls, case) for cls, case in OTHERS.items()]
    return [pytest.param(Made(cls, case, drawn(case)), id=name) for name, cls, case in table]


ROWS = rows()
each_link = pytest.mark.parametrize("make", ROWS)


def contents(link: nn.Link) -> dict[str, Any]:
    serializer = S.DictionarySerializer()
    serializer.save(link)
    return {k: (v.shape, v.dtype.str, v.tobytes()) for k, v in serializer.target.items()}


def waiting(link: nn.Link) -> list[str]:
    return [path for path, p in link.namedparams() if not p.is_initialized]


def assert_same_outputs(make: Made, link: nn.Link, other: nn.Link) -> None:
    for a, b in zip(make.run(link), make.run(other), strict=True):
        np.testing.assert_array_equal(a, b)


def test_all_are_covered() -> None:
    covered = {row.values[0].cls for row in ROWS}
    missing = {name for name in L.__all__ if getattr(L, name) not in covered}
    # Networks of up to 138 million parameters, all made of the links here: test_vision.py has their files.
    assert missing == {f"VGG{n}Layers" for n in (16, 19)} | {f"ResNet{n}Layers" for n in (50, 101, 152)} | {
        "GoogLeNet",
        "SqueezeNet",
    }


@each_link
@pytest.mark.parametrize("form", FORMATS)
def test_files(make: Made, form: str, tmp_path: Path) -> None:
    save, load = FORMATS[form]
    link = make(seed=0)
    make.run(link)
    save(tmp_path / "f", link)
    for called in (False, True):
        other = make(seed=7)
        if called:
            make.run(other)
        load(tmp_path / "f", other)
        assert contents(other) == contents(link)
        assert_same_outputs(make, other, link)


@each_link
@pytest.mark.parametrize("form", FORMATS)
def test_files_of_links_that_were_never_called(make: Made, form: str, tmp_path: Path) -> None:
    save, load = FORMATS[form]
    link, other = make(seed=0), make(seed=7)
    save(tmp_path / "f", link)
    load(tmp_path / "f", other)
    assert contents(other) == contents(link)
    assert waiting(other) == waiting(link)


COPIES: dict[str, Callable[[Any], Any]] = {
    "share": lambda link: link.copy("share"),
    "copy": lambda link: link.copy("copy"),
    "deepcopy": copy.deepcopy,
    "pickle": lambda link: pickle.loads(pickle.dumps(link)),
}


@each_link
@pytest.mark.parametrize("how", COPIES)
def test_copies(make: Made, how: str) -> None:
    link = make()
    make.run(link)
    copied = COPIES[how](link)
    assert type(copied) is type(link)
    assert contents(copied) == contents(link)
    for p, q in zip(link.params(), copied.params(), strict=True):
        assert p is not q
        assert np.shares_memory(p.array, q.array) == (how == "share" and p.size > 0)
    assert_same_outputs(make, copied, link)


@each_link
def test_copies_that_begin_anew(make: Made) -> None:
    link = make()
    make.run(link)
    before = contents(link)
    copied = link.copy("init")
    assert [(path, p.shape, p.dtype) for path, p in copied.namedparams()] == [
        (path, p.shape, p.dtype) for path, p in link.namedparams()
    ]
    assert not any(np.shares_memory(p.array, q.array) for p, q in zip(link.params(), copied.params(), strict=True))
    assert len(make.run(copied)) == len(make.run(link))
    assert contents(link) == before


@each_link
def test_devices(make: Made) -> None:
    link = make()
    here = make.run(link)
    before = contents(link)
    assert link.to_device("strict:device1") is link
    places = [str(p.device) for p in link.params()]
    places += [str(xp.device_of(x)) for _, x in link.namedpersistents() if hasattr(x, "shape") and not np.isscalar(x)]
    assert set(places) <= {"strict:device1"}
    if "strict" in make.case.backends:
        for a, b in zip(make.run(link, "strict:device1"), here, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
        if hasattr(link, "reset_state"):
            link.reset_state()
    link.to_device("numpy")
    assert contents(link) == before
    for a, b in zip(make.run(link), here, strict=True):
        np.testing.assert_array_equal(a, b)


@each_link
def test_shapes_wait_for_the_first_call(make: Made) -> None:
    link = make()
    names = waiting(link)
    others = [link.copy(), link.copy("copy"), link.copy("init"), pickle.loads(pickle.dumps(link))]
    link.to_device("strict:device1").to_device("numpy")
    assert str(link).count("no shape yet") == len(names)
    for other in [link, *others[1:]]:
        assert waiting(other) == names
    make.run(link)
    assert waiting(link) == waiting(others[0]) == []
    assert waiting(others[1]) == names
    with_shapes = {path: p.shape for path, p in link.namedparams()}
    make.run(others[3])
    assert {path: p.shape for path, p in others[3].namedparams()} == with_shapes
