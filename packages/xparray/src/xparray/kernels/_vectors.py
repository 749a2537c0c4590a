"""Vector registers inside compiled loops: blocks of sums of products that stay in registers, small transposes, linear maps of vectors.

LLVM makes vectors of simple loops by itself but does not keep a block of sums in registers from one step of a loop to the next.
A `primitive` is a function whose instructions we write: called within a `vector_loop`, it computes with vectors of as many
bytes as the processor has. The order of operations for one element does not depend on how many elements a vector holds, but for
`products`, which adds along a vector at its end.

Arrays are given as flat arrays and the index at which something begins. Indices are not checked, and negative ones do not count
from the end: a test for them would keep a loop over `get(a, start + i)` from being made of vectors.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from xparray._kernel import Loop

# A contracted multiply-add and the sign of zero may differ; NaN and infinity may not.
_FLAGS = ("contract", "nsz")


@functools.cache
def vector_bytes() -> int:
    """Bytes of a vector: 64 where the processor has AVX-512, else 32 (two registers of 16 on processors without AVX)."""
    from llvmlite import binding

    return 64 if binding.get_host_cpu_features().get("avx512f") else 32


# Rows of a block and vectors of each row: as many sums as stay in registers, 32 of them where a vector has 64 bytes, else 16.
# A strip reads its columns from anywhere, which costs a load more than from an aligned panel, so it has the fewer rows.


def _block_shape() -> tuple[int, int]:
    return (8, 2) if vector_bytes() == 64 else (6, 2)


def _strip_shape() -> tuple[int, int]:
    return (6, 2) if vector_bytes() == 64 else (4, 3)


def _line_shape() -> tuple[int, int]:
    return (1, 8)


def _in_elements(shape: tuple[int, int], dtype: Any) -> tuple[int, int]:
    return shape[0], shape[1] * lanes(dtype)


def lanes(dtype: Any) -> int:
    """The number of elements of a vector."""
    return vector_bytes() // int(dtype.itemsize)


def block_shape(dtype: Any) -> tuple[int, int]:
    """Rows and columns of a `block`."""
    return _in_elements(_block_shape(), dtype)


def strip_shape(dtype: Any) -> tuple[int, int]:
    """Rows and columns of a `strip`."""
    return _in_elements(_strip_shape(), dtype)


def line_shape(dtype: Any) -> tuple[int, int]:
    """Rows, which is one, and columns of a `line`."""
    return _in_elements(_line_shape(), dtype)


# ------------------------------------------------------------------------------------------- writing instructions


class Lanes:
    """A vector while its instructions are written: `2 * a + b` writes them.

    Formulas over Lanes hold for arrays as well.
    """

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.value = value

    def __add__(self, other: Lanes) -> Lanes:
        return Lanes(self.builder, self.builder.fadd(self.value, other.value, flags=_FLAGS))

    def __sub__(self, other: Lanes) -> Lanes:
        return Lanes(self.builder, self.builder.fsub(self.value, other.value, flags=_FLAGS))

    def __rmul__(self, number: float) -> Lanes:
        factor = self.value.type([number] * self.value.type.count)
        return Lanes(self.builder, self.builder.fmul(self.value, factor, flags=_FLAGS))


class _Writer:
    """What primitives write with: numba's builder, for elements of one type."""

    def __init__(self, builder: Any, element: Any) -> None:
        from llvmlite import ir
        from numba.core import cgutils

        self.ir, self.builder, self.element = ir, builder, element
        self.cgutils: Any = cgutils  # without annotations of its own
        self.size = 4 if isinstance(element, ir.FloatType) else 8
        self.lanes = vector_bytes() // self.size
        self.vector = self.vector_of(self.lanes)

    def vector_of(self, lanes: int) -> Any:
        return self.ir.VectorType(self.element, lanes)

    def integer(self, i: int) -> Any:
        return self.ir.IntType(64)(i)

    def at(self, pointer: Any, *indices: Any) -> Any:
        """The pointer to the element at the sum of the indices, ints of Python or of the loop."""
        known = sum(i for i in indices if isinstance(i, int))
        for i in indices:
            if not isinstance(i, int):
                pointer = self.builder.gep(pointer, [i])
        return self.builder.gep(pointer, [self.integer(known)]) if known else pointer

    def times(self, i: Any, n: int) -> Any:
        return self.builder.mul(i, self.integer(n))

    def load(self, pointer: Any, lanes: int = 0) -> Any:
        """So many elements from anywhere, aligned or not."""
        vector = self.vector_of(lanes or self.lanes)
        value = self.builder.load(self.builder.bitcast(pointer, vector.as_pointer()))
        value.align = self.size
        return value

    def store(self, value: Any, pointer: Any) -> None:
        stored = self.builder.store(value, self.builder.bitcast(pointer, value.type.as_pointer()))
        stored.align = self.size

    def splat(self, value: Any) -> Any:
        """One element in all lanes."""
        nothing, i32 = self.vector(self.ir.Undefined), self.ir.IntType(32)
        first = self.builder.insert_element(nothing, value, i32(0))
        return self.builder.shuffle_vector(first, nothing, self.ir.VectorType(i32, self.lanes)([0] * self.lanes))

    def shuffle(self, a: Any, b: Any, order: Sequence[int]) -> Any:
        """The elements of the vectors a and b, counted through, in the given order."""
        return self.builder.shuffle_vector(a, b, self.ir.VectorType(self.ir.IntType(32), len(order))(list(order)))

    def zeros(self, n: int) -> list[Any]:
        """Places for n vectors of zeros, which the compiler keeps in registers."""
        places = [self.cgutils.alloca_once(self.builder, self.vector) for _ in range(n)]
        for place in places:
            self.builder.store(self.vector([0.0] * self.lanes), place)
        return places

    def add_product(self, a: Any, b: Any, place: Any) -> None:
        kind = self.ir.FunctionType(self.vector, [self.vector] * 3)
        name = f"llvm.fma.v{self.lanes}f{8 * self.size}"
        fma = self.cgutils.get_or_insert_function(self.builder.module, kind, name)
        self.builder.store(self.builder.call(fma, [a, b, self.builder.load(place)]), place)

    def total(self, value: Any) -> Any:
        """The sum of a vector's elements: halves are added until one element is left."""
        n = value.type.count
        while n > 1:
            n //= 2
            low, high = (self.shuffle(value, value, range(start, start + n)) for start in (0, n))
            value = self.builder.fadd(low, high)
        return self.builder.extract_element(value, self.ir.IntType(32)(0))

    def loop(self, count: Any) -> Any:
        """A context in which instructions are repeated; its value's `index` counts from 0."""
        return self.cgutils.for_range(self.builder, count)


