"""Loops of pooling: the greatest element or the sum of each window, and back.

Images are counted through batch and channels as planes, and a loop takes a range of them; a window's elements are counted through
too, as its taps.

For the greatest elements some rows of a plane are packed: column c of a row is element c // stride of the row's line c % stride,
with what lies outside of the image around it. So tap k of windows that lie beside each other is a vector of elements beside each
other, and the greatest elements of as many windows as a vector has lanes, and which they are, stay in registers.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from xparray._kernel import loop
from xparray._memory import scratch
from xparray.kernels._vectors import get, lanes, primitive, put, vector_loop
from xparray.kernels.window import Windows, inside

# ------------------------------------------------------------------------------------------------- vectors


def _copy(w: Any, source: Any, s: Any, target: Any, t: Any) -> None:
    w.store(w.load(w.at(source, s)), w.at(target, t))


def _fill(w: Any, target: Any, t: Any, value: Any) -> None:
    w.store(w.splat(value), w.at(target, t))


def _part(w: Any, source: Any, s: Any, target: Any, even: Any, odd: Any) -> None:
    first, second = (w.load(w.at(source, s, v * w.lanes)) for v in range(2))
    w.store(w.shuffle(first, second, range(0, 2 * w.lanes, 2)), w.at(target, even))
    w.store(w.shuffle(first, second, range(1, 2 * w.lanes, 2)), w.at(target, odd))


def _greatest(w: Any, lines: Any, at: Any, of_tap: Any, taps: Any, y: Any, to: Any, indices: Any, named: Any) -> None:
    build = w.builder
    numbers = w.ir.VectorType(w.ir.IntType(32), w.lanes)
    best, which = (w.cgutils.alloca_once(build, kind) for kind in (w.vector, numbers))
    build.store(w.load(w.at(lines, at, build.load(of_tap))), best)
    build.store(numbers([0] * w.lanes), which)
    with w.loop(build.sub(taps, w.integer(1))) as rest:
        tap = build.add(rest.index, w.integer(1))
        x, before = w.load(w.at(lines, at, build.load(w.at(of_tap, tap)))), build.load(best)
        first_nan = build.and_(build.fcmp_unordered("uno", x, x), build.fcmp_ordered("ord", before, before))
        better = build.or_(build.fcmp_ordered(">", x, before), first_nan)
        number = build.insert_element(numbers(w.ir.Undefined), build.trunc(tap, w.ir.IntType(32)), w.ir.IntType(32)(0))
        number = w.shuffle(number, number, [0] * w.lanes)
        build.store(build.select(better, x, before), best)
        build.store(build.select(better, number, build.load(which)), which)
    w.store(build.load(best), w.at(y, to))
    target = w.at(indices, named)
    build.store(build.load(which), build.bitcast(target, numbers.as_pointer())).align = 4


copy = primitive(_copy)
"""copy(source, s, target, t): a vector from source[s] to target[t]."""
fill = primitive(_fill)
"""fill(target, t, value): a vector of that value at target[t]."""
part = primitive(_part)
"""part(source, s, target, even, odd): of two vectors at source[s] the even elements to target[even], the odd ones to target[odd]."""
greatest = primitive(_greatest)
"""greatest(lines, at, of_tap, taps, y, to, indices, named): for each lane the greatest of lines[at + of_tap[tap] + lane], or the
first NaN, in y[to], and its tap, the first of equal ones, in indices[named]."""


# ------------------------------------------------------------------------------------------------- greatest elements

# Elements of packed rows, which lie in the second-level cache.
_PACKED = 1 << 15


@functools.lru_cache(maxsize=256)
def packing(s: Windows, dtype: Any) -> tuple[int, int, Any]:
    """Elements of a line, rows of windows packed together, and where in the lines each tap of the first window lies."""
    n = lanes(dtype)
    read = -(-s.ow // n) * n + (s.kw - 1) // s.stride_x
    pitch = -(-max(read, (s.w - s.left) // s.stride_x + 1) // n) * n + n  # copies end up to a vector late
    rows = max(1, (_PACKED // (pitch * s.stride_x) - s.kh) // s.stride_y + 1)
    taps = [(k * s.stride_x + j % s.stride_x) * pitch + j // s.stride_x for k in range(s.kh) for j in range(s.kw)]
    return pitch, min(rows, s.oh), np.array(taps, np.intp)


@loop
def _pack_row(x: Any, at: Any, s: Any, pitch: Any, n: Any, outside: Any, lines: Any, line: Any) -> None:
    """The row of an image that begins at x[at], in the lines from lines[line] on; to their left lies what is outside."""
    pad = -s.left
    step = s.stride_x * n
    j = 0
    # A copy may read beyond the row, but not beyond all images.
    if s.stride_x == 1:
        while j < s.w and at + j + step <= x.size:
            copy(x, at + j, lines, line + pad + j)
            j += step
    if s.stride_x == 2:
        even, odd = line + pad % 2 * pitch + pad // 2, line + (pad + 1) % 2 * pitch + (pad + 1) // 2
        while j < s.w and at + j + step <= x.size:
            part(x, at + j, lines, even + j // 2, odd + j // 2)
            j += step
    phase, to = (pad + j) % s.stride_x, (pad + j) // s.stride_x
    while j < s.w:
        put(lines, line + phase * pitch + to, get(x, at + j))
        j += 1
        phase += 1
        if phase == s.stride_x:
            phase = 0
            to += 1
    for phase in range(s.stride_x):
        fill(lines, line + phase * pitch + (pad + s.w - phase + s.stride_x - 1) // s.stride_x, outside)


@loop
def _pack(x: Any, plane: Any, s: Any, first: Any, rows: Any, pitch: Any, n: Any, outside: Any, lines: Any) -> None:
    """`rows` rows of a plane from row `first` on, which may lie outside."""
    for r in range(rows):
        y = first + r
        line = r * s.stride_x * pitch
        if 0 <= y < s.h:
            _pack_row(x, (plane * s.h + y) * s.w, s, pitch, n, outside, lines, line)
        else:
            for q in range(0, s.stride_x * pitch, n):
                fill(lines, line + q, outside)


@vector_loop
def max_pooling(
    x: Any, s: Any, pitch: Any, rows: Any, of_tap: Any, n: Any, lines: Any, y: Any, indices: Any, start: Any, stop: Any
) -> None:
    """The greatest element of each window, and its tap, on the planes from `start` to `stop`; `n` is a vector's length."""
    outside = x.dtype.type(-np.inf)
    for q in range(0, lines.size, n):
        fill(lines, q, outside)
    few, few_indices = np.empty(n, x.dtype), np.empty(n, np.int32)
    end = stop * s.oh * s.ow
    for plane in range(start, stop):
        for first in range(0, s.oh, rows):
            last = min(first + rows, s.oh)
            height = (last - first - 1) * s.stride_y + s.kh
            _pack(x, plane, s, s.top + first * s.stride_y, height, pitch, n, outside, lines)
            for i in range(first, last):
                line = (i - first) * s.stride_y * s.stride_x * pitch
                for j in range(0, s.ow, n):
                    to = (plane * s.oh + i) * s.ow + j
                    if to + n <= end:  # what is written beyond this row, the next one writes again
                        greatest(lines, line + j, of_tap, of_tap.size, y, to, indices, to)
                    else:
                        greatest(lines, line + j, of_tap, of_tap.size, few, 0, few_indices, 0)
                        for q in range(min(n, s.ow - j)):
                            put(y, to + q, get(few, q))
                            put(indices, to + q, get(few_indices, q))


