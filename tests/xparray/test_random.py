"""Random numbers: the same on every device, reproducible, with states that a file can hold."""

from __future__ import annotations

import copy
import json
import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xparray as xp
from xparray import special
from xparray.random import Generator, default_rng

DEVICES = ["numpy", "numba", "strict", "strict:device1"]
DRAWS: dict[str, Callable[..., Any]] = {
    "normal": lambda rng, shape, **kw: rng.normal(shape, **kw),
    "normal of a mean": lambda rng, shape, **kw: rng.normal(shape, loc=3.0, scale=0.5, **kw),
    "uniform": lambda rng, shape, **kw: rng.uniform(shape, **kw),
    "uniform between": lambda rng, shape, **kw: rng.uniform(shape, low=-2.0, high=5.0, **kw),
    "integers": lambda rng, shape, **kw: rng.integers(shape, -3, 9, **kw),
    "bernoulli": lambda rng, shape, **kw: rng.bernoulli(shape, 0.3, **kw),
    "truncated_normal": lambda rng, shape, **kw: rng.truncated_normal(shape, loc=1.0, scale=2.0, **kw),
    "exponential": lambda rng, shape, **kw: rng.exponential(shape, scale=2.0, **kw),
    "laplace": lambda rng, shape, **kw: rng.laplace(shape, loc=1.0, scale=2.0, **kw),
    "gumbel": lambda rng, shape, **kw: rng.gumbel(shape, loc=1.0, scale=2.0, **kw),
    "gamma": lambda rng, shape, **kw: rng.gamma(shape, 2.5, scale=2.0, **kw),
    "beta": lambda rng, shape, **kw: rng.beta(shape, 2.0, 3.0, **kw),
    "poisson": lambda rng, shape, **kw: rng.poisson(shape, 4.0, **kw),
    "categorical": lambda rng, shape, **kw: rng.categorical(shape, [0.2, 0.5, 0.3], **kw),
    "choice": lambda rng, shape, **kw: rng.choice(shape, 5, **kw),
    "choice by chance": lambda rng, shape, **kw: rng.choice(shape, 3, p=[2, 5, 3], **kw),
}
DTYPES = {
    "integers": ("int32", "int64", "int8"),
    "bernoulli": ("bool",),
    **dict.fromkeys(("poisson", "categorical", "choice", "choice by chance"), ("int64",)),
}
CASES = [(name, dtype) for name in DRAWS for dtype in DTYPES.get(name, ("float32", "float64"))]


def draw(name: str, rng: Generator, shape: tuple[int, ...], dtype: str, device: str = "numpy") -> Any:
    options = {} if name in DTYPES and name != "integers" else {"dtype": dtype}
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
    ("truncated_normal", -3.0, 5.0, 1.0, 2 * 0.879626),
    ("exponential", 0.0, np.inf, 2.0, 2.0),
    ("laplace", -np.inf, np.inf, 1.0, 8**0.5),
    ("gumbel", -np.inf, np.inf, 1 + 2 * np.euler_gamma, 2 * np.pi / 6**0.5),
    ("gamma", 0.0, np.inf, 5.0, 2 * 2.5**0.5),
    ("beta", 0.0, 1.0, 0.4, 0.2),
    ("poisson", 0, np.inf, 4.0, 2.0),
    ("categorical", 0, 2, 1.1, 0.7),
    ("choice", 0, 4, 2.0, 2**0.5),
    ("choice by chance", 0, 2, 1.1, 0.7),
])  # fmt: skip
def test_the_distributions(name: str, low: float, high: float, mean: float, deviation: float) -> None:
    x = np.asarray(DRAWS[name](default_rng(0), (100_000,)), dtype="float64")
    assert low <= x.min() < x.max() <= high
    assert x.mean() == pytest.approx(mean, abs=5 * deviation / 100_000**0.5)
    assert x.std() == pytest.approx(deviation, rel=0.02)


def ndtr(x: Any) -> Any:
    return special.ndtr(np.asarray(x, dtype="float64"))


BELOW: dict[str, Callable[[Any], Any]] = {
    "normal of a mean": lambda x: ndtr((x - 3) / 0.5),
    "uniform between": lambda x: (x + 2) / 7,
    "truncated_normal": lambda x: (ndtr((x - 1) / 2) - ndtr(-2)) / (ndtr(2) - ndtr(-2)),
    "exponential": lambda x: -np.expm1(-x / 2),
    "laplace": lambda x: np.where(x < 1, np.exp(-np.abs(x - 1) / 2) / 2, 1 - np.exp(-np.abs(x - 1) / 2) / 2),
    "gumbel": lambda x: np.exp(-np.exp(-(x - 1) / 2)),
    "gamma": lambda x: special.gammainc(2.5, x / 2),
    "beta": lambda x: special.betainc(2.0, 3.0, x),
}