# ------------------------------------------------------------------------------------------------------ primitives


@dataclass(frozen=True)
class _Primitive:
    emit: Callable[..., Any]
    gives_element: bool = False


_undeclared: dict[Callable[..., Any], _Primitive] = {}


def primitive(emit: Callable[..., Any], *, gives_element: bool = False) -> Callable[..., Any]:
    """A function that vector loops call and whose instructions `emit(writer, *operands)` writes.

    Args:
        emit: takes arrays as pointers to their first element, numbers as values of their types (integers of 64 bits).
        gives_element: whether the function returns an element of its first array, which `emit` returns.
    """

    def function(*operands: Any) -> Any:
        raise TypeError(f"{emit.__name__.strip('_')}: runs in compiled loops only")

    function.__name__ = function.__qualname__ = emit.__name__.strip("_")
    _undeclared[function] = _Primitive(emit, gives_element)
    return function


def _declare_primitives() -> None:
    # Loaded by name: they come without annotations.
    types: Any = import_module("numba.types")
    templates: Any = import_module("numba.core.typing.templates")
    extending: Any = import_module("numba.extending")

    def declare(function: Callable[..., Any], made: _Primitive) -> None:
        class _Typing(templates.AbstractTemplate):  # type: ignore[misc]
            key = function

            def generic(self, args: tuple[Any, ...], kws: Any) -> Any:
                return templates.signature(args[0].dtype if made.gives_element else types.void, *args)

        templates.infer_global(function, types.Function(_Typing))

        def lowering(context: Any, builder: Any, signature: Any, operands: Sequence[Any]) -> Any:
            given = []
            for kind, value in zip(signature.args, operands, strict=True):
                if isinstance(kind, types.Array):
                    given.append(context.make_array(kind)(context, builder, value).data)
                elif isinstance(kind, types.Integer | types.Boolean):
                    given.append(context.cast(builder, value, kind, types.int64))
                else:
                    given.append(value)
            y = made.emit(_Writer(builder, context.get_data_type(signature.args[0].dtype)), *given)
            return y if made.gives_element else context.get_dummy_value()

        extending.lower_builtin(function, types.VarArg(types.Any))(lowering)

    while _undeclared:
        declare(*_undeclared.popitem())


