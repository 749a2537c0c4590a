"""Joining, cutting and padding: arrays beside each other, sequences of different lengths, borders."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

import xparray as xp
from catena.autograd.ops import arrangement
from catena.autograd.ops import shape as shapes
from catena.autograd.ops.scatter import gather, on_host, placed
from xparray import Array

# ------------------------------------------------------------------------------------------------------------------ arrays beside


def hstack(xs: Sequence[Array]) -> Array:
    """The arrays joined along their second axis; vectors along their only one.

    Example:
        >>> hstack([np.zeros((2, 1)), np.ones((2, 2))]).tolist()
        [[0.0, 1.0, 1.0], [0.0, 1.0, 1.0]]
    """
    xs = _with_axes("hstack", xs, 1)
    return shapes.concat(xs, axis=0 if xs[0].ndim == 1 else 1)


def vstack(xs: Sequence[Array]) -> Array:
    """The arrays joined along their first axis; vectors `(n,)` count as rows `(1, n)`.

    Example:
        >>> vstack([np.zeros(2), np.ones(2)]).tolist()
        [[0.0, 0.0], [1.0, 1.0]]
    """
    return shapes.concat(_with_axes("vstack", xs, 2), axis=0)


def dstack(xs: Sequence[Array]) -> Array:
    """The arrays joined along their third axis; vectors `(n,)` count as `(1, n, 1)`, matrices `(m, n)` as `(m, n, 1)`.

    Example:
        >>> dstack([np.zeros(2), np.ones(2)]).tolist()
        [[[0.0, 1.0], [0.0, 1.0]]]
    """
    return shapes.concat(_with_axes("dstack", xs, 3), axis=2)


def _with_axes(function: str, xs: Sequence[Array], least: int) -> list[Array]:
    """The arrays with at least so many axes: first one behind, then one before, then another behind."""
    shape = getattr(xs, "shape", None)
    if shape is not None or not len(xs):
        what = "empty" if shape is None else f"an array of shape {tuple(shape)}"
        raise ValueError(f"{function}: xs is {what}; expected a list of arrays, such as [a, b]")
    made = []
    for x in xs:
        for n in range(x.ndim, least):
            x = shapes.expand_dims(x, axis=0 if n == 1 else n)
        made.append(x)
    return made


# ------------------------------------------------------------------------------------------------------------------------ cutting


def split_axis(
    x: Array, indices_or_sections: int | Sequence[int] | Array, axis: int = 0, force_tuple: bool = True
) -> tuple[Array, ...]:
    """x cut along `axis`, into so many equal parts or at the given places; a tuple of arrays.

    Args:
        x: array or Variable.
        indices_or_sections: the number of parts, or in ascending order where each but the first begins.
        axis: along which to cut.
        force_tuple: where there is one part, a tuple of it; False gives the part alone.

    Raises:
        ValueError: the parts would not be equal, or the places do not ascend within x.

    Example:
        >>> [part.tolist() for part in split_axis(np.arange(5), [2, 4], 0)]
        [[0, 1], [2, 3], [4]]
    """
    n = x.shape[axis]
    if not isinstance(indices_or_sections, int):
        places = [int(i) for i in on_host(indices_or_sections).reshape(-1)]
        if any(a > b for a, b in itertools.pairwise([0, *places, n])):
            raise ValueError(
                f"split_axis: indices_or_sections is {places}; expected places in ascending order within axis {axis} of x {tuple(x.shape)}"
            )
        indices_or_sections = places
    parts = shapes.parts(x, indices_or_sections=indices_or_sections, axis=axis)
    return parts if force_tuple or len(parts) > 1 else parts[0]


def separate(x: Array, axis: int = 0) -> tuple[Array, ...]:
    """The parts of x along `axis`, without that axis.

    Example:
        >>> [part.tolist() for part in separate(np.array([[1.0, 2.0], [3.0, 4.0]]), 1)]
        [[1.0, 3.0], [2.0, 4.0]]
    """
    return arrangement.unstack(x, axis=axis)


def broadcast(*args: Array) -> Any:
    """The arrays repeated to one shape, as a tuple; a single one as it is.

    Raises:
        ValueError: no arrays are given, or their shapes do not fit together.

    Example:
        >>> [x.shape for x in broadcast(np.ones((2, 1)), np.ones(3))]
        [(2, 3), (2, 3)]
    """
    if not args:
        raise ValueError("broadcast: got no arrays; expected one or more: broadcast(a, b)")
    return args[0] if len(args) == 1 else tuple(arrangement.broadcast_arrays(*args))


# ---------------------------------------------------------------------------------------------------------------------- sequences


def pad_sequence(xs: Sequence[Array], length: int | None = None, padding: float = 0) -> Array:
    """Sequences of different lengths in one array, filled up behind: of `(n_i, ...)` it makes `(len(xs), length, ...)`.

    Args:
        xs: arrays or Variables of the same shape except in the first axis.
        length: of the result's second axis; the greatest n_i unless given.
        padding: the value behind a sequence's end.

    Raises:
        ValueError: there is no sequence, one is longer than `length`, or their shapes do not fit together.

    Example:
        >>> pad_sequence([np.array([1.0]), np.array([2.0, 3.0])]).tolist()
        [[1.0, 0.0], [2.0, 3.0]]
    """
    lengths, joined = _joined_sequences("pad_sequence", xs)
    length = max(lengths) if length is None else length
    if length < max(lengths):
        at = lengths.index(max(lengths))
        raise ValueError(f"pad_sequence: xs[{at}] has the length {lengths[at]}; expected at most length={length}")
    filler = xp.full((1, *joined.shape[1:]), padding, dtype=joined.dtype, device=xp.device_of(joined))
    rows = np.full((len(xs), length), sum(lengths))  # the row of the filler
    for row, start, n in zip(rows, itertools.accumulate([0, *lengths]), lengths, strict=False):
        row[:n] = np.arange(start, start + n)
    return gather(shapes.concat([joined, filler]), placed(rows, joined))


def transpose_sequence(xs: Sequence[Array]) -> tuple[Array, ...]:
    """Sequences, the longest first, turned into times: y[t] has element t of each sequence that is so long.

    Args:
        xs: arrays or Variables `(n_i, ...)` with n_i descending.

    Returns:
        n_0 arrays, of which the t-th has as many elements as there are n_i > t.

    Raises:
        ValueError: a sequence is longer than the one before it, or their shapes do not fit together.

    Example:
        >>> [y.tolist() for y in transpose_sequence([np.array([1, 2, 3]), np.array([4])])]
        [[1, 4], [2], [3]]
    """
    if not len(xs):
        return ()
    lengths, joined = _joined_sequences("transpose_sequence", xs)
    for i, (n, following) in enumerate(itertools.pairwise(lengths)):
        if following > n:
            raise ValueError(
                f"transpose_sequence: xs[{i + 1}] has the length {following}, xs[{i}] before it {n}; expected the longest first"
            )
    if not lengths[0]:
        return ()
    starts = [0, *itertools.accumulate(lengths)]
    times = [[start + t for start, n in zip(starts, lengths, strict=False) if n > t] for t in range(lengths[0])]
    ordered = gather(joined, placed(np.array([i for rows in times for i in rows]), joined))
    cuts = list(itertools.accumulate(map(len, times)))
    return shapes.parts(ordered, indices_or_sections=cuts[:-1], axis=0)


def _joined_sequences(function: str, xs: Sequence[Array]) -> tuple[list[int], Array]:
    """The lengths of sequences, and all of their elements one after the other."""
    if not len(xs):
        raise ValueError(f"{function}: xs is empty; expected one sequence or more")
    for i, x in enumerate(xs):
        if not x.ndim or tuple(x.shape[1:]) != tuple(xs[0].shape[1:]):
            raise ValueError(
                f"{function}: xs[{i}] has shape {tuple(x.shape)}, xs[0] {tuple(xs[0].shape)}; expected the same behind the first axis"
            )
    return [int(x.shape[0]) for x in xs], shapes.concat(xs)


# ------------------------------------------------------------------------------------------------------------------------ borders

Widths = int | Sequence[int] | Sequence[Sequence[int]]

# How the modes that repeat elements of x number them; a border is what NumPy puts around these numbers.
REPEATING = ("edge", "reflect", "symmetric", "wrap")


def pad(x: Array, pad_width: Widths, mode: str, **keywords: Any) -> Array:
    """x with a border around it, as `numpy.pad` makes it.

    Args:
        x: array or Variable.
        pad_width: elements before and behind each axis: `n`, `(before, behind)` for all axes, or one such pair an axis.
        mode: "constant", "edge", "reflect", "symmetric" or "wrap".
        keywords: `constant_values` of "constant", in the form of `pad_width` (0); `reflect_type` of the two mirrors must be "even".

    Raises:
        ValueError: another mode or another keyword, or widths that do not fit x.

    Example:
        >>> pad(np.array([1.0, 2.0]), (1, 2), "constant").tolist()
        [0.0, 1.0, 2.0, 0.0, 0.0]
        >>> pad(np.array([1.0, 2.0, 3.0]), 1, "reflect").tolist()
        [2.0, 1.0, 2.0, 3.0, 2.0]
    """
    known = {"constant": {"constant_values"}, "reflect": {"reflect_type"}, "symmetric": {"reflect_type"}}
    if mode != "constant" and mode not in REPEATING:
        raise ValueError(f"pad: mode is {mode!r}; expected 'constant', {', '.join(map(repr, REPEATING))}")
    unknown = sorted(keywords.keys() - known.get(mode, set()))
    if unknown or keywords.get("reflect_type", "even") != "even":
        name = unknown[0] if unknown else "reflect_type"
        raise ValueError(
            f"pad: {name}={keywords[name]!r} is not for mode {mode!r}; expected {', '.join(sorted(known.get(mode, ()))) or 'no keywords'}"
            + (" of 'even'" if not unknown else "")
        )
    widths = _pairs("pad_width", pad_width, x)
    if np.any(np.asarray(widths) < 0):
        raise ValueError(f"pad: pad_width is {pad_width!r}; expected numbers of elements, 0 or more")
    values = _pairs("constant_values", keywords.get("constant_values", 0), x)
    for axis, (width, value) in enumerate(zip(widths, values, strict=True)):
        if not any(width):
            continue
        if mode == "constant":
            x = shapes.concat(_bordered(x, axis, [int(n) for n in width], value), axis=axis)
        else:
            places = np.pad(np.arange(x.shape[axis]), width, mode)  # type: ignore[call-overload]
            x = gather(x, placed(places, x), axis=axis)
    return x


def _pairs(name: str, given: Any, x: Array) -> list[Any]:
    """One pair an axis of x, from what NumPy takes for them."""
    try:
        return np.broadcast_to(np.asarray(given), (x.ndim, 2)).tolist()
    except ValueError:
        raise ValueError(
            f"pad: {name} is {given!r} and x has shape {tuple(x.shape)}; expected a number, a pair, or one pair an axis"
        ) from None


def _bordered(x: Array, axis: int, width: Sequence[int], value: Sequence[float]) -> list[Array]:
    """x between two blocks of constants; a block without elements is left out."""
    blocks = [
        xp.full((*x.shape[:axis], n, *x.shape[axis + 1 :]), v, dtype=x.dtype, device=xp.device_of(x)) if n else None
        for n, v in zip(width, value, strict=True)
    ]
    return [part for part in (blocks[0], x, blocks[1]) if part is not None]
