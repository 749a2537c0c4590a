"""Functions along axes: reductions, searches, sorting and sets, against Python's own over lists of the elements."""

from __future__ import annotations

import bisect
import itertools
import math
import statistics
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import xparray as xp
from xparray.backends.numba import NumbaArray

DEVICES = ["numpy", "numba", "strict"]
TYPES = {"numpy": np.ndarray, "numba": NumbaArray, "strict": type(xp.zeros((), device="strict"))}
Axis = int | tuple[int, ...] | None
on_every_device = pytest.mark.parametrize("device", DEVICES)


def home(x: Any) -> np.ndarray[Any, Any]:
    return np.asarray(xp.to_device(x, "numpy"))


def groups(x: np.ndarray[Any, Any], axis: Axis) -> tuple[dict[tuple[int, ...], list[Any]], tuple[int, ...]]:
    """The elements that go into each place of a reduction, in row-major order, and the shape with axes of length one."""
    axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    reduced = {a % x.ndim for a in axes}
    kept = tuple(1 if a in reduced else n for a, n in enumerate(x.shape))
    found: dict[tuple[int, ...], list[Any]] = {at: [] for at in np.ndindex(kept)}
    for at in np.ndindex(x.shape):
        found[tuple(0 if a in reduced else i for a, i in enumerate(at))].append(x[at].item())
    return found, kept


def reduced(f: Callable[[list[Any]], Any], x: np.ndarray[Any, Any], axis: Axis, keepdims: bool) -> Any:
    """`f` of the elements of each group, nested like the result."""
    found, kept = groups(x, axis)
    result = np.empty(kept, object)
    for at, values in found.items():
        result[at] = f(values)
    if keepdims:
        return result
    axes = tuple(range(x.ndim)) if axis is None else axis
    return result.squeeze(axes)


@st.composite
def arrays_and_axes(draw: st.DrawFn, elements: st.SearchStrategy[Any], dtype: str, least: int = 0) -> Any:
    shape = tuple(draw(st.lists(st.integers(least, 3), max_size=3)))
    x = draw(hnp.arrays(dtype, shape, elements=elements))
    ndim = len(shape)
    axes: list[Any] = [None, ()]
    if ndim:
        axes += [draw(st.integers(-ndim, ndim - 1)), tuple(draw(st.lists(st.integers(0, ndim - 1), unique=True)))]
    return x, draw(st.sampled_from(axes)), draw(st.booleans())


small = st.integers(-9, 9)
numbers = st.floats(-9, 9, width=32)


def product(values: list[Any]) -> Any:
    return math.prod(values)


def first_of(choose: Callable[[list[Any]], Any]) -> Callable[[list[Any]], int]:
    return lambda values: values.index(choose(values))


REDUCTIONS: dict[str, tuple[Callable[[list[Any]], Any], int]] = {  # and the least length of an axis
    "all": (all, 0),
    "any": (any, 0),
    "count_nonzero": (lambda values: sum(v != 0 for v in values), 0),
    "max": (max, 1),
    "min": (min, 1),
    "prod": (product, 0),
    "sum": (sum, 0),
}


@on_every_device
@pytest.mark.parametrize("name", REDUCTIONS)
@given(data=st.data())
def test_reductions_of_integers(name: str, device: str, data: st.DataObject) -> None:
    f, least = REDUCTIONS[name]
    x, axis, keepdims = data.draw(arrays_and_axes(st.integers(-3, 3), "int16", least))  # 3**27 is no overflow
    got = getattr(xp, name)(xp.asarray(x, device=device), axis=axis, keepdims=keepdims)
    expected = reduced(f, x, axis, keepdims)
    assert type(got) is TYPES[device]
    assert str(xp.device_of(got)) == device
    assert home(got).shape == expected.shape
    assert home(got).tolist() == expected.tolist()


def spread(values: list[float], correction: float) -> float:
    """The variance in exact fractions; NaN where the divisor is not positive."""
    n = len(values) - Fraction(correction)
    if n <= 0:
        return math.nan
    mean = sum(map(Fraction, values)) / len(values)
    return float(sum((Fraction(v) - mean) ** 2 for v in values) / n)


