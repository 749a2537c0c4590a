"""Special values of the elementwise functions, row by row as in the array API standard 2025.12."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import xparray as xp

# NumPy says of infinities and of divisions by zero what it says of its own functions.
pytestmark = pytest.mark.filterwarnings("ignore:(divide by zero|invalid value|overflow|underflow):RuntimeWarning")

DEVICES = ["numpy", "numba", "strict"]
# What array-api-strict hands on from NumPy: these rows are not met there.
NOT_STRICT = {"floor_divide", "complex acosh", "complex expm1"}
inf, nan, pi = np.inf, np.nan, np.pi
POSITIVE = [1e-3, 0.5, 1.0, 2.0, 3.0, 1e3]
NEGATIVE = [-v for v in POSITIVE]
FINITE = [*POSITIVE, *NEGATIVE]
ZEROS = [0.0, -0.0]
ABOVE = [*POSITIVE, inf]
BELOW = [*NEGATIVE, -inf]
NUMBERS = [*FINITE, *ZEROS, inf, -inf]
ODD, EVEN, BROKEN = [1.0, 3.0, 7.0], [2.0, 4.0], [0.5, 2.5]


class Either(float):
    """A number whose sign the standard leaves open."""


# ----------------------------------------------------------------------------------- one real argument: (x, result)

Row = tuple[float, float]
ODD_AT_ZERO: list[Row] = [(nan, nan), (0.0, 0.0), (-0.0, -0.0)]
ODD_AT_INFINITY: list[Row] = [(inf, inf), (-inf, -inf)]
ROUNDING: list[Row] = [*ODD_AT_ZERO, *ODD_AT_INFINITY, (3.0, 3.0), (-3.0, -3.0)]
LOGARITHM: list[Row] = [(nan, nan), *((x, nan) for x in BELOW), *((z, -inf) for z in ZEROS), (1.0, 0.0), (inf, inf)]

REAL: dict[str, list[Row]] = {
    "abs": [(nan, nan), (-0.0, 0.0), (0.0, 0.0), (-inf, inf), (inf, inf), (-2.5, 2.5)],
    "acos": [(nan, nan), (1.5, nan), (inf, nan), (-1.5, nan), (-inf, nan), (1.0, 0.0)],
    "acosh": [(nan, nan), (0.5, nan), (-0.0, nan), (-2.0, nan), (-inf, nan), (1.0, 0.0), (inf, inf)],
    "asin": [*ODD_AT_ZERO, (1.5, nan), (inf, nan), (-1.5, nan), (-inf, nan)],
    "asinh": [*ODD_AT_ZERO, *ODD_AT_INFINITY],
    "atan": [*ODD_AT_ZERO, (inf, pi / 2), (-inf, -pi / 2)],
    "atanh": [*ODD_AT_ZERO, (-1.5, nan), (-inf, nan), (1.5, nan), (inf, nan), (-1.0, -inf), (1.0, inf)],
    "ceil": [*ROUNDING, (-0.5, -0.0), (1.5, 2.0), (-1.5, -1.0)],
    "conj": [*ODD_AT_ZERO, *ODD_AT_INFINITY, (2.5, 2.5)],
    "cos": [(nan, nan), (0.0, 1.0), (-0.0, 1.0), (inf, nan), (-inf, nan)],
    "cosh": [(nan, nan), (0.0, 1.0), (-0.0, 1.0), (inf, inf), (-inf, inf)],
    "exp": [(nan, nan), (0.0, 1.0), (-0.0, 1.0), (inf, inf), (-inf, 0.0)],
    "expm1": [*ODD_AT_ZERO, (inf, inf), (-inf, -1.0)],
    "floor": [*ROUNDING, (0.5, 0.0), (1.5, 1.0), (-1.5, -2.0)],
    "log": LOGARITHM,
    "log10": LOGARITHM,
    "log1p": [*ODD_AT_ZERO, (-1.5, nan), (-inf, nan), (-1.0, -inf), (inf, inf)],
    "log2": LOGARITHM,
    "negative": [(nan, nan), (0.0, -0.0), (-0.0, 0.0), (inf, -inf), (-inf, inf), (2.5, -2.5)],
    "positive": [*ODD_AT_ZERO, *ODD_AT_INFINITY, (2.5, 2.5)],
    "real": [*ODD_AT_ZERO, *ODD_AT_INFINITY, (2.5, 2.5)],
    "reciprocal": [(nan, nan), (0.0, inf), (-0.0, -inf), (inf, 0.0), (-inf, -0.0), (4.0, 0.25)],
    "round": [*ROUNDING, (0.5, 0.0), (1.5, 2.0), (2.5, 2.0), (-0.5, -0.0), (-1.5, -2.0), (-2.5, -2.0)],
    "sign": [(nan, nan), (0.0, 0.0), (-0.0, Either(0.0)), *((x, 1.0) for x in ABOVE), *((x, -1.0) for x in BELOW)],
    "sin": [*ODD_AT_ZERO, (inf, nan), (-inf, nan)],
    "sinh": [*ODD_AT_ZERO, *ODD_AT_INFINITY],
    "sqrt": [*ODD_AT_ZERO, *((x, nan) for x in BELOW), (inf, inf), (2.0, 2.0**0.5)],
    "square": [(nan, nan), (0.0, 0.0), (-0.0, 0.0), (inf, inf), (-inf, inf), (-1.5, 2.25)],
    "tan": [*ODD_AT_ZERO, (inf, nan), (-inf, nan)],
    "tanh": [*ODD_AT_ZERO, (inf, 1.0), (-inf, -1.0)],
    "trunc": [*ROUNDING, (0.5, 0.0), (-0.5, -0.0), (1.5, 1.0), (-1.5, -1.0)],
}
REAL_TESTS: dict[str, list[tuple[float, bool]]] = {
    "isfinite": [(inf, False), (-inf, False), (nan, False), *((x, True) for x in [*FINITE, *ZEROS])],
    "isinf": [(inf, True), (-inf, True), (nan, False), *((x, False) for x in [*FINITE, *ZEROS])],
    "isnan": [(nan, True), *((x, False) for x in NUMBERS)],
    "signbit": [
        *((x, False) for x in [0.0, *ABOVE]),
        *((x, True) for x in [-0.0, *BELOW]),
        (float(np.copysign(nan, 1.0)), False),
        (float(np.copysign(nan, -1.0)), True),
    ],
}

# ------------------------------------------------------------------------------ two real arguments: (x1, x2, result)

Pair = tuple[float, float, float]


def pairs(first: list[float], second: list[float], result: Any) -> list[Pair]:
    """A row for each pair; `result` is a number or a function of the pair."""
    f = result if callable(result) else lambda a, b: result
    return [(a, b, f(a, b)) for a, b in itertools.product(first, second)]


def first(a: float, b: float) -> float:
    return a


def second(a: float, b: float) -> float:
    return b


ANY = [*NUMBERS, nan]
ONE_NAN = [*pairs([nan], ANY, nan), *pairs(NUMBERS, [nan], nan)]
SUM: list[Pair] = [
    *ONE_NAN,
    (inf, -inf, nan),
    (-inf, inf, nan),
    (inf, inf, inf),
    (-inf, -inf, -inf),
    *pairs([inf], [*FINITE, *ZEROS], inf),
    *pairs([-inf], [*FINITE, *ZEROS], -inf),
    *pairs([*FINITE, *ZEROS], [inf], inf),
    *pairs([*FINITE, *ZEROS], [-inf], -inf),
    (-0.0, -0.0, -0.0),
    (-0.0, 0.0, 0.0),
    (0.0, -0.0, 0.0),
    (0.0, 0.0, 0.0),
    *pairs(ZEROS, FINITE, second),
    *pairs(FINITE, ZEROS, first),
    *((x, -x, 0.0) for x in FINITE),
]
QUOTIENT: list[Pair] = [
    *ONE_NAN,
    *pairs([inf, -inf], [inf, -inf], nan),
    *pairs(ZEROS, ZEROS, nan),
    *pairs([0.0], ABOVE, 0.0),
    *pairs([-0.0], ABOVE, -0.0),
    *pairs([0.0], BELOW, -0.0),
    *pairs([-0.0], BELOW, 0.0),
    *pairs(ABOVE, [0.0], inf),
    *pairs(ABOVE, [-0.0], -inf),
    *pairs(BELOW, [0.0], -inf),
    *pairs(BELOW, [-0.0], inf),
    *pairs([inf], POSITIVE, inf),
    *pairs([inf], NEGATIVE, -inf),
    *pairs([-inf], POSITIVE, -inf),
    *pairs([-inf], NEGATIVE, inf),
    *pairs(POSITIVE, [inf], 0.0),
    *pairs(POSITIVE, [-inf], -0.0),
    *pairs(NEGATIVE, [inf], -0.0),
    *pairs(NEGATIVE, [-inf], 0.0),
]
ABS_ABOVE_ONE = [2.0, -2.0, 1e3, inf, -inf]
ABS_BELOW_ONE = [0.5, -0.5, 1e-3, 0.0, -0.0]

REAL_PAIRS: dict[str, list[Pair]] = {
    "add": SUM,
    "atan2": [
        *ONE_NAN,
        *pairs(POSITIVE, ZEROS, pi / 2),
        *pairs([0.0], [*ABOVE, 0.0], 0.0),
        *pairs([0.0], [-0.0, *BELOW], pi),
        *pairs([-0.0], [*ABOVE, 0.0], -0.0),
        *pairs([-0.0], [-0.0, *BELOW], -pi),
        *pairs(NEGATIVE, ZEROS, -pi / 2),
        *pairs(POSITIVE, [inf], 0.0),
        *pairs(POSITIVE, [-inf], pi),
        *pairs(NEGATIVE, [inf], -0.0),
        *pairs(NEGATIVE, [-inf], -pi),
        *pairs([inf], [*FINITE, *ZEROS], pi / 2),
        *pairs([-inf], [*FINITE, *ZEROS], -pi / 2),
        (inf, inf, pi / 4),
        (inf, -inf, 3 * pi / 4),
        (-inf, inf, -pi / 4),
        (-inf, -inf, -3 * pi / 4),
    ],
    "copysign": [
        *pairs(NUMBERS, [*BELOW, -0.0, float(np.copysign(nan, -1.0))], lambda a, b: -abs(a)),
        *pairs(NUMBERS, [*ABOVE, 0.0, float(np.copysign(nan, 1.0))], lambda a, b: abs(a)),
    ],
    "divide": QUOTIENT,
    "floor_divide": [
        *QUOTIENT,
        (7.0, 2.0, 3.0),
        (-7.0, 2.0, -4.0),
        (7.0, -2.0, -4.0),
        (-7.0, -2.0, 3.0),
        (1e-3, 2.0, 0.0),
        (-1e-3, 2.0, -1.0),
    ],
    "hypot": [
        *pairs([inf, -inf], ANY, inf),
        *pairs(ANY, [inf, -inf], inf),
        *pairs(ZEROS, [*FINITE, *ZEROS], lambda a, b: abs(b)),
        *pairs([*FINITE, *ZEROS], ZEROS, lambda a, b: abs(a)),
        *pairs([*FINITE, *ZEROS, nan], [nan], nan),
        *pairs([nan], [*FINITE, *ZEROS, nan], nan),
    ],
    "logaddexp": [
        *ONE_NAN,
        *pairs([inf], NUMBERS, inf),
        *pairs(NUMBERS, [inf], inf),
        (-inf, -inf, -inf),
        *pairs([-inf], FINITE, second),
        *pairs(FINITE, [-inf], first),
    ],
    "maximum": [*ONE_NAN, *pairs([inf], NUMBERS, inf), *pairs([-inf], FINITE, second)],
    "minimum": [*ONE_NAN, *pairs([-inf], NUMBERS, -inf), *pairs([inf], FINITE, second)],
    "multiply": [
        *ONE_NAN,
        *pairs([inf, -inf], ZEROS, nan),
        *pairs(ZEROS, [inf, -inf], nan),
        *pairs([inf, -inf], [*FINITE, inf, -inf], lambda a, b: a * np.sign(b)),
        *pairs([*FINITE, inf, -inf], [inf, -inf], lambda a, b: b * np.sign(a)),
        *pairs(ZEROS, [*FINITE, *ZEROS], lambda a, b: np.copysign(0.0, np.copysign(1.0, a) * np.copysign(1.0, b))),
        *pairs(FINITE, ZEROS, lambda a, b: np.copysign(0.0, np.copysign(1.0, a) * np.copysign(1.0, b))),
    ],
    "nextafter": [*ONE_NAN, (-0.0, 0.0, 0.0), (0.0, -0.0, -0.0), *((x, x, x) for x in FINITE)],
    "pow": [
        *pairs([x for x in ANY if x != 1], [nan], nan),
        *pairs(ANY, ZEROS, 1.0),
        *pairs([nan], [*FINITE, inf, -inf], nan),
        *pairs(ABS_ABOVE_ONE, [inf], inf),
        *pairs(ABS_ABOVE_ONE, [-inf], 0.0),
        *pairs([1.0, -1.0], [inf, -inf], 1.0),
        *pairs([1.0], NUMBERS, 1.0),
        *pairs(ABS_BELOW_ONE, [inf], 0.0),
        *pairs(ABS_BELOW_ONE, [-inf], inf),
        *pairs([inf], ABOVE, inf),
        *pairs([inf], BELOW, 0.0),
        *pairs([-inf], ODD, -inf),
        *pairs([-inf], [*EVEN, *BROKEN], inf),
        *pairs([-inf], [-x for x in ODD], -0.0),
        *pairs([-inf], [-x for x in (*EVEN, *BROKEN)], 0.0),
        *pairs([0.0], ABOVE, 0.0),
        *pairs([0.0], BELOW, inf),
        *pairs([-0.0], ODD, -0.0),
        *pairs([-0.0], [*EVEN, *BROKEN], 0.0),
        *pairs([-0.0], [-x for x in ODD], -inf),
        *pairs([-0.0], [-x for x in (*EVEN, *BROKEN)], inf),
        *pairs(NEGATIVE, [*BROKEN, *(-x for x in BROKEN)], nan),
    ],
    "remainder": [
        *ONE_NAN,
        *pairs([inf, -inf], [inf, -inf], nan),
        *pairs([*FINITE, *ZEROS], ZEROS, nan),
        *pairs(ZEROS, ABOVE, 0.0),
        *pairs(ZEROS, BELOW, -0.0),
        *pairs([inf, -inf], FINITE, nan),
        *pairs(POSITIVE, [inf], first),
        *pairs(POSITIVE, [-inf], second),
        *pairs(NEGATIVE, [inf], second),
        *pairs(NEGATIVE, [-inf], first),
        *((x, y, x % y) for x, y in [(7.0, 2.5), (-7.0, 2.5), (7.0, -2.5), (-7.0, -2.5), (4.0, 2.0), (-4.0, 2.0)]),
    ],
    "subtract": [(a, -b, y) for a, b, y in SUM],
}
REAL_PAIR_TESTS: dict[str, list[tuple[float, float, bool]]] = {
    "equal": [
        *((a, b, False) for a, b in itertools.product(ANY, ANY) if np.isnan(a) or np.isnan(b)),
        *((a, b, True) for a, b in itertools.product(ZEROS, ZEROS)),
        *((x, x, True) for x in NUMBERS),
        (inf, -inf, False),
        (1.0, 2.0, False),
    ],
    "not_equal": [
        *((a, b, True) for a, b in itertools.product(ANY, ANY) if np.isnan(a) or np.isnan(b)),
        *((a, b, False) for a, b in itertools.product(ZEROS, ZEROS)),
        (inf, -inf, True),
        (-inf, inf, True),
        (1.0, 2.0, True),
    ],
}

# -------------------------------------------------------------------- one complex argument: (a, b, real part, imaginary part)
#
# Where f(conj(x)) is conj(f(x)), the standard gives the rows of one half of the plane; MIRRORED adds the others.

Quad = tuple[float, float, float, float]
Z = Either(0.0)
BOTH_ZERO = ZEROS
NOT_ZERO_NOR_NAN = [*FINITE, inf]


def rows(real: list[float], imaginary: list[float], re: Any, im: Any) -> list[Quad]:
    """A row for each a + bj; `re` and `im` are numbers or functions of a and b."""

    def of(value: Any, a: float, b: float) -> float:
        return value(a, b) if callable(value) else value

    return [(a, b, of(re, a, b), of(im, a, b)) for a, b in itertools.product(real, imaginary)]


def cis(scale: float, shift: float = 0.0) -> tuple[Any, Any]:
    """The parts of scale * (cos(b) + j sin(b)) + shift."""
    # Nothing is added where there is no shift: -0.0 + 0.0 is 0.0.
    return lambda a, b: scale * np.cos(b) + shift if shift else scale * np.cos(b), lambda a, b: scale * np.sin(b)


ACOSH: list[Quad] = [
    *rows(ZEROS, [0.0], 0.0, pi / 2),
    *rows([*FINITE, *ZEROS], [inf], inf, pi / 2),
    *rows(FINITE, [nan], nan, nan),
    *rows([0.0], [nan], nan, Either(pi / 2)),
    *rows([-inf], POSITIVE, inf, pi),
    *rows([inf], POSITIVE, inf, 0.0),
    (-inf, inf, inf, 3 * pi / 4),
    (inf, inf, inf, pi / 4),
    *rows([inf, -inf], [nan], inf, nan),
    *rows([nan], [*FINITE, 0.0], nan, nan),
    (nan, inf, inf, nan),
    (nan, nan, nan, nan),
]
ASINH: list[Quad] = [
    (0.0, 0.0, 0.0, 0.0),
    *rows(POSITIVE, [inf], inf, pi / 2),
    *rows([*FINITE, *ZEROS], [nan], nan, nan),
    *rows([inf], POSITIVE, inf, 0.0),
    (inf, inf, inf, pi / 4),
    (nan, 0.0, nan, 0.0),
    *rows([nan], FINITE, nan, nan),
    (nan, inf, Either(inf), nan),
    (nan, nan, nan, nan),
]
ATANH: list[Quad] = [
    (0.0, 0.0, 0.0, 0.0),
    (0.0, nan, 0.0, nan),
    (1.0, 0.0, inf, 0.0),
    *rows(POSITIVE, [inf], 0.0, pi / 2),
    *rows(FINITE, [nan], nan, nan),
    *rows([inf], POSITIVE, 0.0, pi / 2),
    (inf, inf, 0.0, pi / 2),
    (inf, nan, 0.0, nan),
    *rows([nan], FINITE, nan, nan),
    (nan, inf, Z, pi / 2),
    (nan, nan, nan, nan),
]
COSH: list[Quad] = [
    (0.0, 0.0, 1.0, 0.0),
    (0.0, inf, nan, Z),
    (0.0, nan, nan, Z),
    *rows(FINITE, [inf], nan, nan),
    *rows(FINITE, [nan], nan, nan),
    (inf, 0.0, inf, 0.0),
    *rows([inf], FINITE, *cis(inf)),
    (inf, inf, Either(inf), nan),
    (inf, nan, inf, nan),
    *rows([nan], ZEROS, nan, Z),
    *rows([nan], FINITE, nan, nan),
    (nan, nan, nan, nan),
]
SINH: list[Quad] = [
    (0.0, 0.0, 0.0, 0.0),
    (0.0, inf, Z, nan),
    (0.0, nan, Z, nan),
    *rows(POSITIVE, [inf], nan, nan),
    *rows(POSITIVE, [nan], nan, nan),
    (inf, 0.0, inf, 0.0),
    *rows([inf], POSITIVE, *cis(inf)),
    (inf, inf, Either(inf), nan),
    (inf, nan, Either(inf), nan),
    (nan, 0.0, nan, 0.0),
    *rows([nan], FINITE, nan, nan),
    (nan, nan, nan, nan),
]
# Of (0, inf) and (0, nan) the standard says that (nan, nan) is as good as (0, nan): C libraries differ.
TANH: list[Quad] = [
    (0.0, 0.0, 0.0, 0.0),
    *rows(FINITE, [inf], nan, nan),
    *rows(FINITE, [nan], nan, nan),
    *rows([inf], POSITIVE, 1.0, Z),
    (inf, inf, 1.0, Z),
    (inf, nan, 1.0, Z),
    (nan, 0.0, nan, 0.0),
    *rows([nan], NOT_ZERO_NOR_NAN, nan, nan),
    (nan, nan, nan, nan),
]
LOG: list[Quad] = [
    (-0.0, 0.0, -inf, pi),
    (0.0, 0.0, -inf, 0.0),
    *rows([*FINITE, *ZEROS], [inf], inf, pi / 2),
    *rows([*FINITE, *ZEROS], [nan], nan, nan),
    *rows([-inf], POSITIVE, inf, pi),
    *rows([inf], POSITIVE, inf, 0.0),
    (-inf, inf, inf, 3 * pi / 4),
    (inf, inf, inf, pi / 4),
    *rows([inf, -inf], [nan], inf, nan),
    *rows([nan], [*FINITE, *ZEROS], nan, nan),
    (nan, inf, inf, nan),
    (nan, nan, nan, nan),
]


def through(table: list[Quad], *, odd: bool) -> list[Quad]:
    """The rows of f(x) where it is g(xj) (`odd` False) or -j g(xj) for the g of `table`."""
    # x = b - aj has xj = a + bj; -j (re + im j) is im - re j.
    turned = [(b, -a, re, im) for a, b, re, im in table]
    return [(a, b, im, _minus(re)) if odd else (a, b, re, im) for a, b, re, im in turned]


def _minus(v: float) -> float:
    return v if isinstance(v, Either) else -v


COMPLEX: dict[str, list[Quad]] = {
    "acos": [
        *rows(ZEROS, [0.0], pi / 2, -0.0),
        *rows(ZEROS, [nan], pi / 2, nan),
        *rows([*FINITE, *ZEROS], [inf], pi / 2, -inf),
        *rows(FINITE, [nan], nan, nan),
        *rows([-inf], POSITIVE, pi, -inf),
        *rows([inf], POSITIVE, 0.0, -inf),
        (-inf, inf, 3 * pi / 4, -inf),
        (inf, inf, pi / 4, -inf),
        *rows([inf, -inf], [nan], nan, Either(inf)),
        *rows([nan], [*FINITE, *ZEROS], nan, nan),
        (nan, inf, nan, -inf),
        (nan, nan, nan, nan),
    ],
    "acosh": ACOSH,
    "asin": through(ASINH, odd=True),
    "asinh": ASINH,
    "atan": through(ATANH, odd=True),
    "atanh": ATANH,
    "cos": through(COSH, odd=False),
    "cosh": COSH,
    "exp": [
        *rows(ZEROS, [0.0], 1.0, 0.0),
        *rows([*FINITE, *ZEROS], [inf, nan], nan, nan),
        (inf, 0.0, inf, 0.0),
        *rows([-inf], [*FINITE, 0.0], *cis(0.0)),
        *rows([inf], FINITE, *cis(inf)),
        (-inf, inf, Z, Z),
        (inf, inf, Either(inf), nan),
        (-inf, nan, Z, Z),
        (inf, nan, Either(inf), nan),
        (nan, 0.0, nan, 0.0),
        *rows([nan], NOT_ZERO_NOR_NAN, nan, nan),
        (nan, nan, nan, nan),
    ],
    "expm1": [
        *rows(ZEROS, [0.0], Z, 0.0),
        *rows([*FINITE, *ZEROS], [inf, nan], nan, nan),
        (inf, 0.0, inf, 0.0),
        *rows([-inf], [*FINITE, 0.0], *cis(0.0, -1.0)),
        *rows([inf], FINITE, *cis(inf, -1.0)),
        (-inf, inf, -1.0, Z),
        (inf, inf, Either(inf), nan),
        (-inf, nan, -1.0, Z),
        (inf, nan, Either(inf), nan),
        (nan, 0.0, nan, 0.0),
        *rows([nan], NOT_ZERO_NOR_NAN, nan, nan),
        (nan, nan, nan, nan),
    ],
    "log": LOG,
    "log10": [(a, b, re, im if np.isnan(im) else im / np.log(10)) for a, b, re, im in LOG],
    "log1p": [
        (-1.0, 0.0, -inf, 0.0),
        *rows([*FINITE, *ZEROS], [inf], inf, pi / 2),
        *rows([*FINITE, *ZEROS], [nan], nan, nan),
        *rows([-inf], POSITIVE, inf, pi),
        *rows([inf], POSITIVE, inf, 0.0),
        (-inf, inf, inf, 3 * pi / 4),
        (inf, inf, inf, pi / 4),
        *rows([inf, -inf], [nan], inf, nan),
        *rows([nan], [*FINITE, *ZEROS], nan, nan),
        (nan, inf, inf, nan),
        (nan, nan, nan, nan),
    ],
    "log2": [(a, b, re, im if np.isnan(im) else im / np.log(2)) for a, b, re, im in LOG],
    "sin": through(SINH, odd=True),
    "sinh": SINH,
    "sqrt": [
        *rows(ZEROS, [0.0], 0.0, 0.0),
        *rows(ANY, [inf], inf, inf),
        *rows([*FINITE, *ZEROS], [nan], nan, nan),
        *rows([-inf], POSITIVE, 0.0, inf),
        *rows([inf], POSITIVE, inf, 0.0),
        (-inf, nan, nan, Either(inf)),
        (inf, nan, inf, nan),
        *rows([nan], [*FINITE, *ZEROS, nan], nan, nan),
    ],
    "tan": through(TANH, odd=True),
    "tanh": TANH,
}
MIRRORED = {name: [*table, *((a, -b, re, _minus(im)) for a, b, re, im in table)] for name, table in COMPLEX.items()}
# These hold row by row, without a mirror.
MIRRORED["sign"] = [
    *rows(ZEROS, ZEROS, Z, Z),
    *rows([nan], ANY, nan, nan),
    *rows(ANY, [nan], nan, nan),
    *rows(FINITE, ZEROS, lambda a, b: np.sign(a), Z),
    *rows(ZEROS, FINITE, Z, lambda a, b: np.sign(b)),
    (3.0, 4.0, 0.6, 0.8),
    (-3.0, 4.0, -0.6, 0.8),
]
PARTWISE = [*FINITE, *ZEROS, inf, -inf, nan]
MIRRORED["round"] = [
    (a, b, np.round(a), np.round(b)) for a, b in itertools.product([*PARTWISE, 0.5, 1.5, -2.5], PARTWISE)
]
MIRRORED["conj"] = [(a, b, a, -b) for a, b in itertools.product(PARTWISE, PARTWISE)]
MIRRORED["negative"] = [(a, b, -a, -b) for a, b in itertools.product(PARTWISE, PARTWISE)]
MIRRORED["positive"] = [(a, b, a, b) for a, b in itertools.product(PARTWISE, PARTWISE)]

# Functions from complex to real numbers: (a, b, result).
COMPLEX_TO_REAL: dict[str, list[Pair]] = {
    "abs": [
        *pairs([inf, -inf], ANY, inf),
        *pairs(ANY, [inf, -inf], inf),
        *pairs(ZEROS, [*FINITE, *ZEROS], lambda a, b: abs(b)),
        *pairs([*FINITE, *ZEROS], ZEROS, lambda a, b: abs(a)),
        *pairs([nan], [*FINITE, *ZEROS, nan], nan),
        *pairs([*FINITE, *ZEROS], [nan], nan),
    ],
    "real": pairs(PARTWISE, PARTWISE, first),
    "imag": pairs(PARTWISE, PARTWISE, second),
}
COMPLEX_TESTS: dict[str, Callable[[float, float], bool]] = {
    "isfinite": lambda a, b: bool(np.isfinite(a) and np.isfinite(b)),
    "isinf": lambda a, b: bool(np.isinf(a) or np.isinf(b)),
    "isnan": lambda a, b: bool(np.isnan(a) or np.isnan(b)),
}


# ------------------------------------------------------------------------------------------------------------ the tests


def column(values: Any, device: str, dtype: str) -> Any:
    return xp.asarray(np.array(list(values), dtype=dtype), device=device)


def joined(real: Any, imaginary: Any, dtype: str) -> Any:
    """Complex numbers of their parts, without arithmetic that would turn (0, inf) into (nan, inf)."""
    z = np.empty(len(real), dtype)
    z.real, z.imag = real, imaginary
    return z


def check(name: str, got: Any, expected: list[float], given: list[Any], dtype: str) -> None:
    """Each element is the expected one: within a few units in the last place, zeros with their sign."""
    got = np.asarray(xp.to_device(got, "numpy"))
    assert got.dtype == dtype
    wanted = np.array(expected, dtype=dtype)
    close = np.isclose(got, wanted, rtol=8 * np.finfo(dtype).eps, atol=0, equal_nan=True)
    signed = np.array([isinstance(v, Either) or np.isnan(v) for v in expected]) | (
        np.signbit(got) == np.signbit(wanted)
    )
    loose = np.array([isinstance(v, Either) for v in expected])
    close |= loose & np.isclose(np.abs(got), np.abs(wanted), rtol=8 * np.finfo(dtype).eps, atol=0)
    wrong = [
        f"{name}{g}: got {y!s}, expected {v!r}"
        for g, y, v, good in zip(given, got, expected, close & signed, strict=True)
        if not good
    ]
    assert not wrong, "\n".join(wrong)


def on_devices(table: dict[str, Any], of: str = "") -> list[tuple[str, str]]:
    """The functions of a table with the devices that have to meet it."""
    return [(name, d) for name in table for d in DEVICES if d != "strict" or of + name not in NOT_STRICT]


FLOATS = ["float32", "float64"]
COMPONENTS = {"complex64": "float32", "complex128": "float64"}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", REAL)
def test_one_real_argument(name: str, dtype: str, device: str) -> None:
    given, expected = zip(*REAL[name], strict=True)
    check(name, getattr(xp, name)(column(given, device, dtype)), list(expected), list(given), dtype)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", REAL_TESTS)
def test_tests_of_one_real_argument(name: str, dtype: str, device: str) -> None:
    given, expected = zip(*REAL_TESTS[name], strict=True)
    got = xp.to_device(getattr(xp, name)(column(given, device, dtype)), "numpy")
    assert (got.dtype, got.tolist()) == (np.bool_, list(expected))


@pytest.mark.parametrize(("name", "device"), on_devices(REAL_PAIRS))
@pytest.mark.parametrize("dtype", FLOATS)
def test_two_real_arguments(name: str, dtype: str, device: str) -> None:
    a, b, expected = zip(*REAL_PAIRS[name], strict=True)
    got = getattr(xp, name)(column(a, device, dtype), column(b, device, dtype))
    check(name, got, list(expected), list(zip(a, b, strict=True)), dtype)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", REAL_PAIR_TESTS)
def test_comparisons(name: str, dtype: str, device: str) -> None:
    a, b, expected = zip(*REAL_PAIR_TESTS[name], strict=True)
    got = xp.to_device(getattr(xp, name)(column(a, device, dtype), column(b, device, dtype)), "numpy")
    assert (got.dtype, got.tolist()) == (np.bool_, list(expected))


@pytest.mark.parametrize(("name", "device"), on_devices(MIRRORED, "complex "))
@pytest.mark.parametrize("dtype", COMPONENTS)
def test_one_complex_argument(name: str, dtype: str, device: str) -> None:
    a, b, re, im = zip(*MIRRORED[name], strict=True)
    got = xp.to_device(getattr(xp, name)(xp.asarray(joined(a, b, dtype), device=device)), "numpy")
    assert got.dtype == dtype
    given = list(zip(a, b, strict=True))
    check(f"real part of {name}", got.real, list(re), given, COMPONENTS[dtype])
    check(f"imaginary part of {name}", got.imag, list(im), given, COMPONENTS[dtype])


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", COMPONENTS)
@pytest.mark.parametrize("name", COMPLEX_TO_REAL)
def test_from_complex_to_real(name: str, dtype: str, device: str) -> None:
    a, b, expected = zip(*COMPLEX_TO_REAL[name], strict=True)
    got = getattr(xp, name)(xp.asarray(joined(a, b, dtype), device=device))
    check(name, got, list(expected), list(zip(a, b, strict=True)), COMPONENTS[dtype])


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", COMPONENTS)
@pytest.mark.parametrize("name", COMPLEX_TESTS)
def test_tests_of_one_complex_argument(name: str, dtype: str, device: str) -> None:
    a, b = zip(*itertools.product(ANY, ANY), strict=True)
    got = xp.to_device(getattr(xp, name)(xp.asarray(joined(a, b, dtype), device=device)), "numpy")
    assert got.dtype == np.bool_
    assert got.tolist() == [COMPLEX_TESTS[name](*parts) for parts in zip(a, b, strict=True)]
