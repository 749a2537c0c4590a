"""Differentiable functions: with a Variable among their arguments they return Variables, with arrays alone arrays.

Names and signatures are those of the array API standard, so this module is also the namespace of Variables
(`xparray.array_namespace(v)`), in which code written for the standard differentiates as it is.
"""

from __future__ import annotations

from typing import Any

from catena.autograd import fft, linalg, special
from catena.autograd._namespace import NAMES, new, of_values
from catena.autograd.ops.arithmetic import (
    abs,
    add,
    ceil,
    copysign,
    divide,
    floor,
    floor_divide,
    hypot,
    multiply,
    negative,
    positive,
    pow,
    reciprocal,
    remainder,
    round,
    sign,
    square,
    subtract,
    trunc,
)
from catena.autograd.ops.arrangement import (
    broadcast_arrays,
    meshgrid,
    moveaxis,
    repeat,
    roll,
    tile,
    tril,
    triu,
    unstack,
)
from catena.autograd.ops.batches import batch_matmul, matmul
from catena.autograd.ops.combination import (
    batch_l2_norm_squared,
    bias,
    fmod,
    identity,
    linear_interpolate,
    rsqrt,
    scale,
)
from catena.autograd.ops.complex import conj, imag, real
from catena.autograd.ops.cumulative import cumulative_prod, cumulative_sum, diff
from catena.autograd.ops.decompositions import cholesky
from catena.autograd.ops.exponential import exp, expm1, log, log1p, log2, log10, logaddexp, sqrt
from catena.autograd.ops.fourier import ifft
from catena.autograd.ops.gamma import digamma, lgamma, polygamma, zeta
from catena.autograd.ops.images import (
    depth2space,
    im2col,
    resize_images,
    space2depth,
    spatial_transformer_grid,
    spatial_transformer_sampler,
)
from catena.autograd.ops.indexing import get_item, getitem, take
from catena.autograd.ops.joining import (
    broadcast,
    dstack,
    hstack,
    pad,
    pad_sequence,
    separate,
    split_axis,
    transpose_sequence,
    vstack,
)
from catena.autograd.ops.linalg import det, inv
from catena.autograd.ops.products import einsum, tensordot, vecdot
from catena.autograd.ops.reduction import logsumexp, max, min, prod, std, sum, var
from catena.autograd.ops.scatter import as_strided, diagonal, gather, permutate, scatter, scatter_add, select_item
from catena.autograd.ops.selection import clip, maximum, minimum, where
from catena.autograd.ops.shape import (
    astype,
    broadcast_to,
    cast,
    concat,
    copy,
    expand_dims,
    flatten,
    flip,
    fliplr,
    flipud,
    matrix_transpose,
    permute_dims,
    reshape,
    rollaxis,
    squeeze,
    stack,
    sum_to,
    swapaxes,
    to_device,
    transpose,
)
from catena.autograd.ops.sorting import sort, take_along_axis
from catena.autograd.ops.special import erf, erfc, erfcinv, erfcx, erfinv, log_ndtr, ndtr, ndtri
from catena.autograd.ops.statistics import argmax, argmin, average, cumprod, cumsum, mean
from catena.autograd.ops.trigonometric import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cos,
    cosh,
    sin,
    sinh,
    tan,
    tanh,
)
from catena.autograd.sparse import sparse_matmul

# Chainer's names of the standard's functions.
absolute = abs
arccos, arcsin, arctan, arctan2, arctanh = acos, asin, atan, atan2, atanh
batch_det, batch_inv, fix = det, inv, trunc

all = of_values("all")
any = of_values("any")
equal = of_values("equal")
full_like = new("full_like")
greater = of_values("greater")
greater_equal = of_values("greater_equal")
isfinite = of_values("isfinite")
isnan = of_values("isnan")
less = of_values("less")
less_equal = of_values("less_equal")
not_equal = of_values("not_equal")
ones_like = new("ones_like")
zeros_like = new("zeros_like")


def __getattr__(name: str) -> Any:
    """What else the standard has: dtypes, constants, arrays made anew, and functions without a gradient."""
    try:
        return NAMES[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


__all__ = [
    "abs",
    "absolute",
    "acos",
    "acosh",
    "add",
    "all",
    "any",
    "arccos",
    "arcsin",
    "arctan",
    "arctan2",
    "arctanh",
    "argmax",
    "argmin",
    "as_strided",
    "asin",
    "asinh",
    "astype",
    "atan",
    "atan2",
    "atanh",
    "average",
    "batch_det",
    "batch_inv",
    "batch_l2_norm_squared",
    "batch_matmul",
    "bias",
    "broadcast",
    "broadcast_arrays",
    "broadcast_to",
    "cast",
    "ceil",
    "cholesky",
    "clip",
    "concat",
    "conj",
    "copy",
    "copysign",
    "cos",
    "cosh",
    "cumprod",
    "cumsum",
    "cumulative_prod",
    "cumulative_sum",
    "depth2space",
    "det",
    "diagonal",
    "diff",
    "digamma",
    "divide",
    "dstack",
    "einsum",
    "equal",
    "erf",
    "erfc",
    "erfcinv",
    "erfcx",
    "erfinv",
    "exp",
    "expand_dims",
    "expm1",
    "fft",
    "fix",
    "flatten",
    "flip",
    "fliplr",
    "flipud",
    "floor",
    "floor_divide",
    "fmod",
    "full_like",
    "gather",
    "get_item",
    "getitem",
    "greater",
    "greater_equal",
    "hstack",
    "hypot",
    "identity",
    "ifft",
    "im2col",
    "imag",
    "inv",
    "isfinite",
    "isnan",
    "less",
    "less_equal",
    "lgamma",
    "linalg",
    "linear_interpolate",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_ndtr",
    "logaddexp",
    "logsumexp",
    "matmul",
    "matrix_transpose",
    "max",
    "maximum",
    "mean",
    "meshgrid",
    "min",
    "minimum",
    "moveaxis",
    "multiply",
    "ndtr",
    "ndtri",
    "negative",
    "not_equal",
    "ones_like",
    "pad",
    "pad_sequence",
    "permutate",
    "permute_dims",
    "polygamma",
    "positive",
    "pow",
    "prod",
    "real",
    "reciprocal",
    "remainder",
    "repeat",
    "reshape",
    "resize_images",
    "roll",
    "rollaxis",
    "round",
    "rsqrt",
    "scale",
    "scatter",
    "scatter_add",
    "select_item",
    "separate",
    "sign",
    "sin",
    "sinh",
    "sort",
    "space2depth",
    "sparse_matmul",
    "spatial_transformer_grid",
    "spatial_transformer_sampler",
    "special",
    "split_axis",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "subtract",
    "sum",
    "sum_to",
    "swapaxes",
    "take",
    "take_along_axis",
    "tan",
    "tanh",
    "tensordot",
    "tile",
    "to_device",
    "transpose",
    "transpose_sequence",
    "tril",
    "triu",
    "trunc",
    "unstack",
    "var",
    "vecdot",
    "vstack",
    "where",
    "zeros_like",
    "zeta",
]