@on_every_device
@pytest.mark.filterwarnings("ignore:(Mean of empty|Degrees of freedom|invalid value|divide by zero):RuntimeWarning")
@given(case=arrays_and_axes(numbers, "float64"), correction=st.sampled_from([0, 1, 0.5, 2, 3.0]))
def test_statistics_of_numbers(device: str, case: Any, correction: float) -> None:
    x, axis, keepdims = case
    y = xp.asarray(x, device=device)
    table: list[tuple[Any, Callable[[list[float]], float]]] = [
        (xp.sum(y, axis=axis, keepdims=keepdims), math.fsum),
        (xp.prod(y, axis=axis, keepdims=keepdims), product),
        (xp.mean(y, axis=axis, keepdims=keepdims), lambda v: statistics.fmean(v) if v else math.nan),
    ]
    if device != "strict":  # array-api-strict has NumPy's infinity where the divisor is not positive
        table += [
            (xp.var(y, axis=axis, keepdims=keepdims, correction=correction), lambda v: spread(v, correction)),
            (
                xp.std(y, axis=axis, keepdims=keepdims, correction=correction),
                lambda v: math.sqrt(spread(v, correction)),
            ),
        ]
    for got, f in table:
        expected = reduced(f, x, axis, keepdims).astype(float)
        assert type(got) is TYPES[device]
        assert home(got).shape == expected.shape
        np.testing.assert_allclose(home(got), expected, rtol=1e-12, atol=1e-12)


@on_every_device
@pytest.mark.parametrize("name", ["var", "std"])
def test_spread(name: str, device: str) -> None:
    x = xp.asarray([[1.0, 2.0, 4.0], [0.0, 0.0, 3.0]], device=device)
    expected = [[14 / 9, 7 / 3, 2.8], [2.0, 3.0, 3.6]]
    for i, correction in enumerate((0, 1, 4 / 3)):
        got = home(getattr(xp, name)(x, axis=1, correction=correction))
        squares = [row[i] for row in expected]
        np.testing.assert_allclose(got if name == "var" else got**2, squares, rtol=1e-14)


@pytest.mark.parametrize("device", ["numpy", "numba"])
@pytest.mark.filterwarnings("ignore:(Degrees of freedom|invalid value|divide by zero):RuntimeWarning")
@pytest.mark.parametrize("name", ["var", "std"])
@pytest.mark.parametrize("values", [[1.0, 2.0], [3.0, 3.0], []])
def test_spread_with_nothing_to_divide_by(values: list[float], name: str, device: str) -> None:
    x = xp.asarray(values, dtype="float32", device=device)
    for correction in (len(values), len(values) + 1):
        for keepdims in (False, True):
            got = getattr(xp, name)(x, correction=correction, keepdims=keepdims)
            assert (got.shape, got.dtype) == ((1,) if keepdims else (), np.float32)
            assert np.isnan(home(got)).all()


@on_every_device
def test_nan_is_handed_on(device: str) -> None:
    x = xp.asarray([[1.0, math.nan], [2.0, 3.0]], device=device)
    for f in (xp.max, xp.min, xp.sum, xp.prod, xp.mean, xp.var, xp.std):
        assert np.isnan(home(f(x, axis=1))).tolist() == [True, False]
        assert np.isnan(home(f(x)))


@pytest.mark.parametrize("device", ["numpy", "numba"])
@pytest.mark.filterwarnings("ignore:(Mean of empty|invalid value):RuntimeWarning")
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_mean_of_complex_numbers_takes_the_parts_apart(dtype: str, device: str) -> None:
    x = xp.asarray(
        [[complex(math.nan, 1), complex(2, math.inf)], [complex(1, 2), complex(3, -4)]], dtype=dtype, device=device
    )
    got = xp.mean(x, axis=1)
    assert (got.dtype, str(xp.device_of(got))) == (dtype, device)
    assert np.isnan(got[0].real)
    assert (got[0].imag, got[1]) == (math.inf, 2 - 1j)
    assert home(xp.mean(x[1], keepdims=True)).tolist() == [2 - 1j]
    empty = home(xp.mean(x[:, :0]))
    assert np.isnan(empty.real)
    assert np.isnan(empty.imag)


@on_every_device
def test_empty_sums_and_products(device: str) -> None:
    for dtype in ("float32", "complex128", "int8", "uint16"):
        x = xp.zeros((0, 2), dtype=dtype, device=device)
        assert home(xp.sum(x, axis=0)).tolist() == [0, 0]
        assert home(xp.prod(x, axis=0)).tolist() == [1, 1]
        assert (home(xp.sum(x)), home(xp.prod(x)), home(xp.count_nonzero(x))) == (0, 1, 0)
    x = xp.zeros((0,), dtype="bool", device=device)
    assert (bool(xp.all(x)), bool(xp.any(x))) == (True, False)


