"""Products of float32 matrices of moderate size, in tiles that stay in registers, shared with a second thread at once.

C = A B is cut into panels of two vectors, as many columns of B as two vector registers have lanes. A panel is packed, each row
of it two vectors, and run against rows of A, eight at a time, whose sixteen sums never leave the registers:

    sum_iv = sum_iv + a[i, k] * panel[k, v]        for i = 0..7, v = 0..1, all k

Products of this size take 20 to 2,000 us, of which a BLAS spends a good part on its threads. Here a piece of the work is one
panel for a group of rows; threads share the pieces, and the sums do not depend on who takes them.

The technique of panels and tiles: K. Goto, R. van de Geijn, Anatomy of High-Performance Matrix Multiplication, ACM
Transactions on Mathematical Software 34(3), 2008. This module needs numba; `kernels.linear.product` says when it serves.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir

from xparray._memory import empty
from xparray._spin import cgutils, compiled, intrinsic, numba, shared_code, types
from xparray._threads import share_code


def _lanes() -> int:
    """How many float32 numbers a vector register holds here."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return 4
    return 16 if llvm.get_host_cpu_features().get("avx512f") else 8


LANES = _lanes()

# ----------------------------------------------------------------------------------------- machine instructions
#
# Each `@intrinsic` is a function that compiled loops call, given here as the LLVM instructions it stands for: LLVM's
# vectoriser does not keep a block of sums in registers, named vectors do. Addresses are integers, in bytes.

_F32, _I32, _I64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_VECTOR = ir.VectorType(_F32, LANES)
_UNDEFINED = ir.Constant(_VECTOR, ir.Undefined)


def _number(n: int) -> Any:
    return ir.Constant(_I64, n)


def _shuffle(b: Any, x: Any, y: Any, lanes: list[int]) -> Any:
    return b.shuffle_vector(x, y, ir.Constant(ir.VectorType(_I32, len(lanes)), lanes))


def _spread(b: Any, x: Any) -> Any:
    """The number x in all lanes."""
    return _shuffle(b, b.insert_element(_UNDEFINED, x, ir.Constant(_I32, 0)), _UNDEFINED, [0] * LANES)


def _load(b: Any, pointer: Any) -> Any:
    v = b.load(b.bitcast(pointer, _VECTOR.as_pointer()))
    v.align = 4
    return v


def _store(b: Any, v: Any, pointer: Any) -> None:
    b.store(v, b.bitcast(pointer, _VECTOR.as_pointer())).align = 4


def make_tile(rows: int, vectors: int) -> Callable[..., None]:
    """`tile(a, a_row, a_column, panel, k, c, c_row, add)`: c = a panel, or c + a panel, for `rows` rows of a panel's width.

    a: address of `(rows, k)` numbers, `a_row` and `a_column` numbers apart; panel: address of `(k, vectors * LANES)` numbers,
    dense; c: address of `(rows, vectors * LANES)` numbers, rows `c_row` numbers apart.
    """
    places = [(i, v) for i in range(rows) for v in range(vectors)]

    @intrinsic
    def tile(_: Any, a: Any, a_row: Any, a_column: Any, panel: Any, k: Any, c: Any, c_row: Any, add: Any) -> Any:
        def generate(context: Any, b: Any, signature: Any, args: Any) -> Any:
            a, a_row, a_column, panel, k, c, c_row, add = args
            number = _F32.as_pointer()
            a, panel, c = (b.inttoptr(p, number) for p in (a, panel, c))
            fma = cgutils.get_or_insert_function(
                b.module, ir.FunctionType(_VECTOR, [_VECTOR] * 3), f"llvm.fma.v{LANES}f32"
            )
            starts = [b.gep(a, [b.mul(a_row, _number(i))]) for i in range(rows)]
            before, loop, after = b.block, b.append_basic_block(), b.append_basic_block()
            b.branch(loop)
            b.position_at_end(loop)
            step = b.phi(_I64)
            step.add_incoming(_number(0), before)
            sums = [b.phi(_VECTOR) for _ in places]
            for s in sums:
                s.add_incoming(ir.Constant(_VECTOR, [0.0] * LANES), before)
            row = b.gep(panel, [b.mul(step, _number(vectors * LANES))])
            right = [_load(b, b.gep(row, [_number(v * LANES)])) for v in range(vectors)]
            column = b.mul(step, a_column)
            left = [_spread(b, b.load(b.gep(start, [column]))) for start in starts]
            new = [b.call(fma, [left[i], right[v], s]) for (i, v), s in zip(places, sums, strict=True)]
            following = b.add(step, _number(1))
            for phi, value in zip([step, *sums], [following, *new], strict=True):
                phi.add_incoming(value, loop)
            b.cbranch(b.icmp_signed("<", following, k), loop, after)
            b.position_at_end(after)
            targets = [b.gep(c, [b.add(b.mul(c_row, _number(i)), _number(v * LANES))]) for i, v in places]
            with b.if_else(b.icmp_signed("!=", add, _number(0))) as (then, otherwise):
                with then:
                    for s, target in zip(new, targets, strict=True):
                        _store(b, b.fadd(_load(b, target), s), target)
                with otherwise:
                    for s, target in zip(new, targets, strict=True):
                        _store(b, s, target)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 8), generate

    function: Callable[..., None] = tile
    return function


