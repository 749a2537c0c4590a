"""Random numbers: the same on every device, reproducible, with states that a file can hold."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import xparray as xp
from xparray.random import Generator, default_rng

DEVICES = ["numpy", "numba", "strict", "strict:device1"]
DRAWS: dict[str, Callable[..., Any]] = {
    "normal": lambda rng, shape, **kw: rng.normal(shape, **kw),
    "normal of a mean": lambda rng, shape, **kw: rng.normal(shape, loc=3.0, scale=0.5, **kw),
    "uniform": lambda rng, shape, **kw: rng.uniform(shape, **kw),
    "uniform between": lambda rng, shape, **kw: rng.uniform(shape, low=-2.0, high=5.0, **kw),
    "integers": lambda rng, shape, **kw: rng.integers(shape, -3, 9, **kw),
    "bernoulli": lambda rng, shape, **kw: rng.bernoulli(shape, 0.3, **kw),
}
DTYPES = {
    "integers": ("int32", "int64", "int8"),
    "bernoulli": ("bool",),
}
CASES = [(name, dtype) for name in DRAWS for dtype in DTYPES.get(name, ("float32", "float64"))]


def draw(name: str, rng: Generator, shape: tuple[int, ...], dtype: str, device: str = "numpy") -> Any:
    options = {} if dtype == "bool" else {"dtype": dtype}
    return DRAWS[name](rng, shape, device=device, **options)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("shape", [(), (0,), (5,), (2, 3)])
@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_one_seed_gives_the_same_values_on_every_device(
    name: str, dtype: str, shape: tuple[int, ...], device: str
) -> None:
    here, there = default_rng(7), default_rng(7)
    expected = draw(name, here, shape, dtype)
    x = draw(name, there, shape, dtype, device)
    assert str(xp.device_of(x)) == device
    home = xp.to_device(x, "numpy")
    assert type(home) is type(expected) is np.ndarray
    assert (home.shape, home.dtype) == (shape, dtype)
    np.testing.assert_array_equal(home, expected)
    assert here.state == there.state


@pytest.mark.parametrize(("name", "low", "high", "mean", "deviation"), [
    ("normal", -np.inf, np.inf, 0.0, 1.0),
    ("normal of a mean", -np.inf, np.inf, 3.0, 0.5),
    ("uniform", 0.0, 1.0, 0.5, 12**-0.5),
    ("uniform between", -2.0, 5.0, 1.5, 7 * 12**-0.5),
    ("integers", -3, 8, 2.5, ((12**2 - 1) / 12) ** 0.5),
    ("bernoulli", 0, 1, 0.3, 0.21**0.5),
])  # fmt: skip
def test_the_distributions(name: str, low: float, high: float, mean: float, deviation: float) -> None:
    x = np.asarray(DRAWS[name](default_rng(0), (100_000,)), dtype="float64")
    assert low <= x.min() < x.max() <= high
    assert x.mean() == pytest.approx(mean, abs=5 * deviation / 100_000**0.5)
    assert x.std() == pytest.approx(deviation, rel=0.02)


def test_half_precision() -> None:
    x = default_rng(0).normal((1000,), dtype="float16")
    assert x.dtype == np.float16
    assert np.unique(x).size > 500


@pytest.mark.parametrize(
    "dtype", [np.float32, np.dtype("float32"), xp.ones((), dtype="float32", device="strict").dtype]
)
def test_a_dtype_is_a_name_or_any_librarys_object(dtype: Any) -> None:
    assert default_rng(0).normal((2,), dtype=dtype).dtype == np.float32


@pytest.mark.parametrize("function", ["normal", "uniform"])
@pytest.mark.parametrize("dtype", ["int32", "bool", "complex64"])
def test_real_numbers_have_a_floating_dtype(function: str, dtype: str) -> None:
    rng = default_rng(0)
    before = rng.state
    with pytest.raises(ValueError) as e:
        getattr(rng, function)((2,), dtype=dtype)
    assert str(e.value) == f"{function}: dtype is {dtype}; expected float16, float32 or float64"
    assert rng.state == before


@pytest.mark.parametrize("p", [-0.1, 1.5, float("nan")])
def test_bernoulli_wants_a_probability(p: float) -> None:
    with pytest.raises(ValueError) as e:
        default_rng(0).bernoulli((2,), p)
    assert str(e.value) == f"bernoulli: p is {p}; expected a probability, from 0 to 1"


@pytest.mark.parametrize(("p", "expected"), [(0, False), (0.0, False), (1, True), (np.float64(1), True)])
def test_bernoulli_is_certain_at_the_ends(p: float, expected: bool) -> None:
    assert (default_rng(0).bernoulli((1000,), p) == expected).all()


def test_permutation() -> None:
    x = default_rng(3).permutation(50)
    assert (type(x), x.dtype) == (np.ndarray, np.int64)
    assert sorted(x.tolist()) == list(range(50)) != x.tolist()
    np.testing.assert_array_equal(x, default_rng(3).permutation(50))
    assert default_rng(3).permutation(0).shape == (0,)
    with pytest.raises(ValueError, match=r"^permutation: n is -1; expected how many integers to permute, 0 or more$"):
        default_rng(3).permutation(-1)


def test_a_standard_deviation_is_not_negative() -> None:
    with pytest.raises(ValueError, match=r"^normal: scale is -0\.5; expected a standard deviation, 0 or more$"):
        default_rng(0).normal((2,), scale=-0.5)
    assert default_rng(0).normal((2,), loc=3, scale=0).tolist() == [3, 3]


@pytest.mark.parametrize("seed", [0, 7, 2**70, np.int64(5), np.random.SeedSequence(5)])
def test_seeds(seed: Any) -> None:
    assert Generator(seed).state == Generator(seed).state != Generator(1).state


def test_without_a_seed_streams_differ() -> None:
    assert default_rng().state != default_rng().state


@pytest.mark.parametrize(
    ("seed", "error", "came"),
    [(-1, ValueError, "-1 (int)"), ("a", TypeError, "'a' (str)"), (1.5, TypeError, "1.5 (float)")],
)
def test_what_is_no_seed(seed: Any, error: type[Exception], came: str) -> None:
    before = xp.random.get_generator().state
    for start in (default_rng, xp.random.seed):
        with pytest.raises(error) as e:
            start(seed)
        assert str(e.value) == f"Generator: seed is {came}; expected a non-negative integer, a SeedSequence or None"
    assert xp.random.get_generator().state == before


def test_the_state_is_text_and_brings_the_stream_back() -> None:
    rng = default_rng(11)
    rng.normal((3,), dtype="float32")  # leaves half of a 64-bit draw behind
    text = json.loads(json.dumps(rng.state))
    assert isinstance(text, str)
    expected = [DRAWS[name](rng, (5,)) for name in DRAWS]
    other = default_rng(99)
    other.state = text
    for name, x in zip(DRAWS, expected, strict=True):
        np.testing.assert_array_equal(DRAWS[name](other, (5,)), x)
    assert other.state == rng.state


@pytest.mark.parametrize("kept", [lambda g: pickle.loads(pickle.dumps(g)), copy.deepcopy], ids=["pickle", "deepcopy"])
def test_a_copied_stream_goes_on_alike_and_apart(kept: Callable[[Generator], Generator]) -> None:
    rng = default_rng(11)
    other = kept(rng)
    first = rng.normal((3,))
    np.testing.assert_array_equal(other.normal((3,)), first)
    assert not np.array_equal(rng.normal((3,)), first)


def damaged(change: Callable[[dict[str, Any]], Any]) -> str:
    state = json.loads(default_rng(0).state)
    change(state)
    return json.dumps(state)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "null",
        "5",
        None,
        7,
        default_rng(0).state[:-9],
        damaged(lambda s: s.pop("uinteger")),
        damaged(lambda s: s.pop("has_uint32")),
        damaged(lambda s: s.pop("state")),
        damaged(lambda s: s.pop("bit_generator")),
        damaged(lambda s: s.update(bit_generator="MT19937")),
        damaged(lambda s: s.update(state=5)),
        damaged(lambda s: s.update(state=[1])),
        damaged(lambda s: s.update(uinteger=10**30)),
        damaged(lambda s: s.update(uinteger=-1)),
        damaged(lambda s: s.update(unknown=1)),
        damaged(lambda s: s["state"].pop("inc")),
        damaged(lambda s: s["state"].update(state=-1)),
        damaged(lambda s: s["state"].update(state=1.5)),
        damaged(lambda s: s["state"].update(inc=2**200)),
        damaged(lambda s: s["state"].update(inc=None)),
    ],
)
def test_what_is_no_state_changes_nothing(text: Any) -> None:
    rng = default_rng(4)
    before = rng.state
    with pytest.raises(ValueError) as e:
        rng.state = text
    assert str(e.value).startswith(f"Generator.state: got {text!r:.80}; expected the text that `Generator.state` gave")
    assert rng.state == before


def test_spawned_streams_are_apart_and_repeat() -> None:
    parents = default_rng(5), default_rng(5)
    families = [[parent, *(parent.spawn() for _ in range(4))] for parent in parents]
    grandchildren = [family[1].spawn() for family in families]
    draws = [np.stack([rng.uniform((1000,)) for rng in [*f, g]]) for f, g in zip(families, grandchildren, strict=True)]
    np.testing.assert_array_equal(draws[0], draws[1])
    correlation = np.corrcoef(draws[0]) - np.eye(6)
    assert np.abs(correlation).max() < 5 / 1000**0.5
    # What a child draws is no matter to its parent.
    a, b = default_rng(5), default_rng(5)
    a.spawn().normal((100,))
    b.spawn()
    assert a.state == b.state != default_rng(5).state


def test_the_stream_of_the_process() -> None:
    rng = xp.random.get_generator()
    before = rng.state
    try:
        xp.random.seed(3)
        assert xp.random.get_generator() is rng
        np.testing.assert_array_equal(rng.normal((4,)), default_rng(3).normal((4,)))
        xp.random.seed(None)
        first = rng.state
        xp.random.seed(None)
        assert rng.state != first
    finally:
        rng.state = before
