"""Functions that move elements, element by element: where each one of a result comes from, for arrays of any shape."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xparray as xp

DEVICES = ["numpy", "numba", "strict"]
Shape = tuple[int, ...]
Index = tuple[int, ...]

shapes = st.lists(st.integers(0, 3), max_size=4).map(tuple)
shapes_with_axes = st.lists(st.integers(0, 3), min_size=1, max_size=4).map(tuple)


def numbered(shape: Shape, device: str = "numpy", start: int = 0) -> Any:
    """An array whose elements are their own numbers in row-major order."""
    n = math.prod(shape)
    return xp.reshape(xp.arange(start, start + n, device=device), shape)


def number(shape: Shape, at: Index) -> int:
    """The number that stands at an index of `numbered(shape)`."""
    result = 0
    for i, n in zip(at, shape, strict=True):
        result = result * n + i
    return result


def indices(shape: Shape) -> Iterable[Index]:
    return itertools.product(*map(range, shape))


def check(got: Any, device: str, shape: Shape, source: Callable[[Index], int]) -> None:
    """An array on `device`, of the shape, with the element `source(index)` at each index."""
    assert str(xp.device_of(got)) == device
    assert tuple(got.shape) == shape
    home = np.asarray(xp.to_device(got, "numpy"))
    assert home.ravel().tolist() == [source(at) for at in indices(shape)]


def axis_of(draw: st.DrawFn, ndim: int) -> int:
    return draw(st.integers(-ndim, ndim - 1))


def axes_of(draw: st.DrawFn, ndim: int) -> tuple[int, ...]:
    """Some axes, each at most once, counted from either end."""
    chosen = draw(st.lists(st.integers(0, ndim - 1), unique=True)) if ndim else []
    return tuple(a - ndim * draw(st.booleans()) for a in chosen)


def replaced(at: Index, axis: int, value: Any) -> Index:
    axis %= len(at)
    return (*at[:axis], value, *at[axis + 1 :])


on_every_device = pytest.mark.parametrize("device", DEVICES)


# ------------------------------------------------------------------------------------------------------ shapes and axes


@on_every_device
@given(data=st.data(), shape=shapes)
def test_reshape(device: str, data: st.DataObject, shape: Shape) -> None:
    n = math.prod(shape)
    factors = [s for s in itertools.product(range(5), repeat=2) if math.prod(s) == n]
    new = data.draw(st.sampled_from([(n,), (n, 1), (1, n, 1), *factors]))
    for copy in (None, True):
        check(xp.reshape(numbered(shape, device), new, copy=copy), device, new, lambda at: number(new, at))
    if n and len(new) > 1:
        check(xp.reshape(numbered(shape, device), shape=(-1, *new[1:])), device, new, lambda at: number(new, at))


@pytest.mark.parametrize("device", ["numpy", "numba"])
def test_reshape_copies_as_told(device: str) -> None:
    x = numbered((2, 3), device)
    assert np.shares_memory(xp.reshape(x, (6,), copy=False), x)
    assert np.shares_memory(xp.reshape(x, (6,)), x)
    assert not np.shares_memory(xp.reshape(x, (6,), copy=True), x)
    with pytest.raises(ValueError, match="copy"):
        xp.reshape(xp.matrix_transpose(x), (6,), copy=False)


@on_every_device
@given(data=st.data(), shape=shapes)
def test_permute_dims(device: str, data: st.DataObject, shape: Shape) -> None:
    ndim = len(shape)
    order = data.draw(st.permutations(range(ndim)))
    signed = tuple(a - ndim * data.draw(st.booleans()) for a in order)
    new = tuple(shape[a] for a in order)

    def source(at: Index) -> int:
        return number(shape, tuple(at[order.index(a)] for a in range(ndim)))

    check(xp.permute_dims(numbered(shape, device), signed), device, new, source)
    check(xp.permute_dims(numbered(shape, device), axes=signed), device, new, source)


@on_every_device
@given(shape=st.lists(st.integers(0, 3), min_size=2, max_size=4).map(tuple))
def test_matrix_transpose(device: str, shape: Shape) -> None:
    new = (*shape[:-2], shape[-1], shape[-2])
    check(
        xp.matrix_transpose(numbered(shape, device)), device, new, lambda at: number(shape, (*at[:-2], at[-1], at[-2]))
    )


@on_every_device
@given(data=st.data(), shape=shapes_with_axes)
def test_moveaxis(device: str, data: st.DataObject, shape: Shape) -> None:
    ndim = len(shape)
    source = axes_of(data.draw, ndim)
    places = data.draw(st.permutations(range(ndim)))[: len(source)]
    order = [a for a in range(ndim) if a not in {s % ndim for s in source}]
    for place, axis in sorted(zip(places, source, strict=True)):
        order.insert(place, axis % ndim)
    expected = xp.permute_dims(numbered(shape, device), tuple(order))
    target = tuple(p - ndim * data.draw(st.booleans()) for p in places)
    got = xp.moveaxis(numbered(shape, device), source, target)
    check(got, device, tuple(expected.shape), lambda at: int(expected[at]))
    if len(source) == 1:
        got = xp.moveaxis(numbered(shape, device), source[0], target[0])
        check(got, device, tuple(expected.shape), lambda at: int(expected[at]))


@on_every_device
@given(data=st.data(), shape=shapes)
def test_expand_dims_and_squeeze(device: str, data: st.DataObject, shape: Shape) -> None:
    count = data.draw(st.integers(0, 2))
    ndim = len(shape) + count
    axes = data.draw(st.permutations(range(ndim)))[:count]
    signed = tuple(a - ndim * data.draw(st.booleans()) for a in axes)
    rest = iter(shape)
    new = tuple(1 if a in axes else next(rest) for a in range(ndim))
    x = numbered(shape, device)
    wide = xp.expand_dims(x, signed)
    check(wide, device, new, lambda at: number(new, at))
    check(xp.squeeze(wide, axis=signed), device, shape, lambda at: number(shape, at))
    if count == 1:
        check(xp.expand_dims(x, axis=signed[0]), device, new, lambda at: number(new, at))
        check(xp.squeeze(wide, signed[0]), device, shape, lambda at: number(shape, at))


@on_every_device
def test_axes_that_are_not_there(device: str) -> None:
    x = numbered((2, 1), device)
    for call in (
        lambda: xp.expand_dims(x, axis=3),
        lambda: xp.expand_dims(x, axis=-4),
        lambda: xp.expand_dims(x, axis=(0, 4)),
        lambda: xp.stack([x, x], axis=3),
    ):
        with pytest.raises(IndexError, match="out of bounds"):
            call()
    for call in (
        lambda: xp.squeeze(x, axis=2),
        lambda: xp.flip(x, axis=2),
        lambda: xp.moveaxis(x, 2, 0),
        lambda: xp.permute_dims(x, (0, 2)),
        lambda: xp.concat([x, x], axis=2),
        lambda: xp.roll(x, 1, axis=2),
        lambda: xp.unstack(x, axis=2),
        lambda: xp.repeat(x, 2, axis=2),
        lambda: xp.sum(x, axis=2),
        lambda: xp.sort(x, axis=2),
        lambda: xp.cumulative_sum(x, axis=2),
        lambda: xp.diff(x, axis=2),
    ):
        with pytest.raises((IndexError, ValueError), match=r"axis|out of (bounds|range)|source"):
            call()
    with pytest.raises(ValueError, match="size not equal to one"):
        xp.squeeze(x, axis=0)
    with pytest.raises(ValueError, match=r"repeated axis|unique"):
        xp.expand_dims(x, axis=(0, 0))


# --------------------------------------------------------------------------------------------------------- broadcasting


def broadcast(*given_shapes: Shape) -> Shape | None:
    """The common shape, by the definition; None where there is none."""
    ndim = max(map(len, given_shapes), default=0)
    padded = [(1,) * (ndim - len(s)) + s for s in given_shapes]
    result = []
    for lengths in zip(*padded, strict=True):
        others = {n for n in lengths if n != 1}
        if len(others) > 1:
            return None
        result.append(others.pop() if others else 1)
    return tuple(result)


@given(given_shapes=st.lists(shapes, max_size=3))
def test_broadcast_shapes(given_shapes: list[Shape]) -> None:
    expected = broadcast(*given_shapes)
    if expected is None:
        with pytest.raises(ValueError, match="broadcast"):
            xp.broadcast_shapes(*given_shapes)
    else:
        assert xp.broadcast_shapes(*given_shapes) == expected


@on_every_device
@given(data=st.data(), shape=shapes)
def test_broadcasting(device: str, data: st.DataObject, shape: Shape) -> None:
    parts = []
    for _ in range(2):
        start = data.draw(st.integers(0, len(shape)))
        parts.append(tuple(n if data.draw(st.booleans()) else 1 for n in shape[start:]))
    target = broadcast(*parts)
    assert target is not None
    arrays = [numbered(part, device) for part in parts]
    got = xp.broadcast_arrays(*arrays)
    assert type(got) is tuple
    for array, part, result in zip(arrays, parts, got, strict=True):

        def source(at: Index, part: Shape = part) -> int:
            return number(part, tuple(i if n > 1 else 0 for i, n in zip(at[len(at) - len(part) :], part, strict=True)))

        check(result, device, target, source)
        check(xp.broadcast_to(array, target), device, target, source)
        check(xp.broadcast_to(array, shape=target), device, target, source)


@on_every_device
def test_what_does_not_broadcast(device: str) -> None:
    with pytest.raises(ValueError, match="broadcast"):
        xp.broadcast_to(numbered((2,), device), (3,))
    with pytest.raises(ValueError, match="broadcast"):
        xp.broadcast_arrays(numbered((2,), device), numbered((3,), device))
    with pytest.raises(ValueError, match="more dimensions than allowed"):
        xp.broadcast_to(numbered((2, 2), device), (2,))


# ------------------------------------------------------------------------------------------------- joining and repeating


@on_every_device
@given(data=st.data(), shape=shapes_with_axes)
def test_concat(device: str, data: st.DataObject, shape: Shape) -> None:
    axis = axis_of(data.draw, len(shape))
    lengths = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    parts = [replaced(shape, axis, n) for n in lengths]
    arrays = [numbered(part, device, start=100 * i) for i, part in enumerate(parts)]

    def source(at: Index) -> int:
        place = at[axis]
        for i, n in enumerate(lengths):
            if place < n:
                return 100 * i + number(parts[i], replaced(at, axis, place))
            place -= n
        raise AssertionError(at)

    check(xp.concat(arrays, axis=axis), device, replaced(shape, axis, sum(lengths)), source)
    flat = [100 * i + j for i, part in enumerate(parts) for j in range(math.prod(part))]
    check(xp.concat(tuple(arrays), axis=None), device, (len(flat),), lambda at: flat[at[0]])


@on_every_device
@given(data=st.data(), shape=shapes, count=st.integers(1, 3))
def test_stack_and_unstack(device: str, data: st.DataObject, shape: Shape, count: int) -> None:
    axis = axis_of(data.draw, len(shape) + 1)
    arrays = [numbered(shape, device, start=100 * i) for i in range(count)]
    place = axis % (len(shape) + 1)
    new = (*shape[:place], count, *shape[place:])
    stacked = xp.stack(arrays, axis=axis)
    check(stacked, device, new, lambda at: 100 * at[place] + number(shape, (*at[:place], *at[place + 1 :])))
    parts = xp.unstack(stacked, axis=axis)
    assert type(parts) is tuple
    assert len(parts) == count
    for i, part in enumerate(parts):
        check(part, device, shape, lambda at, i=i: 100 * i + number(shape, at))


@on_every_device
@given(data=st.data(), shape=shapes_with_axes)
def test_repeat(device: str, data: st.DataObject, shape: Shape) -> None:
    axis = axis_of(data.draw, len(shape))
    n = shape[axis]
    counts = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    dtype = data.draw(st.sampled_from(["int64", "uint8", "uint64"]))
    x = numbered(shape, device)
    for given_counts, each in ((counts, counts), (2, [2] * n), (0, [0] * n), ([2], [2] * n)):
        chosen = [i for i, c in enumerate(each) for _ in range(c)]
        repeats = (
            given_counts if isinstance(given_counts, int) else xp.asarray(given_counts, dtype=dtype, device=device)
        )

        def source(at: Index, chosen: list[int] = chosen) -> int:
            return number(shape, replaced(at, axis, chosen[at[axis]]))

        check(xp.repeat(x, repeats, axis=axis), device, replaced(shape, axis, len(chosen)), source)
    flat = [i for i in range(math.prod(shape)) for _ in range(2)]
    check(xp.repeat(x, 2), device, (len(flat),), lambda at: flat[at[0]])


@on_every_device
@given(shape=shapes, repetitions=st.lists(st.integers(0, 2), max_size=4).map(tuple))
def test_tile(device: str, shape: Shape, repetitions: Shape) -> None:
    ndim = max(len(shape), len(repetitions))
    long = (1,) * (ndim - len(shape)) + shape
    times = (1,) * (ndim - len(repetitions)) + repetitions
    new = tuple(n * t for n, t in zip(long, times, strict=True))
    got = xp.tile(numbered(shape, device), repetitions)
    check(got, device, new, lambda at: number(long, tuple(i % n for i, n in zip(at, long, strict=True))))


# --------------------------------------------------------------------------------------------------- order and indexing


@on_every_device
@given(data=st.data(), shape=shapes)
def test_flip(device: str, data: st.DataObject, shape: Shape) -> None:
    ndim = len(shape)
    axes = axes_of(data.draw, ndim)
    for axis in (None, axes, *axes[:1]):
        turned = set(range(ndim)) if axis is None else {a % ndim for a in ([axis] if isinstance(axis, int) else axis)}

        def source(at: Index, turned: set[int] = turned) -> int:
            return number(
                shape, tuple(n - 1 - i if a in turned else i for a, (i, n) in enumerate(zip(at, shape, strict=True)))
            )

        check(xp.flip(numbered(shape, device), axis=axis), device, shape, source)


@on_every_device
@given(data=st.data(), shape=shapes_with_axes)
def test_roll(device: str, data: st.DataObject, shape: Shape) -> None:
    ndim, n = len(shape), math.prod(shape)
    x, axes = numbered(shape, device), axes_of(data.draw, len(shape))
    shifts = tuple(data.draw(st.integers(-4, 4)) for _ in axes)

    def moved(at: Index, by: dict[int, int]) -> int:
        return number(shape, tuple((i - by.get(a, 0)) % m for a, (i, m) in enumerate(zip(at, shape, strict=True))))

    by = {a % ndim: s for a, s in zip(axes, shifts, strict=True)}
    check(xp.roll(x, shifts, axis=axes), device, shape, lambda at: moved(at, by))
    check(xp.roll(x, 2, axis=axes), device, shape, lambda at: moved(at, dict.fromkeys(by, 2)))
    check(xp.roll(x, shift=-1, axis=-1), device, shape, lambda at: moved(at, {ndim - 1: -1}))
    check(xp.roll(x, 3), device, shape, lambda at: (number(shape, at) - 3) % n)


@on_every_device
@given(data=st.data(), shape=st.lists(st.integers(1, 3), min_size=1, max_size=4).map(tuple))
def test_take_and_take_along_axis(device: str, data: st.DataObject, shape: Shape) -> None:
    axis = axis_of(data.draw, len(shape))
    n = shape[axis]
    chosen = data.draw(st.lists(st.integers(-n, n - 1), max_size=4))
    x, at_axis = numbered(shape, device), xp.asarray(chosen, dtype="int64", device=device)
    new = replaced(shape, axis, len(chosen))

    def source(at: Index) -> int:
        return number(shape, replaced(at, axis, chosen[at[axis]] % n))

    check(xp.take(x, at_axis, axis=axis), device, new, source)
    ndim = len(shape)
    shaped = xp.reshape(at_axis, tuple(len(chosen) if a == axis % ndim else 1 for a in range(ndim)))
    check(xp.take_along_axis(x, xp.broadcast_to(shaped, new), axis=axis), device, new, source)
    check(xp.take_along_axis(x, shaped, axis=axis), device, new, source)
    if all(i >= 0 for i in chosen):
        for dtype in ("uint8", "uint64", "int32"):
            check(xp.take(x, xp.astype(at_axis, dtype), axis=axis), device, new, source)
            check(xp.take_along_axis(x, xp.astype(shaped, dtype), axis=axis), device, new, source)
    if ndim == 1:
        check(xp.take(x, at_axis), device, new, source)
        check(xp.take_along_axis(x, at_axis), device, new, source)


# ------------------------------------------------------------------------------------------------------------ creation


@on_every_device
@given(rows=st.integers(0, 4), columns=st.integers(0, 4) | st.none(), k=st.integers(-5, 5))
def test_eye_and_triangles(device: str, rows: int, columns: int | None, k: int) -> None:
    shape = (rows, rows if columns is None else columns)
    check(xp.eye(rows, columns, k=k, device=device), device, shape, lambda at: at[1] - at[0] == k)
    x = numbered((2, *shape), device, start=1)
    check(xp.tril(x, k=k), device, (2, *shape), lambda at: (number(x.shape, at) + 1) * (at[2] - at[1] <= k))
    check(xp.triu(x, k=k), device, (2, *shape), lambda at: (number(x.shape, at) + 1) * (at[2] - at[1] >= k))


@on_every_device
@given(start=st.integers(-9, 9), stop=st.integers(-9, 9), step=st.integers(-4, 4).filter(bool))
def test_arange(device: str, start: int, stop: int, step: int) -> None:
    for got, expected in (
        (xp.arange(start, stop, step, device=device), range(start, stop, step)),
        (xp.arange(start, stop, device=device), range(start, stop)),
        (xp.arange(start, stop=stop, step=step, device=device), range(start, stop, step)),
        (xp.arange(stop, device=device), range(stop)),
        (xp.arange(stop, step=step, device=device), range(0, stop, step)),
    ):
        check(got, device, (len(expected),), lambda at, expected=expected: expected[at[0]])


@on_every_device
@given(start=st.floats(-9, 9), stop=st.floats(-9, 9), num=st.integers(0, 9), endpoint=st.booleans())
def test_linspace(device: str, start: float, stop: float, num: int, endpoint: bool) -> None:
    got = xp.to_device(xp.linspace(start, stop, num, endpoint=endpoint, device=device), "numpy")
    steps = num - 1 if endpoint else num
    expected = [start + (stop - start) * i / steps if steps else start for i in range(num)]
    np.testing.assert_allclose(got, expected, atol=1e-12)
    if num > 1 and endpoint:
        assert (got[0], got[-1]) == (start, stop)
    turned = xp.to_device(xp.linspace(start, stop * 1j, num, endpoint=endpoint, device=device), "numpy")
    part = [1 - i / steps if steps else 1 for i in range(num)]
    np.testing.assert_allclose(turned, [p * start + (1 - p) * stop * 1j for p in part], atol=1e-12)


@on_every_device
@given(shape=shapes)
def test_constant_arrays(device: str, shape: Shape) -> None:
    like = xp.asarray(np.zeros(shape, "float32"), device=device)
    for value, made in (
        (0, [xp.zeros(shape, device=device), xp.zeros_like(like)]),
        (1, [xp.ones(shape, device=device), xp.ones_like(like)]),
        (7, [xp.full(shape, 7, device=device), xp.full(shape, fill_value=7, device=device), xp.full_like(like, 7)]),
        (None, [xp.empty(shape, device=device), xp.empty_like(like)]),
    ):
        for x in made:
            if value is None:
                assert tuple(x.shape) == shape
            else:
                check(x, device, shape, lambda at, value=value: value)
    assert tuple(xp.zeros(3, device=device).shape) == (3,)


@on_every_device
@given(lengths=st.lists(st.integers(0, 3), max_size=4))
def test_meshgrid(device: str, lengths: list[int]) -> None:
    vectors = [numbered((n,), device, start=10 * i) for i, n in enumerate(lengths)]
    for indexing in ("xy", "ij"):
        order = list(range(len(lengths)))
        if indexing == "xy" and len(lengths) > 1:
            order[:2] = [1, 0]
        shape = tuple(lengths[a] for a in order)
        got = xp.meshgrid(*vectors, indexing=indexing)
        assert type(got) is tuple
        assert len(got) == len(lengths)
        for i, x in enumerate(got):
            check(x, device, shape, lambda at, i=i, order=order: 10 * i + at[order.index(i)])


@pytest.mark.parametrize("source", ["numpy", "numba"])
@pytest.mark.parametrize("device", [None, "numpy", "numba"])
def test_from_dlpack_shares_memory_of_the_host(source: str, device: str | None) -> None:
    class Foreign:
        """What another library's array shows of itself."""

        def __init__(self, x: Any) -> None:
            self.x = x

        def __dlpack__(self, **options: Any) -> Any:
            return self.x.__dlpack__(**options)

        def __dlpack_device__(self) -> Any:
            return self.x.__dlpack_device__()

    x = numbered((2, 3), source)
    y = xp.from_dlpack(Foreign(np.asarray(x)), device=device)
    assert str(xp.device_of(y)) == (device or "numpy")
    assert np.shares_memory(xp.from_dlpack(x, device=device), x)
    assert str(xp.device_of(xp.from_dlpack(x, device=device))) == (device or source)
    assert np.shares_memory(x, y)
    assert not np.shares_memory(x, xp.from_dlpack(Foreign(np.asarray(x)), device=device, copy=True))
    assert not np.shares_memory(x, xp.from_dlpack(x, device=device, copy=True))
    assert np.shares_memory(x, xp.from_dlpack(x, device=device, copy=False))
    for given_x in (x, Foreign(np.asarray(x))):
        with pytest.raises(ValueError, match=r": copy is False, but x lives on .* and a move to strict copies"):
            xp.from_dlpack(given_x, device="strict", copy=False)
    assert str(xp.device_of(xp.from_dlpack(Foreign(np.asarray(x)), device="strict"))) == "strict"


def test_from_dlpack_of_what_does_not_speak_it() -> None:
    with pytest.raises(AttributeError, match="__dlpack_device__"):
        xp.from_dlpack([1, 2])
