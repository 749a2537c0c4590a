"""Direct convolution of images, of any window, stride and dilation: sums of products in registers, of which only the input is copied.

The input is packed as phase planes: plane (f, g) of a channel holds its rows f, f + stride, ... and of them the columns g, g +
stride, .... Seen from all outputs at once, an element of the window is then a plane read from some place on: the output in row y and
column x reads plane[offset + y pitch + x]. The few columns beyond an output's width are computed for nothing.

The gradient with respect to the input is such a convolution of the output's gradient, one for each phase of the input.
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any, NamedTuple

import numpy as np

from xparray._kernel import loop
from xparray._memory import empty, scratch
from xparray._threads import share
from xparray.kernels._columns import Case
from xparray.kernels._vectors import (
    FIRST_LINES,
    SECOND_LINES,
    get,
    lanes,
    line,
    line_shape,
    products,
    products_of_one,
    put,
    strip,
    strip_shape,
    vector_loop,
)
from xparray.kernels.window import Sizes, inside


class Plan(NamedTuple):
    """Sizes of a convolution that reads `groups` times `c` channels of `h` x `w` and writes `o` channels for each group.

    Outputs are computed in bands of `down` rows, and these in cuts of `across` columns; a job is one of them, of one group of one image.
    """

    images: int
    groups: int
    c: int
    h: int
    w: int
    o: int
    oh: int
    ow: int
    top: int  # where the window of the first output begins
    left: int
    stride_y: int
    stride_x: int
    phases: int
    down: int
    across: int
    bands: int
    cuts: int
    packed: int  # rows of a plane
    pitch: int  # columns of a plane
    plane: int  # elements of a plane
    tall: int  # what the outputs lie in: its size, the place of the first and from one to the next
    wide: int
    first_y: int
    first_x: int
    step_y: int
    step_x: int
    rows: int  # outputs and places that are computed together
    columns: int
    terms: int  # products that make an output

    @property
    def jobs(self) -> int:
        """The number of jobs."""
        return self.images * self.groups * self.bands * self.cuts


# ------------------------------------------------------------------------------------------------------- loops


@loop
def _part(s: Any, job: Any) -> Any:
    """Image, group, first row and first column of a job, and how many of them."""
    cut, band = job % s.cuts, job // s.cuts % s.bands
    group, n = job // (s.cuts * s.bands) % s.groups, job // (s.cuts * s.bands * s.groups)
    y, x = band * s.down, cut * s.across
    return n, group, y, x, min(s.down, s.oh - y), min(s.across, s.ow - x)


@loop
def _pack(x: Any, at: Any, s: Any, phase: Any, top: Any, left: Any, planes: Any) -> None:
    """The phase planes of a group's channels, from row `top` and column `left` of the input on; zeros outside."""
    zero = planes.dtype.type(0)
    for k in range(s.c):
        for f in range(s.phases):
            to = (k * s.phases + f) * s.plane
            column = left + phase[f, 1]
            begin, end = inside(s.pitch, s.stride_x, column, s.w)
            for i in range(s.packed):
                y = top + phase[f, 0] + i * s.stride_y
                first, last = (begin, end) if 0 <= y < s.h else (0, 0)
                source = at + (k * s.h + y) * s.w + column
                for q in range(first):
                    put(planes, to + q, zero)
                if s.stride_x == 1:
                    for q in range(first, last):
                        put(planes, to + q, get(x, source + q))
                elif s.stride_x == 2:  # the same, but a compiler that knows the step has instructions for it
                    for q in range(first, last):
                        put(planes, to + q, get(x, source + q * 2))
                else:
                    for q in range(first, last):
                        put(planes, to + q, get(x, source + q * s.stride_x))
                for q in range(last, s.pitch):
                    put(planes, to + q, zero)
                to += s.pitch
            for q in range(s.plane - s.packed * s.pitch):
                put(planes, to + q, zero)