# ------------------------------------------------------------------------------------------------- line by line


def lines(f: Callable[[list[Any]], list[Any]], x: np.ndarray[Any, Any], axis: int) -> Any:
    """`f` of each line of `x` along `axis`."""
    moved = np.moveaxis(x, axis, -1)
    rows = [f(moved[at].tolist()) for at in np.ndindex(moved.shape[:-1])]
    length = len(f(moved[(0,) * (x.ndim - 1)].tolist())) if rows else 0
    result = np.empty((*moved.shape[:-1], length), object)
    for at, row in zip(np.ndindex(moved.shape[:-1]), rows, strict=True):
        result[at] = row
    return np.moveaxis(result, -1, axis).tolist()


with_an_axis = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4)


@on_every_device
@given(data=st.data(), shape=with_an_axis)
def test_cumulative_functions(device: str, data: st.DataObject, shape: tuple[int, ...]) -> None:
    x = data.draw(hnp.arrays("int16", shape, elements=small))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    y = xp.asarray(x, device=device)
    for f, start, step in ((xp.cumulative_sum, 0, lambda a, b: a + b), (xp.cumulative_prod, 1, lambda a, b: a * b)):

        def whole(row: list[int], start: int = start, step: Any = step) -> list[int]:
            return list(itertools.accumulate(row, step, initial=start))

        assert home(f(y, axis=axis)).tolist() == lines(lambda row: whole(row)[1:], x, axis)
        assert home(f(y, axis=axis, include_initial=True)).tolist() == lines(whole, x, axis)
        assert str(xp.device_of(f(y, axis=axis))) == device
        if len(shape) == 1:
            assert home(f(y)).tolist() == whole(x.tolist())[1:]
            assert home(f(y, include_initial=True, dtype="float32")).tolist() == whole(x.tolist())
        else:
            with pytest.raises(ValueError, match="axis"):
                f(y)


@on_every_device
@given(data=st.data(), shape=with_an_axis)
def test_diff(device: str, data: st.DataObject, shape: tuple[int, ...]) -> None:
    x = data.draw(hnp.arrays("int16", shape, elements=small))
    axis, n = data.draw(st.integers(-len(shape), len(shape) - 1)), data.draw(st.integers(1, 3))
    ends = {name: data.draw(st.none() | hnp.arrays("int16", shape, elements=small)) for name in ("prepend", "append")}

    def differences(row: list[int]) -> list[int]:
        for _ in range(n):
            row = [b - a for a, b in itertools.pairwise(row)]
        return row

    whole = np.concatenate([part for part in (ends["prepend"], x, ends["append"]) if part is not None], axis=axis)
    given_ends = {name: None if end is None else xp.asarray(end, device=device) for name, end in ends.items()}
    got = xp.diff(xp.asarray(x, device=device), axis=axis, n=n, **given_ends)
    assert home(got).tolist() == lines(differences, whole, axis)
    assert str(xp.device_of(got)) == device


@on_every_device
@given(data=st.data(), shape=with_an_axis, descending=st.booleans(), stable=st.booleans())
def test_sort_and_argsort(
    device: str, data: st.DataObject, shape: tuple[int, ...], descending: bool, stable: bool
) -> None:
    dtype = data.draw(st.sampled_from(["int8", "float32", "uint64"]))
    x = data.draw(hnp.arrays(dtype, shape, elements=st.integers(0, 3)))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    y = xp.asarray(x, device=device)
    how = {"axis": axis, "descending": descending, "stable": stable}

    def order(row: list[Any]) -> list[int]:
        # Python's sort is stable, also when it is reversed.
        return sorted(range(len(row)), key=row.__getitem__, reverse=descending)

    sorted_, indices = xp.sort(y, **how), xp.argsort(y, **how)
    assert home(sorted_).tolist() == lines(lambda row: sorted(row, reverse=descending), x, axis)
    if stable:
        assert home(indices).tolist() == lines(order, x, axis)
    assert home(xp.take_along_axis(y, indices, axis=axis)).tolist() == home(sorted_).tolist()
    assert home(y).tolist() == x.tolist()
    assert str(xp.device_of(sorted_)) == str(xp.device_of(indices)) == device


