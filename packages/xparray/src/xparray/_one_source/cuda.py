"""From the steps of a program to one CUDA kernel, written as C++ for CuPy's ElementwiseKernel and ReductionKernel.

A step is computed in the dtype that the program gives it: float32 stays float32, float16 is computed in float and rounded after
every step, whole numbers wrap around. The compiler may contract a product and a sum to one fused multiply-add, and CuPy has it
flush subnormal float32 to zero; NaN and infinity are NumPy's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from xparray._one_source.program import FOLDS, CannotTranslate, Constant, Operand, Step, Steps
from xparray._one_source.promotion import HOST_DTYPES

CUDA_DTYPES = HOST_DTYPES | {np.dtype(np.float16)}
"""The dtypes in which kernels compute."""

# NumPy's dtypes in C++; float16 is CuPy's class.
_C_TYPES = {
    "bool": "bool",
    "int8": "signed char",
    "int16": "short",
    "int32": "int",
    "int64": "long long",
    "uint8": "unsigned char",
    "uint16": "unsigned short",
    "uint32": "unsigned int",
    "uint64": "unsigned long long",
    "float16": "float16",
    "float32": "float",
    "float64": "double",
}

# Each of NumPy's functions as an expression of its operands {0}, {1}, ..., which are names or literals of the type that the
# function computes in; u is the unsigned type in which sums of whole numbers wrap around.
_ALL = {
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
    "equal": "{0} == {1}",
    "not_equal": "{0} != {1}",
    "positive": "{0}",
    "maximum": "{0} >= {1} || {0} != {0} ? {0} : {1}",
    "minimum": "{0} <= {1} || {0} != {0} ? {0} : {1}",
    "fmax": "{0} >= {1} || {1} != {1} ? {0} : {1}",
    "fmin": "{0} <= {1} || {1} != {1} ? {0} : {1}",
    "where": "{0} ? {1} : {2}",
    "zeros_like": "0.0f",
    "ones_like": "1.0f",
    "logical_and": "{0} && {1}",
    "logical_or": "{0} || {1}",
    "logical_xor": "!{0} != !{1}",
    "logical_not": "!{0}",
    "fold": "xp_fold({0}, {1})",
}
_FLOATS = _ALL | {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "negative": "-{0}",
    "absolute": "fabs({0})",
    "fabs": "fabs({0})",
    "square": "{0} * {0}",
    "reciprocal": "1 / {0}",
    "sign": "{0} > 0 ? 1.0f : {0} < 0 ? -1.0f : {0} == 0 ? 0.0f : {0}",
    "isnan": "{0} != {0}",
    "isinf": "isinf({0})",
    "isfinite": "isfinite({0})",
    "signbit": "signbit({0})",
    "power": "pow({0}, {1})",
    "floor_divide": "xp_floor_divide({0}, {1})",
    "remainder": "xp_remainder({0}, {1})",
    "logaddexp": "xp_logaddexp({0}, {1})",
    "arcsin": "asin({0})",
    "arccos": "acos({0})",
    "arctan": "atan({0})",
    "arcsinh": "asinh({0})",
    "arccosh": "acosh({0})",
    "arctanh": "atanh({0})",
    "arctan2": "atan2({0}, {1})",
    **{f: f"{f}({{0}})" for f in "exp exp2 expm1 log log2 log10 log1p sqrt cbrt sin cos tan sinh cosh tanh".split()},
    **{f: f"{f}({{0}})" for f in "floor ceil trunc rint".split()},
    **{f: f"{f}({{0}}, {{1}})" for f in "hypot fmod copysign".split()},
}
_INTEGERS = _ALL | {
    "add": "({u}){0} + ({u}){1}",
    "subtract": "({u}){0} - ({u}){1}",
    "multiply": "({u}){0} * ({u}){1}",
    "negative": "0 - ({u}){0}",
    "absolute": "{0} < 0 ? 0 - ({u}){0} : ({u}){0}",
    "square": "({u}){0} * ({u}){0}",
    "sign": "({0} > 0) - ({0} < 0)",
    "power": "xp_power_of_integers({0}, {1})",
    "floor_divide": "xp_floor_divide_integers({0}, {1})",
    "remainder": "xp_remainder_of_integers({0}, {1})",
    "fmod": "xp_fmod_of_integers({0}, {1})",
    "floor": "{0}",
    "ceil": "{0}",
    "trunc": "{0}",
    "isnan": "false",
    "isinf": "false",
    "isfinite": "true",
    "bitwise_and": "{0} & {1}",
    "bitwise_or": "{0} | {1}",
    "bitwise_xor": "{0} ^ {1}",
    "invert": "~{0}",
    "left_shift": "xp_left_shift({0}, {1})",
    "right_shift": "xp_right_shift({0}, {1})",
}
_FORMS = {
    "f": _FLOATS,
    "i": _INTEGERS,
    "u": _INTEGERS,
    "b": _INTEGERS | {"invert": "!{0}"},
}  # NumPy's operator ** computes these powers of floats without pow.
_POWERS = {2.0: "{0} * {0}", 1.0: "{0}", 0.5: "sqrt({0})", -1.0: "1 / {0}"}

# The quotient rounded down and the remainder of the divisor's sign, as Python defines them; by zero, whole numbers give zero.
# Powers and sums of whole numbers wrap around, and a negative power is the whole part of the fraction, as CuPy has it.
_PREAMBLE = """
template <class T> __device__ inline T xp_remainder(T a, T b) {
  T r = fmod(a, b);
  if (r == 0) return copysign(r, b);
  return (r < 0) != (b < 0) ? r + b : r;
}
template <class T> __device__ inline T xp_floor_divide(T a, T b) {
  if (b == 0) return a / b;
  T r = fmod(a, b), q = (a - r) / b;
  if (r != 0 && (r < 0) != (b < 0)) q -= 1;
  if (q == 0) return copysign(q, a / b);
  T whole = floor(q);
  return q - whole > T(0.5) ? whole + 1 : whole;
}
template <class T> __device__ inline T xp_logaddexp(T a, T b) {
  if (a == b) return a + T(0.6931471805599453);
  T d = a - b;
  return d > 0 ? a + log1p(exp(-d)) : d < 0 ? b + log1p(exp(d)) : d;
}
template <class T> __device__ inline T xp_fmod_of_integers(T a, T b) {
  return b == 0 || (T(-1) < T(0) && b == T(-1)) ? T(0) : T(a % b);
}
template <class T> __device__ inline T xp_remainder_of_integers(T a, T b) {
  T r = xp_fmod_of_integers(a, b);
  return r != 0 && (r < 0) != (b < 0) ? T(r + b) : r;
}
template <class T> __device__ inline T xp_floor_divide_integers(T a, T b) {
  if (b == 0) return 0;
  if (T(-1) < T(0) && b == T(-1)) return T(0ull - (unsigned long long)a);
  return T(a / b - (a % b != 0 && (a < 0) != (b < 0)));
}
template <class T> __device__ inline T xp_left_shift(T a, T n) {
  return (unsigned long long)n < 8 * sizeof(T) ? T((unsigned long long)a << n) : T(0);
}
template <class T> __device__ inline T xp_right_shift(T a, T n) {
  return (unsigned long long)n < 8 * sizeof(T) ? T(a >> n) : a < 0 ? T(-1) : T(0);
}
template <class T> __device__ inline T xp_power_of_integers(T a, T n) {
  if (n < 0) return a == 1 ? T(1) : a != T(-1) ? T(0) : n % 2 == 0 ? T(1) : T(-1);
  unsigned long long x = a, y = 1;
  for (; n > 0; n >>= 1, x *= x) if (n & 1) y *= x;
  return T(y);
}
"""


# What a reduction begins with; one that has no such value begins with its first element.
_NEUTRAL = {"sum": "0", "prod": "1", "all": "true", "any": "false"}
# As many 8-byte values of 512 threads as the shared memory of a block holds, beside a flag.
_MAX_FOLDS = 11

_Parameters: TypeAlias = list[tuple[str, str]]  # the name of a dtype, and that of the parameter


def split(steps: Steps) -> list[tuple[Steps, list[int]]]:
    """The one or two kernels that `steps` take, for elements and for reductions of them, each with the positions of its results."""
    folded = {step.result.name for step in (*steps.folds, *steps.after)}
    kernels = []
    for part in (replace(steps, folds=(), after=(), combine=None), steps):
        positions = [k for k, y in enumerate(steps.outputs) if (y.name in folded) == (part is steps)]
        if positions:
            kernels.append((replace(part, outputs=tuple(steps.outputs[k] for k in positions)), positions))
    return kernels


def elementwise_kernel(steps: Steps) -> Any:
    """A `cupy.ElementwiseKernel` of the arrays that `steps` loads and of its constants; it returns a tuple of arrays.

    Raises:
        CannotTranslate: a step has no form in CUDA; names the function and the line.
    """
    import cupy  # pyright: ignore[reportMissingImports]

    return cupy.ElementwiseKernel(**elementwise_source(steps), return_tuple=True)


def reduction_kernel(steps: Steps) -> Any:
    """A `cupy.ReductionKernel` of the arrays that `steps` loads, its constants, how many elements become one, and the results.

    Raises:
        CannotTranslate: a step has no form in CUDA, named with the function and the line; or there are too many reductions.
    """
    import cupy  # pyright: ignore[reportMissingImports]

    return cupy.ReductionKernel(**reduction_source(steps))


def elementwise_source(steps: Steps) -> dict[str, str]:
    """What `cupy.ElementwiseKernel` takes: arrays a0, a1, ..., constants c0_float32, ..., results y0, y1, ..."""
    return {
        "name": _kernel_name(steps),
        "in_params": _declared(_arrays(steps) + _constants(steps)),
        "out_params": _declared(_results(steps)),
        # All is read before anything is written: a result may lie where an argument does.
        "operation": _statements(steps.steps) + _assignments(steps),
        "preamble": _preamble(steps),
    }


def reduction_source(steps: Steps) -> dict[str, str]:
    """What `cupy.ReductionKernel` takes: the same parameters and `count`; one struct holds the values of all reductions."""
    if len(steps.folds) > _MAX_FOLDS:
        raise CannotTranslate(
            f"{steps.name}: it has {len(steps.folds)} reductions; one kernel makes up to {_MAX_FOLDS}"
        )
    arrays, constants, results = _arrays(steps), [*_constants(steps), ("int64", "count")], _results(steps)
    return {
        "name": _kernel_name(steps),
        "in_params": _declared(arrays + constants),
        "out_params": _declared(results),
        "map_expr": f"xp_map({_names(arrays + constants)})",
        "reduce_expr": "xp_combine(a, b)",
        "post_map_expr": f"xp_finish(a, {_names(constants + results)})",
        # Without a neutral element CuPy refuses to reduce no elements, as NumPy does.
        "identity": "xp_values()" if _has_neutral(steps) else "",
        "reduce_type": "xp_values",
        "preamble": _preamble(steps) + _reduction_functions(steps),
    }


def _preamble(steps: Steps) -> str:
    """What stands before a kernel; CuPy itself includes its float16 only for parameters of that dtype."""
    everything = (*steps.steps, *steps.folds, *steps.after)
    has_half = any(step.result.dtype == np.float16 for step in everything)
    return ('#include "cupy/float16.cuh"\n' if has_half else "") + _PREAMBLE


def _reduction_functions(steps: Steps) -> str:
    """The struct of values, and the functions from an element to values, from two to one, and from values to the results."""
    arrays, constants = _arrays(steps), [*_constants(steps), ("int64", "count")]
    members, mapped, combined, finished = [], [], [], []
    for k, fold in enumerate(steps.folds):
        dtype, two = fold.result.dtype, [f"a.f{k}", f"b.f{k}"]
        members.append(f"{_computed(dtype)} f{k} = {_NEUTRAL.get(fold.function, '0')};\n")
        mapped.append(f"s.f{k} = {_operand(fold.operands[0], fold)};\n")
        combined.append(f"s.f{k} = {_expression(FOLDS.get(fold.function, fold.function), dtype, two, fold)};\n")
        finished.append(f"const {_C_TYPES[dtype.name]} {fold.result.name} = s.f{k};\n")
    skip = ""
    if not _has_neutral(steps):
        members.append("bool is_empty = true;\n")
        mapped.append("s.is_empty = false;\n")
        skip = "if (a.is_empty) return b;\nif (b.is_empty) return a;\n"
    functions = [] if steps.combine is None else [_fold_function(steps.combine)]
    functions += [
        f"struct xp_values {{\n{''.join(members)}}};\n",
        _function(
            "xp_values xp_map",
            _in_c(arrays + constants),
            f"{_statements(steps.steps)}xp_values s;\n{''.join(mapped)}return s;\n",
        ),
        _function(
            "xp_values xp_combine",
            "const xp_values a, const xp_values b",
            f"{skip}xp_values s = a;\n{''.join(combined)}return s;\n",
        ),
        _function(
            "void xp_finish",
            f"const xp_values s, {_in_c(constants)}, {_in_c(_results(steps), '{}& {}')}",
            f"{''.join(finished)}{_statements(steps.after)}{_assignments(steps)}",
        ),
    ]
    return "".join(functions)


def _fold_function(combine: Steps) -> str:
    """The program's own reduction, as a function of two values."""
    y = combine.outputs[0]
    parameters = [(y.dtype.name, "a0"), (y.dtype.name, "a1")]
    return _function(
        f"{_C_TYPES[y.dtype.name]} xp_fold", _in_c(parameters), f"{_statements(combine.steps)}return {y.name};\n"
    )


