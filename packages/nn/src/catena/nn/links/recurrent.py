"""LSTMs that take one time a call.

`upward`, a Linear of the input, and `lateral`, one without b of the output before, give what goes into the gates. Their rows stand as
`F.lstm` takes them: the candidate a, the input gate i, the forget gate f and the output gate o of one unit side by side.
"""

from __future__ import annotations

from typing import Any

import xparray as xp
from catena.autograd import functions as F
from catena.nn._chain import Chain
from catena.nn.functions.activation import sigmoid
from catena.nn.functions.noise import zoneout
from catena.nn.functions.recurrent import interleaved_gates, lstm_cell, tanh_times
from catena.nn.initializers import Initializer, get_initializer
from catena.nn.links._sizes import positive
from catena.nn.links._state import Stateful
from catena.nn.links.connection import Linear
from xparray import Array, device_of


class _InBlocks(Initializer):
    """Fills each `size` rows of a weight by themselves, so that the fans are those of one gate."""

    def __init__(self, initializer: Any, size: int) -> None:
        self.initializer = get_initializer(initializer)
        self.size = size
        super().__init__(getattr(self.initializer, "dtype", None))

    def fill(self, array: Array) -> None:
        for i in range(0, array.shape[0], self.size):
            self.initializer(array[i : i + self.size, ...])