@pytest.mark.parametrize("device", DEVICES)
def test_nan_counts_as_the_greatest(device: str) -> None:
    x = xp.asarray([2.0, math.nan, -math.inf, math.inf], device=device)
    assert str(home(xp.sort(x)).tolist()) == "[-inf, 2.0, inf, nan]"
    assert str(home(xp.sort(x, descending=True)).tolist()) == "[nan, inf, 2.0, -inf]"
    assert home(xp.argsort(x)).tolist() == [2, 0, 3, 1]
    assert home(xp.argsort(x, descending=True)).tolist() == [1, 3, 0, 2]


# ------------------------------------------------------------------------------------------------------------ searches


@on_every_device
@given(data=st.data(), shape=with_an_axis)
def test_argmax_and_argmin(device: str, data: st.DataObject, shape: tuple[int, ...]) -> None:
    x = data.draw(hnp.arrays("int8", shape, elements=st.integers(0, 3)))
    axis = data.draw(st.none() | st.integers(-len(shape), len(shape) - 1))
    y = xp.asarray(x, device=device)
    for f, choose in ((xp.argmax, max), (xp.argmin, min)):
        for keepdims in (False, True):
            got = f(y, axis=axis, keepdims=keepdims)
            assert type(got) is TYPES[device]
            assert home(got).tolist() == reduced(first_of(choose), x, axis, keepdims).tolist()


@on_every_device
@given(
    x=hnp.arrays("int8", hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=3), elements=st.integers(0, 1))
)
def test_nonzero(device: str, x: np.ndarray[Any, Any]) -> None:
    expected = [at for at in np.ndindex(x.shape) if x[at]]
    for y in (xp.asarray(x, device=device), xp.asarray(x * (2 + 0j), device=device), xp.asarray(x > 0, device=device)):
        got = xp.nonzero(y)
        assert type(got) is tuple
        assert [type(part) for part in got] == [TYPES[device]] * x.ndim
        assert list(zip(*(home(part).tolist() for part in got), strict=True)) == expected
    with pytest.raises(ValueError, match=r"0d|0-dim"):
        xp.nonzero(xp.asarray(1, device=device))


@on_every_device
@given(
    x=st.lists(st.integers(0, 5), max_size=6),
    values=hnp.arrays("int16", hnp.array_shapes(min_dims=0, max_dims=2, max_side=3), elements=st.integers(-1, 6)),
    dtype=st.sampled_from(["float32", "int16"]),
)
def test_searchsorted(device: str, x: list[int], values: np.ndarray[Any, Any], dtype: str) -> None:
    y, order = xp.asarray(x, dtype=dtype, device=device), sorted(range(len(x)), key=x.__getitem__)
    targets = xp.asarray(values.astype(dtype), device=device)
    for side, place in (("left", bisect.bisect_left), ("right", bisect.bisect_right)):
        expected = np.array([place(sorted(x), v) for v in values.ravel()], int).reshape(values.shape).tolist()
        in_order = xp.sort(y)
        got = xp.searchsorted(in_order, targets, side=side)
        assert home(got).tolist() == expected
        assert type(got) is TYPES[device]
        for kind in ("int64", "int8") if device == "strict" else ("int64", "int8", "uint64"):
            sorter = xp.asarray(order, dtype=kind, device=device)
            got = xp.searchsorted(y, targets, side=side, sorter=sorter)
            assert home(got).tolist() == expected
        assert home(xp.searchsorted(in_order, 2, side=side)).tolist() == place(sorted(x), 2)


@on_every_device
def test_searchsorted_takes_a_number_in_the_arrays_dtype(device: str) -> None:
    # 0.1 in float32 is more than 0.1 in float64.
    x = xp.asarray([0.1], dtype="float32", device=device)
    assert (int(xp.searchsorted(x, 0.1, side="left")), int(xp.searchsorted(x, 0.1, side="right"))) == (0, 1)


# ---------------------------------------------------------------------------------------------------------------- sets