def _function(head: str, parameters: str, body: str) -> str:
    return f"__device__ inline {head}({parameters}) {{\n{body}}}\n"


def _has_neutral(steps: Steps) -> bool:
    return all(fold.function in _NEUTRAL for fold in steps.folds)


def _kernel_name(steps: Steps) -> str:
    return f"xp_{steps.name}" if steps.name.isidentifier() and steps.name.isascii() else "xp_kernel"


def _arrays(steps: Steps) -> _Parameters:
    return [(dtype.name, f"a{position}") for position, dtype in steps.loads.items()]


def _constants(steps: Steps) -> _Parameters:
    return [(c.dtype.name, c.name) for c in steps.constants]


def _results(steps: Steps) -> _Parameters:
    return [(y.dtype.name, f"y{k}") for k, y in enumerate(steps.outputs)]


def _declared(parameters: _Parameters) -> str:
    """Parameters as CuPy takes them."""
    return ", ".join(f"{dtype} {name}" for dtype, name in parameters)


def _in_c(parameters: _Parameters, form: str = "const {} {}") -> str:
    """Parameters of a function in C++."""
    return ", ".join(form.format(_C_TYPES[dtype], name) for dtype, name in parameters)


def _names(parameters: _Parameters) -> str:
    return ", ".join(name for _, name in parameters)