@vector_loop
def _convolve(
    x: Any,
    W: Any,
    b: Any,
    s: Any,
    row: Any,
    of_weight: Any,
    of_plane: Any,
    phase: Any,
    y: Any,
    scratch: Any,
    start: Any,
    stop: Any,
) -> None:
    """Outputs of the jobs from `start` to `stop`; row[o] + of_weight[k] is where in W output o finds the factor of its product k."""
    planes = scratch[: s.c * s.phases * s.plane]
    sums = scratch[planes.size :]
    room = sums.size // s.rows
    for job in range(start, stop):
        n, group, y0, x0, down, across = _part(s, job)
        source = (n * s.groups + group) * s.c * s.h * s.w
        _pack(x, source, s, phase, s.top + y0 * s.stride_y, s.left + x0 * s.stride_x, planes)
        count = (down - 1) * s.pitch + across
        for k in range(0, s.o, s.rows):
            for p in range(0, count, s.columns):
                if s.rows == 1:
                    line(W, 0, row, group * s.o + k, of_weight, planes, p, of_plane, s.terms, sums, p, room, 0)
                else:
                    strip(W, 0, row, group * s.o + k, of_weight, planes, p, of_plane, s.terms, sums, p, room, 0)
            for j in range(min(s.rows, s.o - k)):
                o = group * s.o + k + j
                bias = b[o]
                for i in range(down):
                    to = (n * s.groups * s.o + o) * s.tall + s.first_y + (y0 + i) * s.step_y
                    to = to * s.wide + s.first_x + x0 * s.step_x
                    at = j * room + i * s.pitch
                    if s.step_x == 1:
                        for q in range(across):
                            put(y, to + q, get(sums, at + q) + bias)
                    else:
                        for q in range(across):
                            put(y, to + q * s.step_x, get(sums, at + q) + bias)


