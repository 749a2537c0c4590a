"""Gated recurrent units that take one time a call: GRU, and MGU with a single gate."""

from __future__ import annotations

from typing import Any

from catena.autograd import functions as F
from catena.nn._chain import Chain
from catena.nn.functions.activation import sigmoid
from catena.nn.links._sizes import positive
from catena.nn.links._state import Stateful
from catena.nn.links.connection import Linear
from xparray import Array


class _GRUBase(Chain):
    """The parameters of `StatelessGRU` and `StatefulGRU`, and one time."""

    def __init__(
        self, in_size: int | None, out_size: int, init: Any = None, inner_init: Any = None, bias_init: Any = None
    ) -> None:
        super().__init__()
        (n,) = positive(type(self).__name__, out_size=out_size)
        self.state_size = n
        with self.init_scope():
            self.W_r = Linear(in_size, n, initialW=init, initial_bias=bias_init)
            self.U_r = Linear(n, n, initialW=inner_init, initial_bias=bias_init)
            self.W_z = Linear(in_size, n, initialW=init, initial_bias=bias_init)
            self.U_z = Linear(n, n, initialW=inner_init, initial_bias=bias_init)
            self.W = Linear(in_size, n, initialW=init, initial_bias=bias_init)
            self.U = Linear(n, n, initialW=inner_init, initial_bias=bias_init)

    def _next(self, h: Array, x: Array) -> Any:
        r = sigmoid(F.add(self.W_r(x), self.U_r(h)))
        z = sigmoid(F.add(self.W_z(x), self.U_z(h)))
        a = F.tanh(F.add(self.W(x), self.U(F.multiply(r, h))))
        return F.linear_interpolate(z, a, h)


class StatelessGRU(_GRUBase):
    """One time of a GRU, where the caller keeps h: h' = (1 - z) h + z a.

    r = sigmoid(W_r(x) + U_r(h)), z = sigmoid(W_z(x) + U_z(h)) and a = tanh(W(x) + U(r h)), where the six are Linears whose W begin as
    LeCunNormal, b as 0. `F.n_step_gru` has 1 - z in the place of z, and applies r after the product.

    Args:
        in_size: the number of features; None to take it from the first input.
        out_size: the number of units.
        init: initial weights of x: an initializer, a number, or an array.
        inner_init: initial weights of h, likewise.
        bias_init: initial biases, likewise.

    Raises:
        ValueError: a size is no positive integer, or an initial array has another shape.

    Source: K. Cho et al., On the Properties of Neural Machine Translation: Encoder-Decoder Approaches, SSST 2014,
    https://arxiv.org/abs/1409.1259.

    Example:
        >>> import numpy as np
        >>> StatelessGRU(3, 2)(np.zeros((5, 2), "float32"), np.ones((5, 3), "float32")).shape
        (5, 2)
    """

    def forward(self, h: Array, x: Array) -> Any:
        """The next h, `(n, out_size)`, of h, `(n, out_size)`, and x, `(n, in_size)`."""
        return self._next(h, x)


class StatefulGRU(Stateful, _GRUBase):
    """A GRU that keeps its state: each call takes the inputs of the next time and gives the outputs.

    The formula, the parameters and their initial values are those of `StatelessGRU`.

    Args:
        in_size: the number of features; None to take it from the first input.
        out_size: the number of units.
        init: initial weights of x: an initializer, a number, or an array.
        inner_init: initial weights of h, likewise.
        bias_init: initial biases, likewise.

    Attributes:
        h: the output before, `(n, out_size)`; None at the beginning of a sequence.

    Raises:
        ValueError: a size is no positive integer, or an initial array has another shape.

    Source: see `StatelessGRU`.

    Example:
        >>> import numpy as np
        >>> layer = StatefulGRU(3, 2)
        >>> ys = [layer(x) for x in np.ones((4, 5, 3), "float32")]
        >>> ys[-1].shape, ys[-1] is layer.h
        ((5, 2), True)
    """

    h: Any

    def __init__(
        self, in_size: int | None, out_size: int, init: Any = None, inner_init: Any = None, bias_init: Any = 0
    ) -> None:
        super().__init__(in_size, out_size, init, inner_init, bias_init)
        self.reset_state()

    def set_state(self, h: Array) -> None:
        """Go on from h, `(n, out_size)`: a Variable or an array, moved to where the link is."""
        self._set_state(h=h)

    def forward(self, x: Array) -> Any:
        """The outputs, `(n, out_size)`, of the inputs x, `(n, in_size)`."""
        if self.h is None:
            self.h = F.multiply(sigmoid(self.W_z(x)), F.tanh(self.W(x)))
            if not self.W_r.W.is_initialized:  # it is not called before there is an h
                self.W_r.W.initialize(self.W.W.shape)
        else:
            self.h = self._next(self.h, x)
        return self.h