@intrinsic
def transpose(_: Any, a: Any, a_row: Any, out: Any, out_row: Any) -> Any:
    """Write the transpose of the `(LANES, LANES)` numbers at `a` to `out`, rows `a_row` and `out_row` numbers apart."""

    def generate(context: Any, b: Any, signature: Any, args: Any) -> Any:
        a, a_row, out, out_row = args
        number = _F32.as_pointer()
        a, out = b.inttoptr(a, number), b.inttoptr(out, number)
        v = [_load(b, b.gep(a, [b.mul(a_row, _number(i))])) for i in range(LANES)]
        # Eklundh's algorithm: exchange the blocks beside the diagonal, of half the matrix, then of a quarter, ...
        half = LANES // 2
        while half:
            upper = [lane if not lane & half else lane - half + LANES for lane in range(LANES)]
            lower = [lane + half if not lane & half else lane + LANES for lane in range(LANES)]
            for i in range(LANES):
                if not i & half:
                    x, y = v[i], v[i + half]
                    v[i], v[i + half] = _shuffle(b, x, y, upper), _shuffle(b, x, y, lower)
            half //= 2
        for i, w in enumerate(v):
            _store(b, w, b.gep(out, [b.mul(out_row, _number(i))]))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64, types.int64), generate


@intrinsic
def copy_numbers(_: Any, source: Any, target: Any, count: Any) -> Any:
    """Copy `count` numbers from the address `source` to the address `target`."""

    def generate(context: Any, b: Any, signature: Any, args: Any) -> Any:
        source, target = (b.inttoptr(p, _F32.as_pointer()) for p in args[:2])
        cgutils.raw_memcpy(b, target, source, args[2], _number(4))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@intrinsic
def as_pointer(_: Any, address: Any) -> Any:
    """The words at an address."""

    def generate(context: Any, b: Any, signature: Any, args: Any) -> Any:
        return b.inttoptr(args[0], _I64.as_pointer())

    return types.CPointer(types.int64)(types.int64), generate


# ---------------------------------------------------------------------------------------------------- one panel

_tile8, _tile4, _tile2, _tile1 = (make_tile(rows, 1) for rows in (8, 4, 2, 1))
_pair8, _pair4, _pair2, _pair1 = (make_tile(rows, 2) for rows in (8, 4, 2, 1))
# A processor with 16 vector registers has no room for the sums of eight pairs.
_MOST_PAIRS = 4 if LANES == 8 else 8
_DEPTH = 256  # rows of a panel, which then stays in the first cache; sums of sums are more exact as well


@compiled
def _pack(b: int, b_row: int, b_column: int, k: int, panel: int, vectors: int) -> None:
    """Copy `(k, vectors * LANES)` numbers of B, which lie densely along its rows or its columns, to the panel."""
    width = vectors * LANES
    if b_column == 1:
        for i in range(k):
            copy_numbers(b + 4 * i * b_row, panel + 4 * i * width, width)
        return
    whole = k // LANES * LANES
    for v in range(vectors):
        left, target = b + 4 * v * LANES * b_column, panel + 4 * v * LANES
        for i in range(0, whole, LANES):
            transpose(left + 4 * i, b_column, target + 4 * i * width, width)
        if whole < k:
            # The last square overlaps the one before: the same numbers are written twice.
            transpose(left + 4 * (k - LANES), b_column, target + 4 * (k - LANES) * width, width)


