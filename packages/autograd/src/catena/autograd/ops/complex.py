"""Complex numbers: their parts and conjugates, and what rules need to be right for them.

The gradient of a real L in z = a + i b is dL/da + i dL/db, that of steepest ascent (as in PyTorch; K. Kreutz-Delgado, The Complex
Gradient Operator and the CR-Calculus, 2009). With it, the cotangent of the argument of a function f with a complex derivative is
g conj(f'(z)); that of a linear function is its adjoint. Of a real argument, the real part of a cotangent counts; it is taken where
the argument ends: at a leaf, or at a function that makes real numbers of complex ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import xparray as xp
from catena.autograd._op import Spec, elementwise_op
from catena.autograd.ops import shape
from xparray import Array
from xparray._dispatch import SCALARS, dtype_name

# Both are types of what NumPy's operators return, and have `dtype.kind`.
_HOST = (np.ndarray, np.generic)


def is_complex(x: Any) -> bool:
    """Whether an array, a Variable, a Spec or a Python number is complex."""
    if isinstance(x, _HOST):
        return x.dtype.kind == "c"
    return type(x) is complex if type(x) in SCALARS else dtype_name(x.dtype).startswith("complex")


def conjugate(x: Any) -> Any:
    """x itself where it is real, else its complex conjugate: for rules, at the least cost."""
    if isinstance(x, _HOST):
        return x if x.dtype.kind != "c" else x.conj()
    if type(x) in SCALARS:
        return x.conjugate() if type(x) is complex else x
    return conj(x) if is_complex(x) else x


def real_part(x: Any) -> Any:
    """x itself where it is real, else its real part."""
    return real(x) if is_complex(x) else x


def adjoint(x: Any) -> Any:
    """The conjugate transposes of matrices."""
    return conjugate(x.mT)


def fitted(g: Any, x: Spec) -> Any:
    """The cotangent g in the dtype of its input x, floating for an integer one."""
    if g.dtype == x.dtype or not dtype_name(x.dtype).startswith(("float", "complex")):
        return g
    if not is_complex(x):
        g = real_part(g)
    return g if g.dtype == x.dtype else shape.astype(g, dtype=x.dtype)


@elementwise_op
def conj(x: Array) -> Array:
    """Complex conjugate; a real x as it is."""
    return xp.conj(x)


conj.vjps(x=lambda g: conjugate(g))


@elementwise_op
def real(x: Array) -> Array:
    """Real part."""
    return xp.real(x)


real.vjps(x=lambda g, x_spec: fitted(real_part(g), x_spec))


@elementwise_op
def imag(x: Array) -> Array:
    """Imaginary part; zeros for a real x."""
    return xp.imag(x)


imag.vjps(x=lambda g, x_spec: fitted(real_part(g) * 1j, x_spec))
