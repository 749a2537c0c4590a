from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xparray as xp
from xparray import elementwise

pytest.importorskip("numba")

RATE = 0.25


def sgd(p, g, lr):
    return p - lr * g


def branches(x):
    if x.shape:
        x = x + 1
    return x


def conditional(x):
    return x if x.size else -x


def chained(x):
    return xp.where(0 < x < 1, x, 0.0)


def reduces(x):
    return x - xp.sum(x)


def method(x):
    return x.clip(0, 1)


def in_place(x):
    y = x * 2
    y += x
    return y


def own_division(x):
    return xp.floor_divide(x, 2)


def bounds_of_another_dtype(x):
    return xp.clip(x, xp.astype(x, xp.float64), 2.0)


def whole_numbers(x):
    return xp.astype(x, xp.int32)


def dtype_of_another(x):
    return xp.astype(x, x.dtype)


def of_a_number(x, a):
    return xp.sqrt(a) * x


def recursive(x):
    return recursive(x) if RATE > 1 else x


def identity_test(x):
    return xp.where(x is RATE, x, 0.0) + x


def returns_number(x, a):
    return x, a


def loops(x):
    for _ in range(2):
        x = x * x
    return x


def with_comprehension(x):
    return sum([x * i for i in (1, 2)])


def option(x):
    return xp.clip(x, min=0.0, max=1.0)


def starred(x):
    return xp.maximum(*(x, x))


def unpacks(x):
    first, *rest = x, x, x
    return first + rest[0]


@elementwise(strict=True)
def halved(p, g):
    return p - 0.5 * g


def calls_another(p, g):
    return halved(p, g)


REFUSED = [
    (branches, (), "`if x.shape:` takes another way"),
    (conditional, (), "asks an array for more than its elements"),
    (reduces, (), "reduces an array; xp.fuse and xp.reduction do that, elementwise does not"),
    (method, (), "asks an array for more than its elements"),
    (in_place, (), "`y += x` changes an array in place; write `y = y ...`"),
    (own_division, (), "has other results than NumPy's floor_divide at infinities, which loops have; write x // y"),
    (bounds_of_another_dtype, (), "has bounds of another dtype than the array"),
    (whole_numbers, (), "makes whole numbers of float32, and what of those that do not fit depends on the machine"),
    (dtype_of_another, (), "converts something else than an array to a dtype that the text names"),
    (of_a_number, (2.0,), "takes only numbers and would give a float64 array; write math.sqrt"),
    (recursive, (), "functions call each other more than 8 deep"),
    (identity_test, (), "is no comparison of values"),
    (returns_number, (2.0,), "returns a number"),
    (loops, (), "`for _ in range(2):` takes another way"),
    (with_comprehension, (), "is no expression of numbers and elements"),
    (option, (), "has options"),
    (starred, (), "has arguments that the text does not show"),
    (unpacks, (), "is no plain name to assign to"),
]


@pytest.mark.parametrize(("function", "numbers", "why"), REFUSED, ids=[f.__name__ for f, _, _ in REFUSED])
def test_what_a_loop_cannot_do_runs_as_it_is_written(function: Any, numbers: tuple[float, ...], why: str) -> None:
    f = elementwise(function)
    x = np.array([-1.5, 0.25, 3.0], "float32")
    y = f(x, *numbers)
    expected = function(x, *numbers)
    for a, r in zip(*((y, expected) if isinstance(y, tuple) else ((y,), (expected,))), strict=True):
        np.testing.assert_array_equal(a, r)
        assert np.asarray(a).dtype == np.asarray(r).dtype
    assert why in str(f.why_not)
    assert function.__name__ in str(f.why_not)


def test_the_reason_names_the_line() -> None:
    f = elementwise(loops)
    line = loops.__code__.co_firstlineno + 1
    assert f.why_not is not None and f"loops, line {line}: `for" in f.why_not  # before any call
    assert elementwise(sgd).why_not is None


def test_arrays_ask_what_the_function_asks() -> None:
    with pytest.raises(ValueError, match="truth value"):
        elementwise(chained)(np.ones(3, "float32"))


def test_text_that_is_not_at_hand_or_not_of_the_code(tmp_path: Path) -> None:
    names: dict[str, Any] = {}
    exec("def f(x):\n    return 2 * x\n", names)
    f = elementwise(names["f"])
    assert f(np.ones(2)).tolist() == [2.0, 2.0] and "source text is not at hand" in str(f.why_not)
    f = elementwise(eval("lambda x: 2 * x"))
    assert f(np.ones(2)).tolist() == [2.0, 2.0] and "source text is not at hand" in str(f.why_not)
    file = tmp_path / "changing.py"
    file.write_text("def f(x):\n    return 2 * x\n")
    exec(compile(file.read_text(), str(file), "exec"), names)
    file.write_text("def f(x):\n    return 3 * x\n")
    f = elementwise(names["f"])
    assert f(np.ones(2)).tolist() == [2.0, 2.0] and "was the file changed" in str(f.why_not)


def test_a_lambda_among_others_in_its_line() -> None:
    rate = 3.0
    functions = [elementwise(f) for f in (lambda x: 2 * x, lambda x: rate * x, lambda x: x + max(x, key=lambda y: -y))]
    x = np.array([1.0, 2.0])
    assert [f(x).tolist() for f in functions] == [[2.0, 4.0], [3.0, 6.0], [2.0, 3.0]]
    assert [f.why_not is None for f in functions] == [True, True, False]


def test_strict_raises_and_names_the_line() -> None:
    with pytest.raises(
        xp.CannotTranslate, match=rf"loops, line {loops.__code__.co_firstlineno + 1}: `for _ in range\(2\):` takes"
    ):
        elementwise(strict=True)(loops)
    f = elementwise(strict=True)(method)  # only a call with an array tells
    with pytest.raises(xp.CannotTranslate, match=rf"method, line {method.__code__.co_firstlineno + 1}: `x.clip` asks"):
        f(np.ones(3))
    f = elementwise(strict=True)(sgd)
    with pytest.raises(xp.CannotTranslate, match="argument 0 is float16; loops compute in"):
        f(np.ones(3, "float16"), np.ones(3, "float16"), 0.1)
    assert f(np.ones(3), np.ones(3), 0.25).tolist() == [0.75] * 3
    g = elementwise(strict=True)(calls_another)
    assert g(np.ones(3), np.ones(3)).tolist() == [0.5] * 3
    with xp.jit(False):  # a choice of the user, no fault of the function
        assert f(np.ones(3), np.ones(3), 0.25).tolist() == [0.75] * 3


def test_functions_that_cannot_be_elementwise() -> None:
    with pytest.raises(
        TypeError, match=r"elementwise: got <ufunc 'exp'> \(ufunc\); expected a function written with def"
    ):
        elementwise(np.exp)
    with pytest.raises(ValueError, match="takes_out: elementwise takes out= itself; rename"):
        elementwise(takes_out)
    with pytest.raises(ValueError, match=r"takes_all: elementwise needs each parameter by name; replace \*args"):
        elementwise(takes_all)


def takes_out(x, out):
    return x


def takes_all(*xs):
    return xs[0]
