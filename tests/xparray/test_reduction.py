from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import xparray as xp
from xparray import Reduction, reduction

pytest.importorskip("numba")

SCALE = 2.0


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiled code of these tests goes to a folder of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XPARRAY_CACHE_DIR", str(tmp_path_factory.mktemp("cache") / "xparray"))
        yield


def normal(*shape: int, dtype: str = "float64") -> np.ndarray[Any, Any]:
    return np.random.default_rng(len(shape)).normal(size=shape).astype(dtype)


@reduction(xp.add, post_map=xp.sqrt, strict=True)
def norm(x):
    """The length of x."""
    return x * x


@reduction(xp.maximum, strict=True)
def greatest_gap(x, y, shift=0.0):
    return xp.abs(x - y) + shift


@reduction(xp.add, post_map=lambda s, q, n: q / n - (s / n) ** 2, strict=True)
def variance(x):
    return x, x * x, xp.ones_like(x)


@reduction(lambda a, b: xp.where(xp.abs(a) >= xp.abs(b), a, b), identity=0, strict=True)
def farthest(x, center):
    return x - center


def probability_of_either(a, b):
    return a + b - a * b


def scaled(p):
    return SCALE * p


@reduction(probability_of_either, identity=0, post_map=scaled, strict=True)
def either(p):
    return xp.clip(p, 0.0, 1.0)


@reduction(reduce=xp.logical_and, strict=True)
def within(x, limit):
    return (x > -limit) & (x < limit)


@reduction(xp.multiply, strict=True)
def factors(n):
    return n + 1


@reduction(xp.minimum, strict=True)
def least(x):
    return x


def farthest_of(x: Any, center: Any, axis: Any, keepdims: bool) -> Any:
    d = x - center
    least, most = d.min(axis=axis, keepdims=keepdims), d.max(axis=axis, keepdims=keepdims)
    return np.where(np.abs(least) > np.abs(most), least, most)


INTEGERS = np.arange(-3, 9, dtype="int32").reshape(3, 4)
CASES: list[tuple[Reduction, tuple[Any, ...], Callable[..., Any]]] = [
    (norm, (normal(6, 5),), lambda x, **o: np.sqrt(np.sum(x * x, **o))),
    (greatest_gap, (normal(6, 5), normal(5)), lambda x, y, **o: np.max(np.abs(x - y), **o)),
    (greatest_gap, (normal(6, 5), 0.5, 2), lambda x, y, s, **o: np.max(np.abs(x - y) + s, **o)),
    (variance, (normal(40, 50),), np.var),
    (farthest, (normal(6, 5), normal(6, 1)), farthest_of),
    (either, (np.abs(normal(6, 5)),), lambda p, **o: SCALE * (1 - np.prod(1 - np.clip(p, 0, 1), **o))),
    (within, (normal(6, 5), 1.5), lambda x, limit, **o: np.all((x > -limit) & (x < limit), **o)),
    (factors, (INTEGERS,), lambda n, **o: np.prod(n + 1, **o)),
    (least, (INTEGERS.astype("uint8"),), np.min),
    (norm, (INTEGERS,), lambda x, **o: np.sqrt(np.sum(x * x, **o))),
]


@pytest.mark.parametrize(
    ("case", "device"),
    [*((case, "numpy") for case in range(len(CASES))), (0, "numba"), (3, "numba")],
    ids=lambda c: CASES[c][0].__name__ + str(c) if isinstance(c, int) else c,
)
def test_against_numpy(case: int, device: str) -> None:
    f, args, expected = CASES[case]
    args = tuple(xp.to_device(a, device) if isinstance(a, np.ndarray) else a for a in args)
    plain = [np.asarray(a) if isinstance(a, np.ndarray) else a for a in args]
    for axis, keepdims in [(None, False), (0, False), (1, True), (-1, False), ((0, 1), True)]:
        r = np.asarray(expected(*plain, axis=axis, keepdims=keepdims))
        y = f(*args, axis=axis, keepdims=keepdims)
        assert f.why_not is None
        with xp.jit(False):
            z = f(*args, axis=axis, keepdims=keepdims)
        assert f.why_not is not None
        for a in (y, z):
            assert (a.dtype, a.shape, str(xp.device_of(a))) == (r.dtype, r.shape, device)
            np.testing.assert_allclose(a, r, rtol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 16, 17, 100, 2047, 2048, 2049, 5000])
def test_every_element_is_reduced_once(n: int) -> None:
    x = np.arange(n)
    assert int(bits(x)) == (1 << min(n, 62)) - 1 and bits.why_not is None
    assert bits(x.reshape(n, 1) * np.ones(3, int), axis=0).tolist() == [(1 << min(n, 62)) - 1] * 3
    with xp.jit(False):
        assert int(bits(x)) == (1 << min(n, 62)) - 1


@reduction(xp.bitwise_or)
def bits(x):
    return xp.where(x < 62, xp.bitwise_left_shift(xp.ones_like(x), x % 62), 0)