@compiled
def _multiply_vector(
    a: int, a_row: int, a_column: int, m: int, panel: int, k: int, c: int, c_row: int, add: int
) -> None:
    """`(m, LANES)` numbers of C, or what is added to them, from m rows of A and a packed panel of one vector."""
    i = 0
    while m - i >= 8:
        _tile8(a + 4 * i * a_row, a_row, a_column, panel, k, c + 4 * i * c_row, c_row, add)
        i += 8
    if m - i >= 4:
        _tile4(a + 4 * i * a_row, a_row, a_column, panel, k, c + 4 * i * c_row, c_row, add)
        i += 4
    if m - i >= 2:
        _tile2(a + 4 * i * a_row, a_row, a_column, panel, k, c + 4 * i * c_row, c_row, add)
        i += 2
    if m - i >= 1:
        _tile1(a + 4 * i * a_row, a_row, a_column, panel, k, c + 4 * i * c_row, c_row, add)


@compiled
def _multiply_pair(a: int, a_row: int, a_column: int, m: int, panel: int, k: int, c: int, c_row: int, add: int) -> None:
    """The same for a panel of two vectors."""
    i = 0
    while m - i >= 8 and _MOST_PAIRS == 8:
        _pair8(a + 4 * i * a_row, a_row, a_column, panel, k, c + 4 * i * c_row, c_row, add)
        i += 8
    while m - i >= 4:
        _pair4(a + 4 * i * a_row, a_row, a_column, panel, k, c + 4 * i * c_row, c_row, add)
        i += 4
    if m - i >= 2:
        _pair2(a + 4 * i * a_row, a_row, a_column, panel, k, c + 4 * i * c_row, c_row, add)
        i += 2
    if m - i >= 1:
        _pair1(a + 4 * i * a_row, a_row, a_column, panel, k, c + 4 * i * c_row, c_row, add)