class VectorLoop(Loop):
    """A `loop` that may call primitives, and loops that call them."""

    def _compile(self) -> Callable[..., Any]:
        _declare_primitives()
        # Compiled code is kept under the loop's name, in which what this file writes into it has to show.
        self.function.__qualname__ += f"_{zlib.crc32(Path(__file__).read_bytes()):08x}_{vector_bytes()}"
        return super()._compile()


def vector_loop(function: Callable[..., Any]) -> VectorLoop:
    """Decorator over a function of loops that calls primitives: see `VectorLoop`."""
    return VectorLoop(function)


def _get(w: _Writer, a: Any, i: Any) -> Any:
    return w.builder.load(w.at(a, i))


def _put(w: _Writer, a: Any, i: Any, value: Any) -> None:
    if isinstance(w.element, w.ir.IntType):
        value = w.builder.trunc(value, w.element)
    w.builder.store(value, w.at(a, i))


get = primitive(_get, gives_element=True)
"""get(a, i): a[i]; a of floats or int32."""
put = primitive(_put)
"""put(a, i, value): a[i] = value; a of floats, the value of their dtype, or of int32."""


def _sums(rows: int, vectors: int) -> Callable[..., None]:
    """Sums of products: out[o + r ldo + j] (+)= sum over k < K of A[a + row[first + r] + step[k]] B[b + column[k] + j].

    There are `rows` rows, and columns of so many vectors; `out` is added to where `add` is not zero. All sums stay in registers:
    a step costs a load for each row and each vector, and one instruction for each product of the two.
    """

    def sums_of_products(
        w: _Writer,
        A: Any,
        a: Any,
        row: Any,
        first: Any,
        step: Any,
        B: Any,
        b: Any,
        column: Any,
        K: Any,
        out: Any,
        o: Any,
        ldo: Any,
        add: Any,
    ) -> None:
        build = w.builder
        starts = [w.at(A, a, build.load(w.at(row, first, r))) for r in range(rows)]
        sums = w.zeros(rows * vectors)
        with w.loop(K) as loop:
            at = build.load(w.at(step, loop.index))
            line = w.at(B, b, build.load(w.at(column, loop.index)))
            xs = [w.load(w.at(line, v * w.lanes)) for v in range(vectors)]
            for r, start in enumerate(starts):
                factor = w.splat(build.load(w.at(start, at)))
                for v, x in enumerate(xs):
                    w.add_product(factor, x, sums[r * vectors + v])
        places = [w.at(out, o, w.times(ldo, r), v * w.lanes) for r in range(rows) for v in range(vectors)]
        with build.if_then(build.icmp_signed("!=", add, w.integer(0))):
            for total, place in zip(sums, places, strict=True):
                build.store(build.fadd(build.load(total), w.load(place)), total)
        for total, place in zip(sums, places, strict=True):
            w.store(build.load(total), place)

    return sums_of_products


def _block(w: _Writer, *operands: Any) -> None:
    _sums(*_block_shape())(w, *operands)


def _column(w: _Writer, *operands: Any) -> None:
    _sums(_block_shape()[0], 1)(w, *operands)


def _strip(w: _Writer, *operands: Any) -> None:
    _sums(*_strip_shape())(w, *operands)


def _line(w: _Writer, *operands: Any) -> None:
    _sums(*_line_shape())(w, *operands)


block = primitive(_block)
"""block(A, a, row, first, step, B, b, column, K, out, o, ldo, add): sums of products, `block_shape(dtype)`; see `_sums`."""
column_of_block = primitive(_column)
"""column_of_block(...): as `block`, with as many rows and one vector."""
strip = primitive(_strip)
"""strip(...): as `block`, `strip_shape(dtype)`."""
line = primitive(_line)
"""line(...): as `block`, `line_shape(dtype)`."""


