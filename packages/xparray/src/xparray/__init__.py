"""One array namespace over NumPy, Numba-jitted kernels and CuPy: each array carries its backend, every function looks at its arrays.

import xparray as xp
x = xp.asarray([1.0, 2.0], device="numba")
xp.exp(x)                                # jitted, still an ndarray
"""

# ruff: noqa: F403, F405 - the names of the standard are listed below
from __future__ import annotations

from xparray import fft, linalg, random, special
from xparray._backend import Backend, get_backend, register_array_type
from xparray._device import Device, device
from xparray._dispatch import array_namespace, device_of, shares_memory, to_device
from xparray._einsum import einsum, explicit_subscripts
from xparray._kernel import Kernel, jit, jit_enabled, kernel, loop
from xparray._memory import MemoryInfo, memory_info, memory_pool
from xparray._one_source.elementwise import Elementwise, elementwise
from xparray._one_source.fuse import Fused, fuse
from xparray._one_source.program import CannotTranslate
from xparray._one_source.reduction import Reduction, reduction
from xparray._standard import *
from xparray._standard._info import __array_api_version__, __array_namespace_info__
from xparray._threads import num_threads, set_num_threads
from xparray._typing import Array

__all__ = [
    "Array",
    "Backend",
    "CannotTranslate",
    "Device",
    "Elementwise",
    "Fused",
    "Kernel",
    "MemoryInfo",
    "Reduction",
    "array_namespace",
    "device",
    "device_of",
    "einsum",
    "elementwise",
    "explicit_subscripts",
    "fft",
    "fuse",
    "get_backend",
    "jit",
    "jit_enabled",
    "kernel",
    "linalg",
    "loop",
    "memory_info",
    "memory_pool",
    "num_threads",
    "random",
    "reduction",
    "register_array_type",
    "set_num_threads",
    "shares_memory",
    "special",
    "to_device",
]
# The standard's names, its extensions apart.
__all__ += [
    "__array_api_version__", "__array_namespace_info__", "abs", "acos", "acosh", "add", "all", "any", "arange", "argmax",
    "argmin", "argsort", "asarray", "asin", "asinh", "astype", "atan", "atan2", "atanh", "bitwise_and", "bitwise_invert",
    "bitwise_left_shift", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "bool", "broadcast_arrays", "broadcast_shapes",
    "broadcast_to", "can_cast", "ceil", "clip", "complex64", "complex128", "concat", "conj", "copysign", "cos", "cosh",
    "count_nonzero", "cumulative_prod", "cumulative_sum", "diff", "divide", "e", "empty", "empty_like", "equal", "exp",
    "expand_dims", "expm1", "eye", "finfo", "flip", "float32", "float64", "floor", "floor_divide", "from_dlpack", "full",
    "full_like", "greater", "greater_equal", "hypot", "iinfo", "imag", "inf", "int8", "int16", "int32", "int64", "isdtype",
    "isfinite", "isin", "isinf", "isnan", "less", "less_equal", "linspace", "log", "log1p", "log2", "log10", "logaddexp",
    "logical_and", "logical_not", "logical_or", "logical_xor", "matmul", "matrix_transpose", "max", "maximum", "mean",
    "meshgrid", "min", "minimum", "moveaxis", "multiply", "nan", "negative", "newaxis", "nextafter", "nonzero", "not_equal",
    "ones", "ones_like", "permute_dims", "pi", "positive", "pow", "prod", "real", "reciprocal", "remainder", "repeat",
    "reshape", "result_type", "roll", "round", "searchsorted", "sign", "signbit", "sin", "sinh", "sort", "sqrt", "square",
    "squeeze", "stack", "std", "subtract", "sum", "take", "take_along_axis", "tan", "tanh", "tensordot", "tile", "tril", "triu",
    "trunc", "uint8", "uint16", "uint32", "uint64", "unique_all", "unique_counts", "unique_inverse", "unique_values", "unstack",
    "var", "vecdot", "where", "zeros", "zeros_like",
]  # fmt: skip