def room_for_lines(s: Windows, dtype: Any) -> Any:
    """Memory for the packed rows of a thread."""
    pitch, rows, _ = packing(s, dtype)
    return scratch(((rows - 1) * s.stride_y + s.kh) * s.stride_x * pitch, dtype)


# ------------------------------------------------------------------------------------------------- elements by their taps


@loop
def _rows_of_taps(s: Any) -> Any:
    """Rows and columns of the taps: looked up, they cost no division."""
    down = np.empty(s.kh * s.kw, np.intp)
    across = np.empty(s.kh * s.kw, np.intp)
    for tap in range(s.kh * s.kw):
        down[tap], across[tap] = tap // s.kw, tap % s.kw
    return down, across


@loop
def _place(tap: Any, i: Any, j: Any, s: Any, down: Any, across: Any) -> Any:
    """Where in its plane the tap of window (i, j) lies, or -1 where it lies outside."""
    known = tap if 0 <= tap < down.size else 0
    row, column = s.top + i * s.stride_y + down[known], s.left + j * s.stride_x + across[known]
    within = known == tap and 0 <= row < s.h and 0 <= column < s.w
    return row * s.w + column if within else -1


@vector_loop
def take_in_windows(x: Any, indices: Any, s: Any, y: Any, start: Any, stop: Any) -> None:
    """Of each window the tap named in `indices`."""
    down, across = _rows_of_taps(s)
    for plane in range(start, stop):
        for i in range(s.oh):
            for j in range(s.ow):
                at = (plane * s.oh + i) * s.ow + j
                place = _place(get(indices, at), i, j, s, down, across)
                put(y, at, get(x, plane * s.h * s.w + place) if place >= 0 else x.dtype.type(0))