def distance(x: Any, below: Any) -> float:
    """Kolmogorov's distance between draws and a distribution, over what one draw in a thousand sets of them exceeds."""
    x = np.sort(np.asarray(x, dtype="float64"))
    steps = np.arange(x.size + 1) / x.size
    f = below(x)
    return float(max((steps[1:] - f).max(), (f - steps[:-1]).max()) * x.size**0.5 / 1.95)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", BELOW)
def test_how_often_draws_are_below_a_number(name: str, dtype: str) -> None:
    assert distance(DRAWS[name](default_rng(1), (50_000,), dtype=dtype), BELOW[name]) < 1


@pytest.mark.parametrize(
    ("low", "high"),
    [(-2, 2), (0.5, 0.75), (-0.1, 0.2), (3, math.inf), (-math.inf, -4), (5, 5.05), (30, 31), (1, 1.5), (-8, 8), (-9, 0)],
)  # fmt: skip
def test_normal_variables_between_any_bounds(low: float, high: float) -> None:
    x = default_rng(0).truncated_normal((20_000,), low=low, high=high)
    assert low <= x.min() < x.max() <= high
    # Tails are small numbers: count those above in the upper one.
    sign = -1 if low > 0 else 1
    first, last = sorted((sign * low, sign * high))
    assert distance(sign * x, lambda t: (ndtr(t) - ndtr(first)) / (ndtr(last) - ndtr(first))) < 1


def test_a_normal_variable_far_out_is_at_the_bound() -> None:
    assert default_rng(0).truncated_normal((3,), low=1e200, high=math.inf).tolist() == [1e200] * 3


def test_parameters_are_arrays_too() -> None:
    means = np.array([[-50.0], [50.0]])
    for device in ("numpy", "numba"):
        loc = xp.asarray(means, device=device)
        for draw_of in ("normal", "laplace", "gumbel", "truncated_normal"):
            x = getattr(default_rng(0), draw_of)((2, 1000), loc=loc, scale=[0.5] * 1000)
            assert np.all(np.sign(x) == np.sign(means))
    rng = default_rng(0)
    assert rng.exponential((2, 1000), scale=[[1.0], [100.0]]).mean(1).round(-1).tolist() == [0, 100]
    assert rng.gamma((2, 1000), [[1.0], [100.0]]).mean(1).round(-1).tolist() == [0, 100]
    assert rng.beta((1000, 2), [1.0, 100.0], [100.0, 1.0]).mean(0).round().tolist() == [0, 1]
    assert rng.poisson((2, 1000), np.array([[0.0], [100.0]])).mean(1).round(-1).tolist() == [0, 100]
    assert rng.bernoulli((2, 3), [0.0, 1.0, 0.0]).tolist() == [[False, True, False]] * 2
    assert rng.uniform((2, 3), low=[[1.0], [2.0]], high=[[1.0], [2.0]]).tolist() == [[1] * 3, [2] * 3]
    assert rng.categorical((3, 2), np.eye(4)[[1, 3]]).tolist() == [[1, 3]] * 3


def test_categories_without_probability_never_come() -> None:
    p = [0.0, 1e-9, 0.0, 1.0, 0.0]
    assert set(default_rng(0).categorical((10_000,), p).tolist()) == {3}
    assert set(default_rng(0).categorical((10_000, 1), [p]).ravel().tolist()) == {3}
    counts = np.bincount(default_rng(0).categorical((30_000,), [1, 2, 0, 3]))
    assert counts[2] == 0
    np.testing.assert_allclose(counts / 30_000, [1 / 6, 1 / 3, 0, 1 / 2], atol=0.01)


def test_choice_without_replacement() -> None:
    for p in (None, [1, 1, 4, 1, 1]):
        x = np.stack([default_rng(i).choice((3,), 5, p=p, replace=False) for i in range(500)])
        assert all(len(set(row)) == 3 for row in x.tolist())
        assert set(x.ravel().tolist()) == set(range(5))
    assert sorted(default_rng(0).choice((2, 2), 4, replace=False).ravel().tolist()) == [0, 1, 2, 3]
    assert default_rng(0).choice((0,), 0).shape == (0,)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("device", DEVICES)