class GRU(StatefulGRU):
    """`StatefulGRU` under its short name.

    Example:
        >>> import numpy as np
        >>> GRU(3, 2)(np.ones((5, 3), "float32")).shape
        (5, 2)
    """


class _MGUBase(Chain):
    """The parameters of `StatelessMGU` and `StatefulMGU`, and one time."""

    def __init__(self, n_inputs: int, n_units: int) -> None:
        super().__init__()
        self.state_size = n_units
        with self.init_scope():
            self.W_f = Linear(n_inputs + n_units, n_units)
            self.W_h = Linear(n_inputs + n_units, n_units)

    def _next(self, h: Array, x: Array) -> Any:
        f = sigmoid(self.W_f(F.concat((h, x), axis=1)))
        a = F.tanh(self.W_h(F.concat((F.multiply(f, h), x), axis=1)))
        return F.linear_interpolate(f, a, h)


class StatelessMGU(_MGUBase):
    """One time of a minimal gated unit, where the caller keeps h: h' = (1 - f) h + f a.

    f = sigmoid(W_f([h, x])) and a = tanh(W_h([f h, x])), where both are Linears whose W, `(n_units, n_units + n_inputs)`, begin as
    LeCunNormal, b as 0.

    Args:
        n_inputs: the number of features.
        n_units: the number of units.

    Raises:
        ValueError: a size is no positive integer.

    Source: G.-B. Zhou et al., Minimal Gated Unit for Recurrent Neural Networks, 2016, https://arxiv.org/abs/1603.09420.

    Example:
        >>> import numpy as np
        >>> StatelessMGU(3, 2)(np.zeros((5, 2), "float32"), np.ones((5, 3), "float32")).shape
        (5, 2)
    """

    def __init__(self, n_inputs: int, n_units: int) -> None:
        super().__init__(*positive("StatelessMGU", n_inputs=n_inputs, n_units=n_units))

    def forward(self, h: Array, x: Array) -> Any:
        """The next h, `(n, n_units)`, of h, `(n, n_units)`, and x, `(n, n_inputs)`."""
        return self._next(h, x)


class StatefulMGU(Stateful, _MGUBase):
    """A minimal gated unit that keeps its state: each call takes the inputs of the next time and gives the outputs.

    The formula, the parameters and their initial values are those of `StatelessMGU`.

    Args:
        in_size: the number of features.
        out_size: the number of units.

    Attributes:
        h: the output before, `(n, out_size)`; None at the beginning of a sequence.

    Raises:
        ValueError: a size is no positive integer.

    Source: see `StatelessMGU`.

    Example:
        >>> import numpy as np
        >>> StatefulMGU(3, 2)(np.ones((5, 3), "float32")).shape
        (5, 2)
    """

    h: Any

    def __init__(self, in_size: int, out_size: int) -> None:
        super().__init__(*positive("StatefulMGU", in_size=in_size, out_size=out_size))
        self.reset_state()

    def set_state(self, h: Array) -> None:
        """Go on from h, `(n, out_size)`: a Variable or an array, moved to where the link is."""
        self._set_state(h=h)

    def forward(self, x: Array) -> Any:
        """The outputs, `(n, out_size)`, of the inputs x, `(n, in_size)`."""
        self.h = self._next(self._zeros(x) if self.h is None else self.h, x)
        return self.h
