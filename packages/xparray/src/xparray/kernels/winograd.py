"""3 x 3 convolution at stride 1 by Winograd's algorithm F(4 x 4, 3 x 3), in float32: a quarter of the products.

A tile d of 6 x 6 inputs and a window g give a tile of 4 x 4 outputs, A^T [(G g G^T) (B^T d B)] A, where the product in brackets is
one of elements. Summed over channels, its 36 numbers become 36 products of matrices, (tiles, channels) by (channels, outputs). The
gradient of the window is G^T [(B^T d B) (A y A^T)] G for the gradient y of the outputs. A. Lavin, S. Gray, Fast Algorithms for
Convolutional Neural Networks, 2015, https://arxiv.org/abs/1509.09308.

The numbers between are larger than the results, which costs digits: errors reach 2e-5 of the greatest result, where sums of thousands
of products have 5e-6. A NaN or infinity makes NaN of all outputs of the tiles that it is in.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from xparray._kernel import loop
from xparray._memory import empty, scratch
from xparray._threads import share
from xparray.kernels._columns import Case
from xparray.kernels._vectors import (
    block,
    block_shape,
    column_of_block,
    get,
    lanes,
    on_both_sides,
    put,
    transpose,
    vector_loop,
)
from xparray.kernels.window import Sizes

# ---------------------------------------------------------------------------------------------- the four matrices


def _of_input(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> tuple[Any, ...]:
    """B^T x."""
    p, q, r, s = e - 4 * c, d - 4 * b, e - c, 2 * (d - b)
    return 4 * a - 5 * c + e, p + q, p - q, r + s, r - s, 4 * b - 5 * d + f


def _of_window(a: Any, b: Any, c: Any) -> tuple[Any, ...]:
    """G x."""
    p, q, r, s = -1 / 6 * (a + c), 1 / 6 * b, 1 / 24 * a + 1 / 6 * c, 1 / 12 * b
    return 1 / 4 * a, p - q, p + q, r + s, r - s, c


def _of_output(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> tuple[Any, ...]:
    """A^T x."""
    p, q, r, s = b + c, b - c, d + e, d - e
    return a + p + r, q + 2 * s, p + 4 * r, q + 8 * s + f


def _of_gradient(a: Any, b: Any, c: Any, d: Any) -> tuple[Any, ...]:
    """A x."""
    p, q, r, s = a + c, b + d, a + 4 * c, 2 * b + 8 * d
    return a, p + q, p - q, r + s, r - s, d


def _of_sums(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> tuple[Any, ...]:
    """G^T x."""
    p, q = 1 / 6 * (b + c), d + e
    return 1 / 4 * a - p + 1 / 24 * q, 1 / 6 * (c - b) + 1 / 12 * (d - e), 1 / 6 * q - p + f


input_tile = on_both_sides(_of_input, 6)
window_tile = on_both_sides(_of_window, 3)
output_tile = on_both_sides(_of_output, 6)
gradient_tile = on_both_sides(_of_gradient, 4)
sums_tile = on_both_sides(_of_sums, 6)


# ------------------------------------------------------------------------------------------------------- loops
#
# Tiles are counted through the images, row by row; a job is some rows of them. Its part of the input is packed with the channels
# of a place next to one another, which makes vectors of them. V[36, tile, channel] are its transformed tiles, U[36, panel, channel,
# column] the windows, with outputs in panels as wide as a block or a vector, and M[36, tile, column] = V U, for a panel at a time.
#
# Each of the 36 is a line of the cache longer than its elements need: at distances of powers of two they would share few lines.
_GAP = 16


class Plan(NamedTuple):
    """Sizes of a convolution that reads `c` channels of `h` x `w` and writes `o` of `oh` x `ow`."""

    images: int
    c: int
    h: int
    w: int
    o: int
    oh: int
    ow: int
    top: int  # where tile (0, 0) begins
    left: int
    tiles_down: int
    tiles_across: int
    group: int  # rows of tiles in a job
    room: int  # tiles of a job, in whole blocks
    c_full: int  # channels in whole vectors
    o_full: int  # outputs in whole panels
    lanes: int
    rows: int  # of a block
    columns: int  # of a panel

    @property
    def jobs(self) -> int:
        """The number of jobs."""
        return -(-self.images * self.tiles_down // self.group)

    @property
    def scratch(self) -> int:
        """Elements of a packed job, its V, and its M or, for the gradient, the transformed outputs."""
        packed = (4 * self.group + 2) * (4 * self.tiles_across + 2) * max(self.c_full, self.o_full)
        return packed + 36 * (self.room * (self.c_full + self.o_full) + 2 * _GAP)


@loop
def _pack(
    x: Any, at: Any, c: Any, h: Any, w: Any, top: Any, left: Any, down: Any, across: Any, to: Any, c_full: Any
) -> None:
    """to[y, x, channel] of `down` rows and `across` columns of the image at x[at], from row `top` and column `left` on."""
    zero = np.float32(0)
    for i in range(down):
        y = top + i
        line = i * across * c_full
        first = min(across, max(0, -left)) if 0 <= y < h else across
        last = max(first, min(across, w - left))
        for q in range(first * c_full):
            put(to, line + q, zero)
        for q in range(last * c_full, across * c_full):
            put(to, line + q, zero)
        for k in range(0, c_full, 8):
            source = at + (k * h + y) * w + left
            q = first
            if k + 8 <= c:
                while q + 8 <= last:
                    transpose(x, source + q, h * w, to, line + q * c_full + k, c_full)
                    q += 8
            while q < last:
                for j in range(8):
                    put(to, line + q * c_full + k + j, get(x, source + j * h * w + q) if k + j < c else zero)
                q += 1


@loop
def _unpack(packed: Any, across: Any, o_full: Any, y: Any, at: Any, o: Any, plane: Any, ow: Any, down: Any) -> None:
    """`down` rows of y at y[at], from packed[y, x, output] with `across` columns."""
    for k in range(0, o, 8):
        for i in range(down):
            line = i * across * o_full
            to = at + k * plane + i * ow
            q = 0
            if k + 8 <= o:
                while q + 8 <= ow:
                    transpose(packed, line + q * o_full + k, o_full, y, to + q, plane)
                    q += 8
            while q < ow:
                for j in range(min(8, o - k)):
                    put(y, to + j * plane + q, get(packed, line + q * o_full + k + j))
                q += 1


@loop
def _parts(s: Any, scratch: Any) -> Any:
    """Room for what is packed, for V, and for the rest; the distance in V from one of the 36 to the next."""
    packed = (4 * s.group + 2) * (4 * s.tiles_across + 2) * max(s.c_full, s.o_full)
    of_v = s.room * s.c_full + _GAP
    return scratch[:packed], scratch[packed : packed + 36 * of_v], scratch[packed + 36 * of_v :], of_v


@loop
def _stretch(s: Any, row: Any, last: Any) -> Any:
    """The image in which a row of tiles is, its place there, and how many rows up to the last are in the same image."""
    n, down = row // s.tiles_down, row % s.tiles_down
    return n, down, min(last - row, s.tiles_down - down)


@loop
def _transform_input(x: Any, s: Any, first: Any, last: Any, packed: Any, V: Any, of_v: Any) -> None:
    """V of the rows of tiles from `first` to `last`."""
    across = 4 * s.tiles_across + 2
    row = first
    while row < last:
        n, down, count = _stretch(s, row, last)
        _pack(x, n * s.c * s.h * s.w, s.c, s.h, s.w, s.top + 4 * down, s.left, 4 * count + 2, across, packed, s.c_full)
        for i in range(count):
            for j in range(s.tiles_across):
                at = (i * across + j) * 4 * s.c_full
                to = ((row - first + i) * s.tiles_across + j) * s.c_full
                for k in range(0, s.c_full, s.lanes):
                    input_tile(packed, at + k, across * s.c_full, s.c_full, V, to + k, 6 * of_v, of_v)
        row += count


@vector_loop
def _convolve(
    x: Any, U: Any, b: Any, s: Any, each: Any, of_tile: Any, of_panel: Any, y: Any, scratch: Any, start: Any, stop: Any
) -> None:
    """Outputs of the jobs from `start` to `stop`."""
    packed, V, M, of_v = _parts(s, scratch)
    of_u, of_m = s.c * s.o_full + _GAP, s.room * s.columns + _GAP
    across = 4 * s.tiles_across
    for job in range(start, stop):
        first = job * s.group
        last = min(first + s.group, s.images * s.tiles_down)
        tiles = (last - first) * s.tiles_across
        _transform_input(x, s, first, last, packed, V, of_v)
        for k in range(0, s.o_full, s.columns):
            # A^T X A is 1 everywhere where X is 1 at (1, 1), element 7, and 0 elsewhere: there the bias goes in.
            for i in range(s.room):
                for j in range(s.columns):
                    put(M, 7 * of_m + i * s.columns + j, b[k + j])
            for e in range(36):
                at = e * of_u + k * s.c
                for i in range(0, tiles, s.rows):
                    to = e * of_m + i * s.columns
                    if s.columns > s.lanes:
                        block(V, e * of_v, of_tile, i, each, U, at, of_panel, s.c, M, to, s.columns, e == 7)
                    else:
                        column_of_block(V, e * of_v, of_tile, i, each, U, at, of_panel, s.c, M, to, s.columns, e == 7)
            row = first
            while row < last:
                n, down, count = _stretch(s, row, last)
                for i in range(count):
                    for j in range(s.tiles_across):
                        at = ((row - first + i) * s.tiles_across + j) * s.columns
                        to = (i * across + j) * 4 * s.columns
                        for v in range(0, s.columns, s.lanes):
                            output_tile(M, at + v, 6 * of_m, of_m, packed, to + v, across * s.columns, s.columns)
                begin = ((n * s.o + k) * s.oh + 4 * down) * s.ow
                height = min(4 * count, s.oh - 4 * down)
                _unpack(packed, across, s.columns, y, begin, min(s.columns, s.o - k), s.oh * s.ow, s.ow, height)
                row += count


@vector_loop
def _transform_windows(W: Any, o_step: Any, c_step: Any, backward: Any, s: Any, U: Any, start: Any, stop: Any) -> None:
    """U of the panels from `start` to `stop`; windows begin at W[o o_step + c c_step] and are read from their ends where `backward`."""
    nine = np.zeros(9 * s.columns, np.float32)
    of_u = s.c * s.o_full + _GAP
    for panel in range(start, stop):
        used = min(s.columns, s.o - panel * s.columns)
        for q in range(nine.size):
            nine[q] = np.float32(0)
        for k in range(s.c):
            for j in range(used):
                at = (panel * s.columns + j) * o_step + k * c_step
                for i in range(9):
                    put(nine, i * s.columns + j, get(W, at + (8 - i if backward else i)))
            for j in range(0, s.columns, s.lanes):
                window_tile(nine, j, 3 * s.columns, s.columns, U, (panel * s.c + k) * s.columns + j, 6 * of_u, of_u)


@vector_loop
def _accumulate(
    x: Any,
    g: Any,
    s: Any,
    of_channel: Any,
    of_tile: Any,
    of_panel: Any,
    parts: Any,
    cuts: Any,
    dU: Any,
    scratch: Any,
    start: Any,
    stop: Any,
) -> None:
    """dU[part, 36, channel, output]: V^T D with the gradients D, transformed, over the jobs of each part.

    The jobs are cut into `parts`, and the panels of outputs into `cuts`; `start` and `stop` count both.
    """
    packed, V, D, of_v = _parts(s, scratch)
    of_d, of_u = s.room * s.o_full + _GAP, of_channel.size * s.o_full + _GAP
    across = 4 * s.tiles_across
    panels = s.o_full // s.columns
    jobs = (s.images * s.tiles_down + s.group - 1) // s.group
    for work in range(start, stop):
        part, cut = work // cuts, work % cuts
        begin, end = panels * cut // cuts * s.columns, panels * (cut + 1) // cuts * s.columns
        wide = end - begin
        for job in range(jobs * part // parts, jobs * (part + 1) // parts):
            first = job * s.group
            last = min(first + s.group, s.images * s.tiles_down)
            tiles = (last - first) * s.tiles_across
            _transform_input(x, s, first, last, packed, V, of_v)
            row = first
            while row < last:
                n, down, count = _stretch(s, row, last)
                source = (n * s.o + begin) * s.oh * s.ow
                _pack(g, source, min(wide, s.o - begin), s.oh, s.ow, 4 * down, 0, 4 * count, across, packed, wide)
                for i in range(count):
                    for j in range(s.tiles_across):
                        at = (i * across + j) * 4 * wide
                        tile = (row - first + i) * s.tiles_across + j
                        for k in range(0, wide, s.lanes):
                            to = (k // s.columns * s.room + tile) * s.columns + k % s.columns
                            gradient_tile(packed, at + k, across * wide, wide, D, to, 6 * of_d, of_d)
                row += count
            add = job > jobs * part // parts
            for e in range(36):
                for k in range(begin, end, s.columns):
                    panel = e * of_d + (k - begin) * s.room
                    for i in range(0, s.c, s.rows):
                        to = (part * 36 + e) * of_u + i * s.o_full + k
                        at = e * of_v
                        if s.columns > s.lanes:
                            block(V, at, of_channel, i, of_tile, D, panel, of_panel, tiles, dU, to, s.o_full, add)
                        else:
                            column_of_block(
                                V, at, of_channel, i, of_tile, D, panel, of_panel, tiles, dU, to, s.o_full, add
                            )


@vector_loop
def _gather_windows(dU: Any, of_u: Any, parts: Any, s: Any, gW: Any, start: Any, stop: Any) -> None:
    """The gradients of the windows of the panels from `start` to `stop`."""
    sums = np.empty(36 * s.columns, np.float32)
    nine = np.empty(9 * s.columns, np.float32)
    for panel in range(start, stop):
        for k in range(s.c):
            at = k * s.o_full + panel * s.columns
            for e in range(36):
                for j in range(s.columns):
                    put(sums, e * s.columns + j, get(dU, at + e * of_u + j))
            for e in range(36, 36 * parts):
                for j in range(s.columns):
                    to = e % 36 * s.columns + j
                    put(sums, to, get(sums, to) + get(dU, at + e * of_u + j))
            for j in range(0, s.columns, s.lanes):
                sums_tile(sums, j, 6 * s.columns, s.columns, nine, j, 3 * s.columns, s.columns)
            for j in range(min(s.columns, s.o - panel * s.columns)):
                for i in range(9):
                    put(gW, ((panel * s.columns + j) * s.c + k) * 9 + i, get(nine, i * s.columns + j))


# -------------------------------------------------------------------------------------------------- on the host

_F32 = np.dtype(np.float32)
# Tiles of a job: V, and a panel's M, lie in the second-level cache, and U, which may not, is read once for all of them.
_TILES = 64
# A convolution is cut into so many jobs at least, however few tiles that leaves them, but for a block.
_JOBS = 4
# Smaller work is done before another thread has woken up: pairs of channels and outputs to transform, products.
_PAIRS, _PRODUCTS = 20_000, 2_000_000


def _up(n: int, step: int) -> int:
    return -(-n // step) * step


@functools.lru_cache(maxsize=256)
def _plan(
    images: int, c: int, h: int, w: int, o: int, oh: int, ow: int, top: int, left: int
) -> tuple[Plan, Any, Any, Any]:
    """The plan; 0, 1, 2, ...; where a tile begins in V, and a channel or tile in a panel."""
    rows, columns = block_shape(_F32)
    if _up(o, columns) > _up(o, lanes(_F32)):  # the last panel of whole blocks would be half empty
        columns = lanes(_F32)
    down, across = -(-oh // 4), -(-ow // 4)
    every = images * down
    group = min(max(1, _TILES // across), max(-(-every // _JOBS), -(-rows // across)), every)
    group = -(-every // -(-every // group))
    room = _up(group * across, rows)
    s = Plan(
        images, c, h, w, o, oh, ow, top, left, down, across, group, room, _up(c, lanes(_F32)), _up(o, columns), lanes(_F32), rows, columns
    )  # fmt: skip
    each = np.arange(max(c, room))
    return s, each, each[:room] * s.c_full, each * columns


def _multiply(x: Any, W: Any, b: Any, size: Sizes, pad: Sizes, steps: tuple[int, int], backward: bool) -> Any:
    """The convolution of x with the windows at W[o steps[0] + c steps[1]]."""
    images, c, h, w = x.shape
    o = W.size // (9 * c)
    s, each, of_tile, of_panel = _plan(images, c, h, w, o, *size, -pad[0], -pad[1])
    U = empty((36 * (c * s.o_full + _GAP),))
    panels = s.o_full // s.columns
    share(_transform_windows, panels, W.reshape(-1), *steps, backward, s, U, least=0 if c * o > _PAIRS else panels + 1)
    bias = np.zeros(s.o_full, np.float32)
    if b is not None:
        bias[:o] = b
    y = empty((images, o, *size))

    def jobs(start: int, stop: int) -> None:
        _convolve(
            x.reshape(-1), U, bias, s, each, of_tile, of_panel, y.reshape(-1), scratch(s.scratch, _F32), start, stop
        )

    share(jobs, s.jobs, least=0 if s.jobs * s.room * 36 * c * o > _PRODUCTS else s.jobs + 1)
    return y


def convolve(x: Any, W: Any, b: Any, case: Case) -> Any:
    """The convolution of images, `(n, c, h, w)`, with windows `(o, c, 3, 3)`."""
    return _multiply(x, W, b, case.size, case.pad, (9 * case.c, 9), False)


def input_gradient(g: Any, W: Any, case: Case) -> Any:
    """Its gradient with respect to x: the convolution of g with the windows turned round."""
    top, left = case.pad
    return _multiply(g, W, None, case.lengths, (2 - top, 2 - left), (9, 9 * case.c), True)


# Sums of parts of the images are kept apart, and added at the end: as many as are useful and fit in a cache.
_PARTS, _PARTS_SIZE, _JOBS_OF_PART = 8, 1 << 20, 4


def weight_gradient(x: Any, g: Any, case: Case) -> Any:
    """Its gradient with respect to W."""
    c, o = case.c, case.o
    s, each, _, of_panel = _plan(case.images, c, *case.lengths, o, *case.size, -case.pad[0], -case.pad[1])
    of_tile = each * s.c_full
    of_channel = np.minimum(np.arange(_up(c, s.rows)), c - 1)
    of_u = of_channel.size * s.o_full + _GAP
    panels = s.o_full // s.columns
    parts = max(1, min(_PARTS, s.jobs // _JOBS_OF_PART, _PARTS_SIZE // of_u // 36))
    cuts = min(panels, -(-_JOBS // parts))
    dU = empty((parts * 36 * of_u,))

    def work(start: int, stop: int) -> None:
        room = scratch(s.scratch, _F32)
        _accumulate(x.reshape(-1), g.reshape(-1), s, of_channel, of_tile, of_panel, parts, cuts, dU, room, start, stop)

    share(work, parts * cuts, least=0 if s.jobs * s.room * 36 * c * o > _PRODUCTS else parts * cuts + 1)
    gW = empty((o, c, 3, 3))
    share(_gather_windows, panels, dU, of_u, parts, s, gW.reshape(-1), least=0 if c * o > _PAIRS else panels + 1)
    return gW