@vector_loop
def _accumulate(
    x: Any,
    g: Any,
    s: Any,
    of_plane: Any,
    phase: Any,
    parts: Any,
    lanes: Any,
    gW: Any,
    scratch: Any,
    start: Any,
    stop: Any,
) -> None:
    """gW[part, group, o, k]: the sums over the jobs of each part, whose number is fixed, for work from `start` to `stop`."""
    planes = scratch[: s.c * s.phases * s.plane]
    few = scratch[planes.size : planes.size + s.rows * SECOND_LINES]
    lines = scratch[planes.size + few.size :]
    room = lines.size // s.rows
    zero = gW.dtype.type(0)
    lines[:] = zero
    per_group = s.bands * s.cuts
    total = s.images * per_group
    for work in range(start, stop):
        part, group = work // s.groups, work % s.groups
        out = work * s.o * s.terms
        gW[out : out + s.o * s.terms] = zero
        for i in range(total * part // parts, total * (part + 1) // parts):
            n, group, y0, x0, down, across = _part(s, (i // per_group * s.groups + group) * per_group + i % per_group)
            source = (n * s.groups + group) * s.c * s.h * s.w
            _pack(x, source, s, phase, s.top + y0 * s.stride_y, s.left + x0 * s.stride_x, planes)
            length = ((down - 1) * s.pitch + across + lanes - 1) // lanes * lanes
            for k in range(0, s.o, s.rows):
                used = min(s.rows, s.o - k)
                for j in range(used):
                    plane = (n * s.groups + group) * s.o + k + j
                    for q in range(j * room, j * room + length):
                        put(lines, q, zero)
                    for r in range(down):
                        at = (plane * s.oh + y0 + r) * s.ow + x0
                        for q in range(across):
                            put(lines, j * room + r * s.pitch + q, get(g, at + q))
                for c in range(0, s.terms, SECOND_LINES):
                    if s.rows == 1:
                        products_of_one(lines, 0, room, planes, 0, of_plane, c, length, few, 0)
                    else:
                        products(lines, 0, room, planes, 0, of_plane, c, length, few, 0)
                    for j in range(used):
                        for e in range(min(SECOND_LINES, s.terms - c)):
                            to = out + (k + j) * s.terms + c + e
                            put(gW, to, get(gW, to) + get(few, j * SECOND_LINES + e))


# ------------------------------------------------------------------------------------------------------- plans


class _Axis(NamedTuple):
    """Along one axis: which elements of the window are read, each in which phase and how far on; where outputs come from and go to."""

    taps: tuple[int, ...]
    phases: tuple[int, ...]
    shifts: tuple[int, ...]
    begin: int
    stride: int
    length: int
    first: int = 0
    step: int = 1


def _forward(ksize: int, stride: int, dilate: int, pad: int, count: int) -> _Axis:
    at = [i * dilate for i in range(ksize)]
    phases, shifts = tuple(i % stride for i in at), tuple(i // stride for i in at)
    return _Axis(tuple(range(ksize)), phases, shifts, -pad, stride, count)


def _backward(ksize: int, stride: int, dilate: int, pad: int, length: int) -> list[_Axis]:
    """Element i = phase - pad + j stride of the input has products with output j + (phase - k dilate) / stride, for fitting k."""
    axes = []
    for phase in range(stride):
        first = (phase - pad) % stride
        j = (first - phase + pad) // stride
        taps = tuple(k for k in range(ksize) if (k * dilate) % stride == phase)
        reads = [j + (phase - k * dilate) // stride for k in taps]
        begin = min(reads, default=0)
        shifts = tuple(read - begin for read in reads)
        count = -(-(length - first) // stride)
        axes.append(_Axis(taps, (0,) * len(taps), shifts, begin, 1, count, first, stride))
    return axes


# Elements of the planes of a job, which lie in the second-level cache, and of a row of one.
_PLANES, _LONGEST = 40_000, 512
# Few images are cut into so many bands at least, unless those had less than 8 rows.
_FEW_JOBS = 4
# Fewer products than these are done before another thread has woken up.
_PRODUCTS = 2_000_000


def _plan(
    case: Case, c: int, o: int, lengths: Sizes, into: Sizes, y: _Axis, x: _Axis, shape: tuple[int, int]
) -> tuple[Plan, Any, Any, Any]:
    """The plan; for each product of an output the element of the window and the place in the planes; the phases."""
    phases = sorted(set(itertools.product(y.phases, x.phases))) or [(0, 0)]
    halo_y, halo_x = max(y.shifts, default=0), max(x.shifts, default=0)
    across = -(-x.length // -(-x.length // _LONGEST))
    pitch = across + halo_x
    down = max(1, min(y.length, _PLANES // (c * len(phases) * pitch) - halo_y))
    if case.images * case.groups < _FEW_JOBS:
        down = min(down, max(8, -(-y.length // _FEW_JOBS)))
    down = -(-y.length // -(-y.length // down))
    plane = (down + halo_y) * pitch + shape[1]
    taps = [
        (i * case.ksize[1] + j, phases.index((f, g)) * plane + v * pitch + w)
        for i, f, v in zip(y.taps, y.phases, y.shifts, strict=True)
        for j, g, w in zip(x.taps, x.phases, x.shifts, strict=True)
    ]
    cut = (down, across, -(-y.length // down), -(-x.length // across), down + halo_y, pitch, plane)
    reads = (c, *lengths, o, y.length, x.length, y.begin, x.begin, y.stride, x.stride, len(phases))
    writes = (*into, y.first, x.first, y.step, x.step)
    s = Plan._make([case.images, case.groups, *reads, *cut, *writes, *shape, c * len(taps)])
    of_plane = _each(c, len(phases) * plane, [place for _, place in taps])
    return s, [tap for tap, _ in taps], of_plane, np.array(phases, np.intp)


def _each(n: int, step: int, within: list[int]) -> Any:
    """The indices `within` behind 0, step, 2 step, ..., n times."""
    return (np.arange(n)[:, None] * step + np.array(within, np.intp)).reshape(-1)


def _shape(o: int, dtype: Any) -> tuple[int, int]:
    """How many outputs and places at a time: a strip, or a line where a strip would be mostly empty."""
    shape = strip_shape(dtype)
    return shape if 3 * o > shape[0] else line_shape(dtype)


@functools.lru_cache(maxsize=256)
def _of_outputs(case: Case, dtype: Any) -> tuple[Any, ...]:
    """The plan of a convolution, and its tables."""
    c, o = case.c // case.groups, case.o // case.groups
    y, x = map(_forward, case.ksize, case.stride, case.dilate, case.pad, case.size)
    s, taps, of_plane, phases = _plan(case, c, o, case.lengths, case.size, y, x, _shape(o, dtype))
    window = math.prod(case.ksize)
    of_weight = _each(c, window, taps)
    return s, _rows(s, c * window, o * c * window), of_weight, of_plane, phases


def places_together(case: Case, dtype: Any) -> int:
    """How many places of a plane the gradient with respect to W adds up in one go."""
    s = _of_outputs(case, dtype)[0]
    return int(s.down * s.pitch)


def _rows(s: Plan, step: int, per_group: int) -> Any:
    """Where the weights of each output begin; beyond the last one a few more, since rows are read a strip at a time."""
    row = _each(s.groups, per_group, [k * step for k in range(s.o)])
    return np.concatenate([row, np.full(s.rows - 1, row[-1])])


@functools.lru_cache(maxsize=256)
def _of_inputs(case: Case, dtype: Any) -> list[tuple[Any, ...]]:
    """The plans of the gradient with respect to the input, one for each pair of phases, and their tables."""
    c, o = case.c // case.groups, case.o // case.groups
    window = math.prod(case.ksize)
    plans = []
    for y, x in itertools.product(*map(_backward, case.ksize, case.stride, case.dilate, case.pad, case.lengths)):
        if y.length > 0 and x.length > 0:
            s, taps, of_plane, phases = _plan(case, o, c, case.size, case.lengths, y, x, _shape(c, dtype))
            of_weight = _each(o, c * window, taps)
            plans.append((s, _rows(s, window, o * c * window), of_weight, of_plane, phases))
    return plans


def _run(x: Any, W: Any, b: Any, y: Any, plan: tuple[Any, ...]) -> None:
    s, *tables = plan
    room = -(-((s.down - 1) * s.pitch + s.across) // s.columns) * s.columns

    def jobs(start: int, stop: int) -> None:
        own = scratch(s.c * s.phases * s.plane + s.rows * room, x.dtype)
        _convolve(x.reshape(-1), W.reshape(-1), b, s, *tables, y.reshape(-1), own, start, stop)

    products = s.jobs * s.o * s.terms * s.down * s.across
    share(jobs, s.jobs, least=0 if products > _PRODUCTS else s.jobs + 1)


def convolve(x: Any, W: Any, b: Any, case: Case) -> Any:
    """The convolution of images, `(n, c, h, w)`."""
    y = empty((case.images, case.o, *case.size), x.dtype)
    _run(x, W, np.zeros(case.o, x.dtype) if b is None else b, y, _of_outputs(case, x.dtype))
    return y


def input_gradient(g: Any, W: Any, case: Case) -> Any:
    """Its gradient with respect to x."""
    gx = empty((case.images, case.c, *case.lengths), g.dtype)
    for plan in _of_inputs(case, g.dtype):
        _run(g, W, np.zeros(case.c, g.dtype), gx, plan)
    return gx


# Sums over parts of the images are kept apart and added at the end: so many at most, and so many elements.
_PARTS, _PARTS_SIZE = 8, 1 << 20


def weight_gradient(x: Any, g: Any, case: Case) -> Any:
    """Its gradient with respect to W."""
    s, _, _, of_plane, phases = _of_outputs(case, x.dtype)
    s = s._replace(rows=FIRST_LINES if s.rows > 1 else 1)
    n = lanes(x.dtype)
    room = -(-((s.down - 1) * s.pitch + s.across) // n) * n
    columns = np.concatenate([of_plane, np.full(SECOND_LINES - 1, of_plane[-1])])
    jobs = s.jobs // s.groups
    parts = max(1, min(_PARTS, jobs, _PARTS_SIZE // (case.o * s.terms)))
    gW = empty((parts, case.o * s.terms), x.dtype)

    def work(start: int, stop: int) -> None:
        own = scratch(s.c * s.phases * s.plane + s.rows * (room + SECOND_LINES), x.dtype)
        _accumulate(x.reshape(-1), g.reshape(-1), s, columns, phases, parts, n, gW.reshape(-1), own, start, stop)

    products = jobs * case.o * s.terms * s.down * s.across
    share(work, parts * s.groups, least=0 if products > _PRODUCTS else parts * s.groups + 1)
    return (gW[0] if parts == 1 else gW.sum(axis=0)).reshape(case.o, s.c, *case.ksize)
