"""Functions of each element, or of the elements of two arrays at the same place."""

from __future__ import annotations

from xparray._standard._declare import call, of_one, of_two
from xparray._typing import Array

__all__ = [
    "abs", "acos", "acosh", "add", "asin", "asinh", "atan", "atan2", "atanh", "bitwise_and", "bitwise_invert", "bitwise_left_shift",
    "bitwise_or", "bitwise_right_shift", "bitwise_xor", "ceil", "clip", "conj", "copysign", "cos", "cosh", "divide", "equal", "exp",
    "expm1", "floor", "floor_divide", "greater", "greater_equal", "hypot", "imag", "isfinite", "isinf", "isnan", "less", "less_equal",
    "log", "log1p", "log2", "log10", "logaddexp", "logical_and", "logical_not", "logical_or", "logical_xor", "maximum", "minimum",
    "multiply", "negative", "nextafter", "not_equal", "positive", "pow", "real", "reciprocal", "remainder", "round", "sign", "signbit",
    "sin", "sinh", "sqrt", "square", "subtract", "tan", "tanh", "trunc", "where",
]  # fmt: skip

# Arithmetic
abs = of_one("abs", "Absolute value of each element.")
add = of_two("add", "Sum of the elements.")
divide = of_two("divide", "Quotient of the elements.")
floor_divide = of_two("floor_divide", "Quotient of the elements, rounded down.")
hypot = of_two("hypot", "Square root of the sum of squares of the elements, without overflow on the way.")
multiply = of_two("multiply", "Product of the elements.")
negative = of_one("negative", "Each element with its sign changed.")
positive = of_one("positive", "Each element as it is.")
pow = of_two("pow", "The elements of `x1` to the power of those of `x2`.")
reciprocal = of_one("reciprocal", "One divided by each element.")
remainder = of_two("remainder", "What the division of the elements leaves, with the sign of `x2`.")
sqrt = of_one("sqrt", "Square root of each element.")
square = of_one("square", "Square of each element.")
subtract = of_two("subtract", "Difference of the elements.")

# Exponentials, logarithms, trigonometry
acos = of_one("acos", "Inverse cosine of each element, in radians.")
acosh = of_one("acosh", "Inverse hyperbolic cosine of each element.")
asin = of_one("asin", "Inverse sine of each element, in radians.")
asinh = of_one("asinh", "Inverse hyperbolic sine of each element.")
atan = of_one("atan", "Inverse tangent of each element, in radians.")
atan2 = of_two("atan2", "Angle, in radians, of the point whose height is in `x1` and whose width is in `x2`.")
atanh = of_one("atanh", "Inverse hyperbolic tangent of each element.")
cos = of_one("cos", "Cosine of each element, in radians.")
cosh = of_one("cosh", "Hyperbolic cosine of each element.")
exp = of_one("exp", "Exponential of each element.")
expm1 = of_one("expm1", "`exp(x) - 1` of each element, accurate near zero.")
log = of_one("log", "Natural logarithm of each element.")
log1p = of_one("log1p", "`log(1 + x)` of each element, accurate near zero.")
log2 = of_one("log2", "Logarithm to base 2 of each element.")
log10 = of_one("log10", "Logarithm to base 10 of each element.")
logaddexp = of_two("logaddexp", "`log(exp(x1) + exp(x2))` of the elements, without overflow on the way.")
sin = of_one("sin", "Sine of each element, in radians.")
sinh = of_one("sinh", "Hyperbolic sine of each element.")
tan = of_one("tan", "Tangent of each element, in radians.")
tanh = of_one("tanh", "Hyperbolic tangent of each element.")

# Parts, signs and rounding
ceil = of_one("ceil", "Each element rounded up to an integer.")
conj = of_one("conj", "Complex conjugate of each element; a real one as it is.")
copysign = of_two("copysign", "The elements of `x1` with the signs of those of `x2`.")
floor = of_one("floor", "Each element rounded down to an integer.")
imag = of_one("imag", "Imaginary part of each element.")
nextafter = of_two("nextafter", "The next number after each element of `x1` on the way to that of `x2`.")
real = of_one("real", "Real part of each element.")
round = of_one("round", "Each element rounded to the nearest integer, halves to the even one.")
sign = of_one("sign", "-1, 0 or 1 with the sign of each element; x / |x| of a complex one.")
signbit = of_one("signbit", "Whether each element has its sign bit set, as -0.0 has.")
trunc = of_one("trunc", "Each element rounded towards zero to an integer.")

# Bits and truth values
bitwise_and = of_two("bitwise_and", "Bits that are set in both elements.")
bitwise_invert = of_one("bitwise_invert", "Each element with its bits inverted.")
bitwise_left_shift = of_two(
    "bitwise_left_shift", "The elements of `x1` with bits moved up by as many places as `x2` says."
)
bitwise_or = of_two("bitwise_or", "Bits that are set in one of the elements.")
bitwise_right_shift = of_two(
    "bitwise_right_shift", "The elements of `x1` with bits moved down by as many places as `x2` says."
)
bitwise_xor = of_two("bitwise_xor", "Bits that are set in one of the elements and not in the other.")
logical_and = of_two("logical_and", "Whether both elements are true.")
logical_not = of_one("logical_not", "Whether each element is false.")
logical_or = of_two("logical_or", "Whether one of the elements is true.")
logical_xor = of_two("logical_xor", "Whether one of the elements is true and the other false.")

# Comparison and choice
equal = of_two("equal", "Whether the elements are equal.")
greater = of_two("greater", "Whether the elements of `x1` are greater.")
greater_equal = of_two("greater_equal", "Whether the elements of `x1` are greater or equal.")
isfinite = of_one("isfinite", "Whether each element is neither infinite nor NaN.")
isinf = of_one("isinf", "Whether each element is infinite.")
isnan = of_one("isnan", "Whether each element is NaN.")
less = of_two("less", "Whether the elements of `x1` are less.")
less_equal = of_two("less_equal", "Whether the elements of `x1` are less or equal.")
maximum = of_two("maximum", "The greater of the elements; NaN where one is NaN.")
minimum = of_two("minimum", "The lesser of the elements; NaN where one is NaN.")
not_equal = of_two("not_equal", "Whether the elements differ.")


def clip(x: Array, /, min: Array | float | None = None, max: Array | float | None = None) -> Array:
    """Each element of `x`, no less than `min` and no more than `max`; None sets no bound."""
    return call("clip", (x, min, max), x, min, max)


def where(condition: Array, x1: Array | complex, x2: Array | complex, /) -> Array:
    """Elements of `x1` where `condition` holds, of `x2` elsewhere."""
    return call("where", (condition, x1, x2), condition, x1, x2)