def test_vectors_of_a_distribution(dtype: str, device: str) -> None:
    covariance = np.array([[4.0, 1.2], [1.2, 1.0]])
    x = default_rng(0).multivariate_normal((200, 100), [1.0, -2.0], covariance, dtype=dtype, device=device)
    p = default_rng(0).dirichlet((2000,), [1.0, 2.0, 5.0], dtype=dtype, device=device)
    assert (str(xp.device_of(x)), str(xp.device_of(p))) == (device, device)
    x, p = (np.asarray(xp.to_device(y, "numpy")) for y in (x, p))
    assert (x.shape, x.dtype, p.shape, p.dtype) == ((200, 100, 2), dtype, (2000, 3), dtype)
    np.testing.assert_allclose(x.mean((0, 1)), [1, -2], atol=0.05)
    np.testing.assert_allclose(np.cov(x.reshape(-1, 2).T), covariance, atol=0.1)
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(p.mean(0), [1 / 8, 2 / 8, 5 / 8], atol=0.02)
    singular = default_rng(0).multivariate_normal((5,), [0.0, 0.0], np.ones((2, 2)))
    np.testing.assert_allclose(singular[:, 0], singular[:, 1], atol=1e-7)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda g: g.normal((2,), scale=-0.5), ValueError, "normal: scale is -0.5; expected a scale, 0 or more"),
        (lambda g: g.normal((2,), scale=math.nan), ValueError, "normal: scale is nan; expected a scale, 0 or more"),
        (lambda g: g.laplace((2,), scale=[1, -1]), ValueError, "laplace: scale is [1.0, -1.0]; expected a scale, 0 or more"),
        (lambda g: g.gumbel((2,), loc=np.ones(3)), ValueError, "gumbel: loc has shape (3,); expected one that broadcasts to (2,)"),
        (lambda g: g.normal((), loc=[1.0]), ValueError, "normal: loc has shape (1,); expected one that broadcasts to ()"),
        (
            lambda g: g.normal((2,), loc=xp.ones((2,), device="strict:device1")),
            ValueError,
            "normal: loc lives on strict:device1; numbers are drawn on the host: pass xp.to_device(loc, 'numpy')",
        ),
        (lambda g: g.uniform((2,), low=1, high=0), ValueError, "uniform: low is 1, high is 0; expected low up to high"),
        (
            lambda g: g.truncated_normal((2,), low=2, high=-2),
            ValueError,
            "truncated_normal: low is 2, high is -2; expected low below high",
        ),
        (lambda g: g.exponential((2,), scale=-1), ValueError, "exponential: scale is -1; expected a scale, 0 or more"),
        (lambda g: g.gamma((2,), 0), ValueError, "gamma: a is 0; expected a number above 0"),
        (lambda g: g.beta((2,), 1, [1, 0]), ValueError, "beta: b is [1.0, 0.0]; expected a number above 0"),
        (lambda g: g.dirichlet((2,), [1, 0]), ValueError, "dirichlet: alpha is [1. 0.]; expected numbers above 0"),
        (lambda g: g.dirichlet((2,), 3.0), ValueError, "dirichlet: alpha has shape (); expected a vector (n,)"),
        (lambda g: g.poisson((2,), -1), ValueError, "poisson: lam is -1; expected a mean, from 0 to 1e18"),
        (lambda g: g.integers((2,), 3, 3), ValueError, "integers: low is 3, high is 3; expected low below high"),
        (
            lambda g: g.categorical((2,), [0.0, 0.0]),
            ValueError,
            "categorical: p is [0.0, 0.0]; expected probabilities (..., k), 0 or more, not all 0",
        ),
        (
            lambda g: g.categorical((2,), np.ones((3, 4))),
            ValueError,
            "categorical: p[..., 0] has shape (3,); expected one that broadcasts to (2,)",
        ),
        (
            lambda g: g.choice((2, 3), 5, replace=False),
            ValueError,
            "choice: shape (2, 3) takes 6 of 5; expected no more than there are, or replace=True",
        ),
        (
            lambda g: g.choice((2,), 3, p=[0, 0, 1], replace=False),
            ValueError,
            "choice: shape (2,) takes 2 of 1; expected no more than there are, or replace=True",
        ),
        (lambda g: g.choice((2,), 0), ValueError, "choice: shape (2,) takes 2 of 0; expected something to choose from"),
        (
            lambda g: g.choice((2,), 3, p=[1, 1]),
            ValueError,
            "choice: p is [1.0, 1.0]; expected 3 probabilities, 0 or more, not all 0",
        ),
        (
            lambda g: g.multivariate_normal((2,), [0, 0], [[1, 2], [2, 1]]),
            ValueError,
            "multivariate_normal: covariance has the eigenvalue -1.0; expected none below 0, as of A A^T",
        ),
        (
            lambda g: g.multivariate_normal((2,), [0, 0], [[1, 2], [0, 1]]),
            ValueError,
            "multivariate_normal: covariance is [[1.0, 2.0], [0.0, 1.0]] (2, 2); expected a symmetric matrix (2, 2), as loc has 2 numbers",
        ),
        (lambda g: g.permutation(np.ones((2, 3)), axis=2), ValueError, "permutation: axis is 2; expected an axis of an array of shape (2, 3)"),
        (
            lambda g: g.permutation([1, 2]),
            TypeError,
            "permutation: argument 0 is [1, 2]: builtins.list is no array of an installed backend; convert it with xp.asarray(x)",
        ),
        (lambda g: g.laplace((2,), device="numpy:1"), ValueError, "device 'numpy:1': backend 'numpy' has one memory only; write 'numpy'"),
        (lambda g: g.gumbel((2,), dtype="int8"), ValueError, "gumbel: dtype is int8; expected float16, float32 or float64"),
    ],
)  # fmt: skip
def test_what_is_refused_leaves_the_stream_where_it_is(
    call: Callable[[Generator], Any], error: type[Exception], text: str
) -> None:
    rng = default_rng(0)
    before = rng.state
    with pytest.raises(error) as e:
        call(rng)
    assert str(e.value) == text
    assert rng.state == before


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