@compiled
def _multiply_few(
    a: int,
    a_row: int,
    a_column: int,
    m: int,
    b: int,
    b_row: int,
    b_column: int,
    n: int,
    k: int,
    c: int,
    c_row: int,
    room: int,
) -> None:
    """`(m, n)` numbers of C, where n is a few columns and m a vector's lanes at least: as rows of C^T = B^T A^T, with A packed.

    A vector of columns would be empty for the most part. Each sum has its terms in the same order as there. `room` is the address of
    memory for a packed panel and C^T's numbers of a panel.
    """
    beside = room + 4 * _DEPTH * 2 * LANES
    parts = -(-k // _DEPTH)
    row = 0
    while row < m:
        vectors = 2 if m - row >= 2 * LANES else 1
        width = vectors * LANES
        row = min(row, m - width)  # the last panel may begin inside the one before
        for part in range(parts):
            first, last = k * part // parts, k * (part + 1) // parts
            _pack(a + 4 * (row * a_row + first * a_column), a_column, a_row, last - first, room, vectors)
            left = b + 4 * first * b_row
            if vectors == 2:
                _multiply_pair(left, b_column, b_row, n, room, last - first, beside, width, part)
            else:
                _multiply_vector(left, b_column, b_row, n, room, last - first, beside, width, part)
        for i in range(width):
            for j in range(n):
                copy_numbers(beside + 4 * (j * width + i), c + 4 * ((row + i) * c_row + j), 1)
        row += width


# ------------------------------------------------------------------------------------------- a product, in pieces

_HEIGHT = 16  # rows of a piece of work; of the last few columns twice as many are
_FEW = LANES // 2  # so many columns at most are a few

# A product is described by words, so that threads need not ask the interpreter for it: where A, B and C lie, whether A and B
# lie by rows, and the sizes m, n and k.


@shared_code
def _multiply(product: int, start: int, stop: int) -> None:
    """The pieces from `start` to `stop` of C = A B, panel after panel."""
    words = numba.carray(as_pointer(product), 8)
    a, b, c, m, n, k = words[0], words[1], words[2], words[5], words[6], words[7]
    a_row, a_column = (k, 1) if words[3] else (1, m)
    b_row, b_column = (n, 1) if words[4] else (1, k)
    whole = 2 if n >= 2 * LANES else 1  # vectors of a panel
    pieces = -(-m // _HEIGHT) * whole
    memory = np.empty((_DEPTH * 2 + (m if n % LANES else 0) * whole + 2 * _FEW) * LANES + 16, np.float32)
    packed = (
        (memory.ctypes.data + 63) // 64 * 64
    )  # a vector that lies across two lines of the cache takes twice the time
    beside = packed + 4 * _DEPTH * 2 * LANES
    for panel in range(start // pieces, -(-stop // pieces)):
        new = min(whole * LANES, n - panel * whole * LANES)  # columns of C that no other panel has
        vectors = -(-new // LANES)
        width = vectors * LANES
        tall = 2 * _HEIGHT if new <= _FEW else _HEIGHT
        # The rows of this panel that lie in the interval: all but in its first and its last panel.
        i = max(start - panel * pieces, 0) // vectors * tall
        height = min((stop - panel * pieces) // vectors * tall, m) - i
        if new <= _FEW and height >= LANES:
            left, right, j = a + 4 * i * a_row, b + 4 * (n - new) * b_column, n - new
            _multiply_few(left, a_row, a_column, height, right, b_row, b_column, new, k, c + 4 * (i * n + j), n, packed)
            continue
        # The last panel begins inside the one before, where n is no multiple of its width; it is computed aside.
        j = panel * whole * LANES + new - width
        out, out_row = (c + 4 * (i * n + j), n) if new == width else (beside, width)
        # The terms are cut evenly, so that no part is shorter than a vector.
        parts = -(-k // _DEPTH)
        for part in range(parts):
            first, last = k * part // parts, k * (part + 1) // parts
            _pack(b + 4 * (first * b_row + j * b_column), b_row, b_column, last - first, packed, vectors)
            left = a + 4 * (i * a_row + first * a_column)
            if vectors == 2:
                _multiply_pair(left, a_row, a_column, height, packed, last - first, out, out_row, part)
            else:
                _multiply_vector(left, a_row, a_column, height, packed, last - first, out, out_row, part)
        for row in range(height if new < width else 0):
            copy_numbers(out + 4 * (row * width + width - new), c + 4 * ((i + row + 1) * n - new), new)
    memory[0] = 0  # numba frees an array after its last use, and its address is none


@compiled
def _describe(
    words: Any, a: Any, b: Any, c: Any, is_a_flat: bool, is_b_flat: bool, m: int, n: int, k: int
) -> tuple[int, int]:
    """Fill in the words; gives their address, and the number of pieces."""
    words[0], words[1], words[2] = a.ctypes.data, b.ctypes.data, c.ctypes.data
    words[3], words[4], words[5], words[6], words[7] = is_a_flat, is_b_flat, m, n, k
    pieces = -(-m // _HEIGHT) * -(-n // LANES)
    rest = n % ((2 if n >= 2 * LANES else 1) * LANES)  # columns beyond the last panel that is full
    if 0 < rest <= _FEW:
        pieces = -(-m // _HEIGHT) * ((n - rest) // LANES) + -(-m // (2 * _HEIGHT))
    return words.ctypes.data, pieces


def multiply(a: Any, b: Any, c: Any = None) -> Any:
    """A B for float32 matrices `(m, k)` and `(k, n)`, each dense by rows or by columns; `(m, n)`, by rows, in `c` if given."""
    (m, k), n = a.shape, b.shape[1]
    c = empty((m, n), np.float32) if c is None else c
    is_a_flat, is_b_flat = a.flags.c_contiguous, b.flags.c_contiguous
    flat_a, flat_b = (a if is_a_flat else a.T).reshape(-1), (b if is_b_flat else b.T).reshape(-1)
    words = np.empty(8, np.int64)
    product, pieces = _describe(words, flat_a, flat_b, c.reshape(-1), is_a_flat, is_b_flat, m, n, k)
    share_code(_multiply, product, pieces)
    return c