@vector_loop
def put_in_windows(g: Any, indices: Any, s: Any, x: Any, start: Any, stop: Any) -> None:
    """Each element of g added to the tap named in `indices`."""
    down, across = _rows_of_taps(s)
    of_tap = down * s.w + across
    # Windows from `left` to `right`, in rows from `top` to `bottom`, lie in the image as a whole.
    top, bottom = _whole(s.oh, s.stride_y, s.top, s.h - s.kh)
    left, right = _whole(s.ow, s.stride_x, s.left, s.w - s.kw)
    for plane in range(start, stop):
        base = plane * s.h * s.w
        for q in range(s.h * s.w):
            put(x, base + q, x.dtype.type(0))
        for i in range(s.oh):
            first, last = (left, right) if top <= i < bottom else (0, 0)
            at = (plane * s.oh + i) * s.ow
            for j in range(first):
                _add_at(g, indices, at, i, j, s, down, across, x, base)
            corner = base + (s.top + i * s.stride_y) * s.w + s.left
            for j in range(first, last):
                tap = get(indices, at + j)
                if 0 <= tap < of_tap.size:
                    to = corner + j * s.stride_x + get(of_tap, tap)
                    put(x, to, get(x, to) + get(g, at + j))
            for j in range(last, s.ow):
                _add_at(g, indices, at, i, j, s, down, across, x, base)


@loop
def _whole(count: Any, stride: Any, shift: Any, last: Any) -> Any:
    """The first and the last i, and one, with 0 <= i stride + shift <= last."""
    return inside(count, stride, shift, last + 1) if last >= 0 else (0, 0)


@loop
def _add_at(g: Any, indices: Any, at: Any, i: Any, j: Any, s: Any, down: Any, across: Any, x: Any, base: Any) -> None:
    place = _place(get(indices, at + j), i, j, s, down, across)
    if place >= 0:
        put(x, base + place, get(x, base + place) + get(g, at + j))


# ------------------------------------------------------------------------------------------------- sums


@loop
def _columns_of_windows(s: Any) -> Any:
    """Where the columns of each window that lie in the image begin and end."""
    first, last = np.empty(s.ow, np.intp), np.empty(s.ow, np.intp)
    for j in range(s.ow):
        left = s.left + j * s.stride_x
        first[j] = min(max(left, 0), s.w)
        last[j] = max(first[j], min(left + s.kw, s.w))
    return first, last


@vector_loop
def sum_pooling(x: Any, divisors: Any, s: Any, y: Any, start: Any, stop: Any) -> None:
    """The sum of each window divided by its divisor: columns are added up first, then each window's sums of columns."""
    first, last = _columns_of_windows(s)
    sums = np.empty(s.w, x.dtype)
    for plane in range(start, stop):
        for i in range(s.oh):
            top = s.top + i * s.stride_y
            for q in range(s.w):
                put(sums, q, x.dtype.type(0))
            for row in range(max(top, 0), min(top + s.kh, s.h)):
                at = (plane * s.h + row) * s.w
                for q in range(s.w):
                    put(sums, q, get(sums, q) + get(x, at + q))
            for j in range(s.ow):
                total = x.dtype.type(0)
                for q in range(first[j], last[j]):
                    total += get(sums, q)
                put(y, (plane * s.oh + i) * s.ow + j, total / get(divisors, i * s.ow + j))


@vector_loop
def unpooling(g: Any, s: Any, x: Any, start: Any, stop: Any) -> None:
    """Each element of g added to all elements of its window, those of a row of windows first to a row of the image."""
    first, last = _columns_of_windows(s)
    sums = np.empty(s.w, x.dtype)
    for plane in range(start, stop):
        for q in range(plane * s.h * s.w, (plane + 1) * s.h * s.w):
            put(x, q, x.dtype.type(0))
        for i in range(s.oh):
            top = s.top + i * s.stride_y
            for q in range(s.w):
                put(sums, q, x.dtype.type(0))
            for j in range(s.ow):
                part_of_window = get(g, (plane * s.oh + i) * s.ow + j)
                for q in range(first[j], last[j]):
                    put(sums, q, get(sums, q) + part_of_window)
            for row in range(max(top, 0), min(top + s.kh, s.h)):
                to = (plane * s.h + row) * s.w
                for q in range(s.w):
                    put(x, to + q, get(x, to + q) + get(sums, q))