def _assignments(steps: Steps) -> str:
    return "".join(f"y{k} = {y.name};\n" for k, y in enumerate(steps.outputs))


def _statements(steps: Iterable[Step]) -> str:
    """The statements that compute each step."""
    return "".join(f"const {_C_TYPES[s.result.dtype.name]} {s.result.name} = {_value(s)};\n" for s in steps)


def _value(step: Step) -> str:
    """The expression that computes a step."""
    if step.function == "load":
        return f"a{step.position}"
    operands = [_operand(o, step) for o in step.operands]
    if step.function == "cast":
        c_type = _C_TYPES[step.result.dtype.name]
        return operands[0] if c_type == _computed(step.operands[0].dtype) else f"({c_type}){operands[0]}"
    if step.function == "**" and isinstance(step.operands[1], Constant) and step.operands[1].literal in _POWERS:
        return _POWERS[step.operands[1].literal].format(*operands)
    function = "power" if step.function == "**" else step.function
    return _expression(function, step.operands[-1].dtype, operands, step)


def _expression(function: str, dtype: np.dtype[Any], operands: Sequence[str], step: Step) -> str:
    """NumPy's `function` of operands that are computed in `dtype`."""
    form = _FORMS[dtype.kind].get(function)
    if form is None:
        raise CannotTranslate(f"{step.place} calls {function} for {dtype}, which has no form in a CUDA kernel")
    return form.format(*operands, u="unsigned long long" if dtype.itemsize == 8 else "unsigned int")


def _operand(x: Operand, step: Step) -> str:
    """An element or a number in the type that its dtype is computed in."""
    if isinstance(x, Constant) and x.literal is not None:
        return _literal(x.literal, x.dtype, step)
    if isinstance(x, Constant) and x.name == "count":
        return f"({_computed(x.dtype)})count"
    return f"(float){x.name}" if x.dtype == np.float16 else x.name


def _computed(dtype: np.dtype[Any]) -> str:
    """The type in which operations of `dtype` are computed."""
    return "float" if dtype == np.float16 else _C_TYPES[dtype.name]


def _literal(value: float, dtype: np.dtype[Any], step: Step) -> str:
    """A number of the text, rounded to `dtype` as NumPy rounds it, in the type that `dtype` is computed in."""
    with np.errstate(over="ignore"):
        number = dtype.type(value).item()
    if dtype.kind == "b":
        return str(number).lower()
    if dtype.kind != "f":
        return f"({_C_TYPES[dtype.name]}){number}{'ull' if dtype.kind == 'u' else 'll'}"
    if np.isinf(number):
        raise CannotTranslate(f"{step.place} has the number {value}, which is infinite in {dtype}")
    return f"{number!r}{'' if dtype.itemsize == 8 else 'f'}"