def _products_of(rows: int, columns: int) -> Callable[..., None]:
    """Products of vectors: out[o + r columns + c] = sum over k < n of A[a + r lda + k] B[b + column[first + c] + k].

    `n` is a multiple of a vector's length. Each sum is kept in as many parts as a vector has elements, added at the end.
    """

    def products(
        w: _Writer, A: Any, a: Any, lda: Any, B: Any, b: Any, column: Any, first: Any, n: Any, out: Any, o: Any
    ) -> None:
        build = w.builder
        lines = [w.at(A, a, w.times(lda, r)) for r in range(rows)]
        others = [w.at(B, b, build.load(w.at(column, first, c))) for c in range(columns)]
        sums = w.zeros(rows * columns)
        with w.loop(build.sdiv(n, w.integer(w.lanes))) as loop:
            k = w.times(loop.index, w.lanes)
            xs = [w.load(w.at(line, k)) for line in lines]
            for c, other in enumerate(others):
                y = w.load(w.at(other, k))
                for r, x in enumerate(xs):
                    w.add_product(x, y, sums[r * columns + c])
        for i, total in enumerate(sums):
            build.store(w.total(build.load(total)), w.at(out, o, i))

    return products


# Lines that are multiplied with each other at a time.
FIRST_LINES, SECOND_LINES = 4, 3
products = primitive(_products_of(FIRST_LINES, SECOND_LINES))
"""products(A, a, lda, B, b, column, first, n, out, o): `FIRST_LINES` with `SECOND_LINES`; see `_products_of`."""
products_of_one = primitive(_products_of(1, SECOND_LINES))
"""products_of_one(...): as `products`, one line with `SECOND_LINES`."""


def _transpose(w: _Writer, src: Any, s: Any, lds: Any, dst: Any, d: Any, ldd: Any) -> None:
    n = TRANSPOSED
    vectors = [w.load(w.at(src, s, w.times(lds, i)), n) for i in range(n)]
    # Log n stages exchange the off-diagonal quarters of blocks of 2, 4, 8.
    half = 1
    while half < n:
        stage = list(vectors)
        for i in (i for i in range(n) if not i & half):
            a, b = vectors[i], vectors[i + half]
            low = [j if not j & half else n + j - half for j in range(n)]
            high = [j + half if not j & half else n + j for j in range(n)]
            stage[i], stage[i + half] = w.shuffle(a, b, low), w.shuffle(a, b, high)
        vectors, half = stage, 2 * half
    for i, vector in enumerate(vectors):
        w.store(vector, w.at(dst, d, w.times(ldd, i)))


TRANSPOSED = 8
transpose = primitive(_transpose)
"""transpose(src, s, lds, dst, d, ldd): dst[d + j ldd + i] = src[s + i lds + j] for i, j < 8."""


def on_both_sides(formula: Callable[..., Sequence[Any]], n: int) -> Callable[..., Any]:
    """The primitive that computes F X F^T of n x n matrices X, one in each lane: `(src, s, down, across, dst, d, to_down, to_across)`.

    Element (i, j) of a lane's matrix lies at src[s + i down + j across], of its result at dst[d + i to_down + j to_across]; the
    lanes lie behind one another.

    Args:
        formula: the product F x of the matrix F and a column x, given as n numbers: Lanes or arrays.
        n: the number of rows of X.
    """

    def both(
        w: _Writer, src: Any, s: Any, down: Any, across: Any, dst: Any, d: Any, to_down: Any, to_across: Any
    ) -> None:
        def element(i: int, j: int) -> Lanes:
            return Lanes(w.builder, w.load(w.at(src, s, w.times(down, i), w.times(across, j))))

        columns = [formula(*(element(i, j) for i in range(n))) for j in range(n)]
        for i, row in enumerate(zip(*columns, strict=True)):
            for j, y in enumerate(formula(*row)):
                w.store(y.value, w.at(dst, d, w.times(to_down, i), w.times(to_across, j)))

    return primitive(both)