@pytest.mark.parametrize("device", DEVICES)
def test_permutation_of_an_array(device: str) -> None:
    values = np.arange(12).reshape(4, 3)
    for axis in (0, 1, -1):
        x = xp.asarray(values, device=device)
        y = default_rng(3).permutation(x, axis=axis)
        assert str(xp.device_of(y)) == device
        expected = np.take(values, default_rng(3).permutation(values.shape[axis]), axis=axis)
        np.testing.assert_array_equal(np.asarray(xp.to_device(y, "numpy")), expected)
        np.testing.assert_array_equal(np.asarray(xp.to_device(x, "numpy")), values)


def test_a_scale_of_nothing() -> None:
    assert default_rng(0).normal((2,), loc=3, scale=0).tolist() == [3, 3]


def test_bytes() -> None:
    assert default_rng(0).bytes(5) == default_rng(0).bytes(9)[:5]
    assert len(default_rng(0).bytes(1000)) == 1000


def test_the_default_device_is_where_draws_go() -> None:
    with xp.device("strict:device1"):
        assert str(xp.device_of(default_rng(0).normal((2,)))) == "strict:device1"
        assert str(xp.device_of(default_rng(0).poisson((2,), 1.0, device="numba"))) == "numba"
        assert type(default_rng(0).permutation(3)) is np.ndarray


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


def test_several_are_spawned_as_one_by_one() -> None:
    a, b = default_rng(5), default_rng(5)
    assert [c.state for c in a.spawn(3)] == [b.spawn().state for _ in range(3)]
    assert a.state == b.state
    assert a.spawn(0) == []


def test_the_stream_of_a_key() -> None:
    keys = [(), (0,), (1,), (0, 0), (0, 1), (1, 0), (2**32,), (0, 0, 0), (2**64 - 1,), (1, 2**32), (2**32, 1)]
    streams = [Generator.of(seed, *key) for seed in (0, 1, 2**32) for key in keys]
    assert len({rng.state for rng in streams}) == len(streams)
    assert Generator.of(7).state == Generator(7).state
    assert Generator.of(np.int64(7), np.uint8(3)).state == Generator.of(7, 3).state
    correlation = np.corrcoef([rng.uniform((1000,)) for rng in streams]) - np.eye(len(streams))
    assert np.abs(correlation).max() < 6 / 1000**0.5


@pytest.mark.parametrize(
    ("key", "error", "text"),
    [
        ((-1,), ValueError, "seed is -1; expected a non-negative integer"),
        ((None,), TypeError, "seed is None (NoneType); expected a non-negative integer"),
        ((0, 3, -2), ValueError, "key 1 is -2; expected an integer from 0 to 2**64 - 1"),
        ((0, 2**64), ValueError, f"key 0 is {2**64}; expected an integer from 0 to 2**64 - 1"),
        ((0, 1.0), TypeError, "key 0 is 1.0 (float); expected an integer from 0 to 2**64 - 1"),
    ],
)
def test_what_is_no_key(key: tuple[Any, ...], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as e:
        Generator.of(*key)
    assert str(e.value) == f"Generator.of: {text}"


def test_a_state_travels_through_a_file(tmp_path: Path) -> None:
    rng = Generator.of(3, 14, 15)
    rng.normal((3,), dtype="float32")
    (tmp_path / "state.json").write_text(json.dumps({"stream": rng.state}), encoding="utf-8")
    expected = [DRAWS[name](rng, (5,)) for name in DRAWS]
    other = default_rng()
    other.state = json.loads((tmp_path / "state.json").read_text(encoding="utf-8"))["stream"]
    for name, x in zip(DRAWS, expected, strict=True):
        np.testing.assert_array_equal(DRAWS[name](other, (5,)), x)


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