@on_every_device
@given(
    x=hnp.arrays("int8", hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=4), elements=st.integers(0, 4))
)
def test_unique(device: str, x: np.ndarray[Any, Any]) -> None:
    flat, y = x.ravel().tolist(), xp.asarray(x, device=device)
    everything = xp.unique_all(y)
    assert everything._fields == ("values", "indices", "inverse_indices", "counts")
    values = home(everything.values).tolist()
    assert sorted(values) == sorted(set(flat))
    assert home(everything.indices).tolist() == [flat.index(v) for v in values]
    assert home(everything.counts).tolist() == [flat.count(v) for v in values]
    assert everything.inverse_indices.shape == y.shape
    assert home(xp.take(everything.values, xp.reshape(everything.inverse_indices, (-1,)))).tolist() == flat
    assert sorted(home(xp.unique_values(y)).tolist()) == sorted(set(flat))
    counts, inverse = xp.unique_counts(y), xp.unique_inverse(y)
    assert (counts._fields, inverse._fields) == (("values", "counts"), ("values", "inverse_indices"))
    assert home(counts.counts).tolist() == [flat.count(v) for v in home(counts.values).tolist()]
    assert inverse.inverse_indices.shape == y.shape
    assert home(xp.take(inverse.values, xp.reshape(inverse.inverse_indices, (-1,)))).tolist() == flat
    for part in (*everything, *counts, *inverse, xp.unique_values(y)):
        assert type(part) is TYPES[device]


@on_every_device
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_each_nan_is_unique_and_zeros_are_one(dtype: str, device: str) -> None:
    x = xp.asarray([math.nan, 0.0, -0.0, math.nan, 1.0], dtype=dtype, device=device)
    assert sorted(home(xp.unique_counts(x).counts).tolist()) == [1, 1, 1, 2]
    everything = xp.unique_all(x)
    assert sorted(home(everything.counts).tolist()) == [1, 1, 1, 2]
    assert int(np.isnan(home(everything.values)).sum()) == 2
    assert len(home(xp.unique_values(x))) == len(home(xp.unique_inverse(x).values)) == 4


@on_every_device
@given(
    x=hnp.arrays("int8", hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=4), elements=small),
    among=st.lists(small, max_size=5),
    invert=st.booleans(),
)
def test_isin(device: str, x: np.ndarray[Any, Any], among: list[int], invert: bool) -> None:
    invert = invert and device != "strict"  # array-api-strict forgets it
    y, set_ = xp.asarray(x, device=device), xp.asarray(among, dtype="int32", device=device)
    for got, expected in (
        (xp.isin(y, set_, invert=invert), [(v in among) != invert for v in x.ravel().tolist()]),
        (xp.isin(y, 3, invert=invert), [(v == 3) != invert for v in x.ravel().tolist()]),
        (xp.isin(3, set_, invert=invert), [(3 in among) != invert]),
    ):
        assert type(got) is TYPES[device]
        assert home(got).ravel().tolist() == expected
    assert xp.isin(y, set_).shape == y.shape
    assert xp.isin(3, set_).shape == ()


# ------------------------------------------------------------------------------------- arguments on different devices


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("diff", lambda x, y: xp.diff(x, prepend=y)),
        ("diff", lambda x, y: xp.diff(x, append=y)),
        ("searchsorted", lambda x, y: xp.searchsorted(x, y)),
        ("searchsorted", lambda x, y: xp.searchsorted(x, x, sorter=y)),
        ("repeat", lambda x, y: xp.repeat(x, y)),
        ("isin", lambda x, y: xp.isin(x, y)),
        ("take_along_axis", lambda x, y: xp.take_along_axis(x, y)),
        ("broadcast_arrays", lambda x, y: xp.broadcast_arrays(x, y)),
        ("meshgrid", lambda x, y: xp.meshgrid(x, y)),
        ("result_type", lambda x, y: xp.result_type(x, "int8", y)),
        ("linalg.matrix_rank", lambda x, y: xp.linalg.matrix_rank(x[None, :] + 0.5, rtol=y)),
        ("linalg.pinv", lambda x, y: xp.linalg.pinv(x[None, :] + 0.5, rtol=y)),
        ("linalg.solve", lambda x, y: xp.linalg.solve(x[None, :] + 0.5, y)),
        ("vecdot", lambda x, y: xp.vecdot(x, y)),
        ("floor_divide", lambda x, y: xp.floor_divide(x, y)),
    ],
)
def test_arrays_on_different_devices(name: str, call: Callable[[Any, Any], Any]) -> None:
    x, y = xp.arange(2), xp.arange(2, device="strict")
    with pytest.raises(
        ValueError, match=rf"^{name}: arguments live on different devices: argument 0: .* on numpy; argument \d"
    ):
        call(x, y)
