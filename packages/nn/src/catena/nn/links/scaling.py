"""Learned numbers by themselves, added to an input or multiplied with it."""

from __future__ import annotations

from typing import Any

from catena.autograd import functions as F
from catena.nn import _parameter
from catena.nn._link import Link
from catena.nn.initializers import One, Zero
from xparray import Array
from xparray._dispatch import describe


class Parameter(Link):
    """A link of one parameter, W, which a call returns.

    Args:
        array: initial W, which is the parameter's own memory.

    Example:
        >>> import numpy as np
        >>> Parameter(np.ones(3))().shape
        (3,)
    """

    W: _parameter.Parameter

    def __init__(self, array: Array) -> None:
        super().__init__()
        with self.init_scope():
            self.W = _parameter.Parameter(array)

    def forward(self) -> Any:
        """W itself."""
        return self.W


class Bias(Link):
    """x + b, where the axes of b are those of x from `axis` on.

    b, of the given shape, begins as 0; without a shape there is none, and a call gives it as its second argument.

    Args:
        axis: the axis of x that is the first of b.
        shape: of b; None for a b that comes with each call.

    Raises:
        ValueError: in a call, the shapes do not fit together, or there is a b too few or too many.

    Example:
        >>> import numpy as np
        >>> Bias(1, (3,))(np.ones((2, 3, 4))).shape
        (2, 3, 4)
        >>> Bias(0)(np.ones((2, 3)), np.array([1.0, 2.0])).tolist()
        [[2.0, 2.0, 2.0], [3.0, 3.0, 3.0]]
    """

    b: _parameter.Parameter

    def __init__(self, axis: int = 1, shape: Any = None) -> None:
        super().__init__()
        self.axis = axis
        self.has_own = shape is not None
        if self.has_own:
            with self.init_scope():
                self.b = _parameter.Parameter(Zero(), shape)

    def forward(self, *xs: Array) -> Any:
        """x + b of `(x,)`, or of `(x, b)` where the link has no b of its own."""
        x, b = _pair("Bias", xs, self.b if self.has_own else None, "b")
        return F.add(x, _aligned("Bias", x, b, self.axis, "b"))


class Scale(Link):
    """W x, elementwise, where the axes of W are those of x from `axis` on, and with `bias_term` also + b.

    W, of the given shape, begins as 1; without a shape there is none, and a call gives it as its second argument. The child `bias`
    is a `Bias`.

    Args:
        axis: the axis of x that is the first of W.
        W_shape: of W; None for a W that comes with each call.
        bias_term: add a bias.
        bias_shape: of the bias, where W_shape is None; else it has that of W.

    Raises:
        ValueError: a bias without W_shape and bias_shape; in a call, shapes that do not fit, or a W too few or too many.

    Example:
        >>> import numpy as np
        >>> layer = Scale(1, (3,), bias_term=True)
        >>> layer(np.ones((2, 3, 4))).shape, sorted(name for name, _ in layer.namedparams())
        ((2, 3, 4), ['/W', '/bias/b'])
    """

    W: _parameter.Parameter
    bias: Bias

    def __init__(self, axis: int = 1, W_shape: Any = None, bias_term: bool = False, bias_shape: Any = None) -> None:
        super().__init__()
        self.axis = axis
        self.has_own = W_shape is not None
        self.bias_term = bias_term
        shape = W_shape if self.has_own else bias_shape
        if bias_term and shape is None:
            raise ValueError("Scale: bias_term is True without W_shape; give the bias's shape too, as bias_shape=(3,)")
        with self.init_scope():
            if self.has_own:
                self.W = _parameter.Parameter(One(), W_shape)
            if bias_term:
                self.bias = Bias(axis, shape)

    def forward(self, *xs: Array) -> Any:
        """W x of `(x,)`, or of `(x, W)` where the link has no W of its own."""
        x, W = _pair("Scale", xs, self.W if self.has_own else None, "W")
        y = F.multiply(x, _aligned("Scale", x, W, self.axis, "W"))
        return self.bias(y) if self.bias_term else y


def _pair(link: str, xs: tuple[Array, ...], own: Any, name: str) -> tuple[Any, Any]:
    """The input, and the link's own array or the one that came with the call."""
    expected = 1 if own is not None else 2
    if len(xs) != expected:
        of = (
            f"x alone, since the link has its own {name}"
            if own is not None
            else f"x and {name}, since the link has none"
        )
        raise ValueError(f"{link}: the call has {len(xs)} arguments; expected {of}")
    return xs[0], xs[1] if own is None else own


def _aligned(link: str, x: Any, y: Any, axis: int, name: str) -> Any:
    """y with axes of length 1 behind, so that its first axis meets the given one of x."""
    first = axis + x.ndim if axis < 0 else axis
    if tuple(x.shape[first : first + y.ndim]) != tuple(y.shape) or not 0 <= first <= x.ndim:
        raise ValueError(
            f"{link}: {name} has shape {tuple(y.shape)}, expected that of x from axis {axis} on ({describe(['x', name], [x, y])}); "
            f"give another axis or reshape {name}"
        )
    return F.reshape(y, shape=(*y.shape, *(1,) * (x.ndim - first - y.ndim)))