class _GateBias(Initializer):
    """Fills the biases of f by one initializer, those of a, i and o by another."""

    def __init__(self, initializer: Any, forget: Any) -> None:
        other, forget = (get_initializer(x) for x in (initializer, forget))
        self.initializers = other, other, forget, other
        super().__init__(getattr(other, "dtype", None))

    def fill(self, array: Array) -> None:
        for k, initializer in enumerate(self.initializers):
            gate = xp.empty(array.shape[0] // 4, dtype=array.dtype, device=device_of(array))
            initializer(gate)
            array[k::4] = gate


class _LSTMBase(Chain):
    """The parameters of `LSTM` and `StatelessLSTM`."""

    def __init__(
        self,
        in_size: int | None,
        out_size: int | None = None,
        lateral_init: Any = None,
        upward_init: Any = None,
        bias_init: Any = None,
        forget_bias_init: Any = None,
    ) -> None:
        super().__init__()
        if out_size is None:
            in_size, out_size = None, in_size
        (self.state_size,) = positive(type(self).__name__, out_size=out_size)
        bias = _GateBias(0 if bias_init is None else bias_init, 1 if forget_bias_init is None else forget_bias_init)
        n = self.state_size
        with self.init_scope():
            self.upward = Linear(in_size, 4 * n, initialW=_InBlocks(upward_init, n), initial_bias=bias)
            self.lateral = Linear(n, 4 * n, nobias=True, initialW=_InBlocks(lateral_init, n))


class StatelessLSTM(_LSTMBase):
    """One time of an LSTM: `F.lstm` of upward(x) + lateral(h), where the caller keeps c and h.

    `upward` is a Linear with W, `(4 out_size, in_size)`, and b; `lateral` one with W, `(4 out_size, out_size)`. The rows of one unit's
    gates a, i, f and o stand side by side. W begins as LeCunNormal, each `out_size` rows by themselves, b as 1 for f and 0 for the others.

    Args:
        in_size: the number of features; None to take it from the first input. `StatelessLSTM(n)` is `StatelessLSTM(None, n)`.
        out_size: the number of units.
        lateral_init: initial lateral W: an initializer, a number, or an array for one block of rows.
        upward_init: initial upward W, likewise.
        bias_init: initial b of a, i and o: an initializer, a number, or an array `(out_size,)`.
        forget_bias_init: initial b of f, likewise.

    Raises:
        ValueError: a size is no positive integer, or an initial array has another shape.

    Source: see `F.lstm`.

    Example:
        >>> import numpy as np
        >>> layer = StatelessLSTM(3, 2)
        >>> c, h = layer(None, None, np.ones((5, 3), "float32"))
        >>> c.shape, h.shape, layer.upward.b.array.tolist()
        ((5, 2), (5, 2), [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
    """

    def forward(self, c: Array | None, h: Array | None, x: Array) -> tuple[Any, Any]:
        """The next c and h.

        Args:
            c: the cells' states, `(n, out_size)`; None for zeros.
            h: the output before, `(n, out_size)`; None for zeros.
            x: input, `(n, in_size)`.
        """
        if c is None:
            c = xp.zeros((x.shape[0], self.state_size), dtype=x.dtype, device=device_of(x))
        return lstm_cell(c, self.upward(x), None if h is None else self.lateral(h))


class LSTM(Stateful, _LSTMBase):
    """An LSTM that keeps its state: each call takes the inputs of the next time and gives the outputs.

    The parameters and their initial values are those of `StatelessLSTM`. A call may bring fewer examples than the one before: the last
    sequences are over then, and keep their c and h; so sequences of different lengths come with the longest first.

    Args:
        in_size: the number of features; None to take it from the first input. `LSTM(n)` is `LSTM(None, n)`.
        out_size: the number of units.
        lateral_init: initial lateral W: an initializer, a number, or an array for one block of rows.
        upward_init: initial upward W, likewise.
        bias_init: initial b of a, i and o: an initializer, a number, or an array `(out_size,)`.
        forget_bias_init: initial b of f, likewise.

    Attributes:
        c: the cells' states, `(n, out_size)`; None at the beginning of a sequence.
        h: the output before, `(n, out_size)`, likewise.

    Raises:
        ValueError: a size is no positive integer, or an initial array has another shape.

    Source: see `F.lstm`.

    Example:
        >>> import numpy as np
        >>> layer = LSTM(3, 2)
        >>> ys = [layer(x) for x in np.ones((4, 5, 3), "float32")]
        >>> ys[-1].shape, ys[-1] is layer.h
        ((5, 2), True)
        >>> layer.reset_state()
        >>> layer.h is None
        True
    """

    states = ("c", "h")
    c: Any
    h: Any

    def __init__(
        self,
        in_size: int | None,
        out_size: int | None = None,
        lateral_init: Any = None,
        upward_init: Any = None,
        bias_init: Any = None,
        forget_bias_init: Any = None,
    ) -> None:
        super().__init__(in_size, out_size, lateral_init, upward_init, bias_init, forget_bias_init)
        self.reset_state()

    def set_state(self, c: Array, h: Array) -> None:
        """Go on from c and h, each `(n, out_size)`: Variables or arrays, moved to where the link is."""
        self._set_state(c=c, h=h)

    def forward(self, x: Array) -> Any:
        """The outputs, `(n, out_size)`, of the inputs x, `(n, in_size)`.

        Raises:
            ValueError: there are more examples than in the call before.
        """
        n = x.shape[0]
        c = self._zeros(x) if self.c is None else self.c
        _check_fewer("LSTM", n, c, self.h)
        (c, c_over), (h, h_over) = _cut(c, n), _cut(self.h, n)
        c, y = lstm_cell(c, self.upward(x), None if h is None else self.lateral(h))
        self.c, self.h = _rejoined(c, c_over), _rejoined(y, h_over)
        return y


def _check_fewer(link: str, n: int, *states: Array | None) -> None:
    for state in states:
        if state is not None and state.shape[0] < n:
            raise ValueError(
                f"{link}: x has {n} examples, the state {state.shape[0]}; expected as many or fewer, the longest sequences first; "
                "call reset_state() to begin other sequences"
            )


def _cut(state: Any, n: int) -> tuple[Any, Any]:
    """The state of the first n examples, and that of the others, None where there are none."""
    return (state, None) if state is None or state.shape[0] == n else F.split_axis(state, [n], axis=0)


def _rejoined(state: Any, over: Any) -> Any:
    return state if over is None else F.concat((state, over), axis=0)


class _TwoStates(Stateful):
    """An LSTM that keeps c and h, with the parameters `upward` and `lateral`."""

    states = ("c", "h")
    c: Any
    h: Any

    def __init__(self, in_size: int | None, out_size: int) -> None:
        super().__init__()
        (self.state_size,) = positive(type(self).__name__, out_size=out_size)
        self.reset_state()
        with self.init_scope():
            self.upward = Linear(in_size, 4 * self.state_size)
            self.lateral = Linear(self.state_size, 4 * self.state_size, nobias=True)

    def set_state(self, c: Array, h: Array) -> None:
        """Go on from c and h, each `(n, out_size)`: Variables or arrays, moved to where the link is."""
        self._set_state(c=c, h=h)


class StatefulPeepholeLSTM(_TwoStates):
    """An LSTM whose gates look at the cells' states too.

    i and f are sigmoids of their parts of upward(x) + lateral(h) and of peep_i(c) and peep_f(c); c' = tanh(a) i + c f; o is the sigmoid
    of its part and of peep_o(c'); h' = tanh(c') o. The children are Linears whose W begin as LeCunNormal; only `upward` has b, of zeros.

    Args:
        in_size: the number of features; None to take it from the first input.
        out_size: the number of units.

    Attributes:
        c: the cells' states, `(n, out_size)`; None at the beginning of a sequence.
        h: the output before, `(n, out_size)`, likewise.

    Raises:
        ValueError: a size is no positive integer.

    Source: F. A. Gers, J. Schmidhuber, Recurrent Nets that Time and Count, IJCNN 2000, with weights between all units.

    Example:
        >>> import numpy as np
        >>> layer = StatefulPeepholeLSTM(3, 2)
        >>> layer(np.ones((5, 3), "float32")).shape, layer.peep_i.W.shape
        ((5, 2), (2, 2))
    """

    def __init__(self, in_size: int | None, out_size: int) -> None:
        super().__init__(in_size, out_size)
        with self.init_scope():
            self.peep_i = Linear(self.state_size, self.state_size, nobias=True)
            self.peep_f = Linear(self.state_size, self.state_size, nobias=True)
            self.peep_o = Linear(self.state_size, self.state_size, nobias=True)

    def forward(self, x: Array) -> Any:
        """The outputs, `(n, out_size)`, of the inputs x, `(n, in_size)`."""
        c = self._zeros(x) if self.c is None else self.c
        gates = self.upward(x) if self.h is None else F.add(self.upward(x), self.lateral(self.h))
        a, i, f, o = interleaved_gates(gates)
        i, f = F.add(i, self.peep_i(c)), F.add(f, self.peep_f(c))
        self.c = F.add(tanh_times(a, i), F.multiply(c, sigmoid(f)))
        self.h = tanh_times(self.c, F.add(o, self.peep_o(self.c)))
        return self.h


class StatefulZoneoutLSTM(_TwoStates):
    """An LSTM whose units keep their c and their h at random in training (`F.zoneout`).

    The children are Linears: `upward` with W, `(4 out_size, in_size)`, and b, `lateral` with W, `(4 out_size, out_size)`. W begins as
    LeCunNormal, b as 0.

    Args:
        in_size: the number of features; None to take it from the first input.
        out_size: the number of units.
        c_ratio: the probability that a unit keeps its c, from 0 to 1.
        h_ratio: the probability that a unit keeps its h.

    Attributes:
        c: the cells' states, `(n, out_size)`; None at the beginning of a sequence.
        h: the output before, `(n, out_size)`, likewise.

    Raises:
        ValueError: a size is no positive integer; in a call, a ratio is no probability.

    Source: D. Krueger et al., Zoneout: Regularizing RNNs by Randomly Preserving Hidden Activations, ICLR 2017,
    https://arxiv.org/abs/1606.01305.

    Example:
        >>> import numpy as np
        >>> StatefulZoneoutLSTM(3, 2)(np.ones((5, 3), "float32")).shape
        (5, 2)
    """

    def __init__(self, in_size: int | None, out_size: int, c_ratio: float = 0.5, h_ratio: float = 0.5) -> None:
        super().__init__(in_size, out_size)
        self.c_ratio = c_ratio
        self.h_ratio = h_ratio

    def forward(self, x: Array) -> Any:
        """The outputs, `(n, out_size)`, of the inputs x, `(n, in_size)`."""
        c = self._zeros(x) if self.c is None else self.c
        c_new, h_new = lstm_cell(c, self.upward(x), None if self.h is None else self.lateral(self.h))
        h = self._zeros(x) if self.h is None else self.h
        self.c, self.h = zoneout(c, c_new, self.c_ratio), zoneout(h, h_new, self.h_ratio)
        return self.h