@pytest.mark.parametrize("jit", [True, False])
def test_no_elements(jit: bool) -> None:
    with xp.jit(jit):
        for f, shape, axis, expected in [
            (norm, (0,), None, 0.0),
            (norm, (0, 3), 0, [0.0] * 3),
            (norm, (0, 3), 1, []),
            (either, (3, 0), 1, [0.0] * 3),
            (identified, (0, 2), 0, [-1.0, -1.0]),
        ]:
            loose = Reduction(f.function, f.reduce, identity=f.identity, post_map=f.post_map)
            assert loose(np.ones(shape), axis=axis).tolist() == expected
        with pytest.raises(ValueError, match="zero-size array to reduction operation maximum which has no identity"):
            Reduction(greatest_gap.function, xp.maximum)(np.ones(0), 1.0)
        with pytest.raises(
            ValueError,
            match=r"itself: the array has shape \(0, 2\) and nothing to reduce along \(0,\); pass identity= to",
        ):
            Reduction(itself, probability_of_either)(np.ones((0, 2)), axis=0)


def itself(x):
    return x


identified = Reduction(itself, xp.maximum, identity=-1)


def test_calls_of_numpy_within() -> None:
    x = normal(300, 70, dtype="float32")
    for axis in (None, 0, 1):
        np.testing.assert_allclose(sines(x, axis=axis), np.sum(np.sin(x) * x, axis=axis), rtol=1e-4)
        assert sines.why_not is None


@reduction(xp.add, strict=True)
def sines(x):
    return xp.sin(x) * x


def test_what_one_pass_cannot_do_runs_as_an_array_expression() -> None:
    x = np.abs(normal(6, 5))
    f = Reduction(itself, hypotenuse)
    np.testing.assert_allclose(f(x, axis=1), np.sqrt(np.sum(x * x, axis=1)))
    line = hypotenuse.__code__.co_firstlineno + 1
    assert f"hypotenuse, line {line}: `xp.hypot(a, b)` has no form in a compiled reduction" in str(f.why_not)
    f = Reduction(itself, widening)
    np.testing.assert_allclose(f(x.astype("float32")), np.sum(x.astype("float32"), dtype="float64"), rtol=1e-6)
    assert "widening: of two float32 values it makes float64" in str(f.why_not)
    f = Reduction(itself, with_a_name)
    assert f.why_not is None and float(f(x)) == pytest.approx(x.sum() * 1.0)
    assert "with_a_name: it computes with numbers" in str(f.why_not)
    f = Reduction(two_dtypes, with_numbers_of_the_text)
    for y, r in zip(f(x), (np.prod(1 + x) - 1, 2.0**x.size - 1), strict=True):
        np.testing.assert_allclose(float(y), r)
    assert "with_numbers_of_the_text: it reduces results of several dtypes" in str(f.why_not)
    with pytest.raises(xp.CannotTranslate, match="hypotenuse, line"):
        Reduction(itself, hypotenuse, strict=True)(x)
    with pytest.raises(xp.CannotTranslate, match=r"branches, line \d+: `if x.size:` takes another way"):
        reduction(xp.add, strict=True)(branches)


def two_dtypes(x):
    return x, xp.astype(x > -1, xp.int64) * 0 + 1


def with_numbers_of_the_text(a, b):
    return a + b + 1 * (a * b)


def branches(x):
    if x.size:
        return x
    return -x


def hypotenuse(a, b):
    return xp.hypot(a, b)


def widening(a, b):
    return xp.astype(a, xp.float64) + b


ONE = 1.0


def with_a_name(a, b):
    return a + ONE * b


def test_arrays_of_another_library() -> None:
    pytest.importorskip("array_api_strict")
    x = xp.to_device(normal(6, 5), "strict:device1")
    for f in (norm, either, farthest):
        loose = Reduction(f.function, f.reduce, identity=f.identity, post_map=f.post_map)
        args = (x, 0.25) if f is farthest else (x,)
        y = loose(*args, axis=1, keepdims=True)
        assert str(xp.device_of(y)) == "strict:device1" and y.shape == (6, 1)
        expected = f(normal(6, 5), *args[1:], axis=1, keepdims=True)
        np.testing.assert_allclose(xp.to_device(y, "numpy"), expected, rtol=1e-12)


def test_functions_that_cannot_be_reductions() -> None:
    for reduce in (np.sin, 3, "add", xp.exp):
        with pytest.raises(
            TypeError, match=r"itself: reduce is .*; expected a function of two values: xp.add, multiply"
        ):
            Reduction(itself, reduce)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"itself: post_map is 2 \(int\); expected a function"):
        Reduction(itself, xp.add, post_map=2)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="along: reduction takes axis itself; rename the function's parameter"):
        reduction(xp.add)(along)
    with pytest.raises(TypeError, match="unexpected keyword argument 'scale'"):
        norm(np.ones(3), scale=2)


def along(x, axis):
    return x


def test_it_is_the_function_that_it_was() -> None:
    assert isinstance(norm, Reduction)
    assert (norm.__name__, norm.__doc__, norm.__module__) == ("norm", "The length of x.", __name__)
    assert copy.deepcopy(norm) is norm and repr(norm) == "<reduction norm(x)>"
