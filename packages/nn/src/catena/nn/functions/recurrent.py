"""The cells of recurrent networks: what becomes of a state and of what goes into the gates, at one time.

`a` is the candidate, `i`, `f` and `o` are the input, forget and output gates. Of arrays with more than two axes the second one holds
the units, the gates of which are computed place by place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import xparray as xp
from catena.autograd import Variable, as_variable, op
from catena.autograd import functions as F
from catena.autograd._op import Spec
from catena.nn.functions._checks import check_floating
from catena.nn.functions.activation import sigmoid
from xparray import Array
from xparray._dispatch import describe
from xparray.kernels import recurrent as kernels


@op
def lstm_cell(c: Array, x: Array, y: Array | None = None, *, interleaved: bool = True) -> tuple[Array, Array]:
    """The next c and h of an LSTM, for c, `(n, size)`, and x + y, `(n, 4 size)`; see `xparray.kernels.recurrent.lstm`."""
    return kernels.lstm(c, x, y, interleaved=interleaved)


lstm_cell.name = "lstm"  # what errors and graphs call it


@lstm_cell.vjp
def _(
    g: Sequence[Array | None],
    c: Array,
    x: Array,
    y: Array | None,
    out_spec: list[Spec],
    interleaved: bool,
    *,
    needs: tuple[bool, ...],
) -> list[Array]:
    gc, gx = kernels.lstm_grad(*filled(g, out_spec), c, x, y, interleaved=interleaved)
    return [gc, gx, gx][: len(needs)]


def filled(g: Sequence[Array | None], out_spec: list[Spec]) -> list[Array]:
    """The cotangents of the outputs in `out_spec`, with zeros where none came: Variables where others are."""
    records = any(isinstance(part, Variable) for part in g)

    def zeros(s: Spec) -> Any:
        z = xp.zeros(s.shape, dtype=s.dtype, device=s.device)
        return as_variable(z) if records else z

    return [zeros(s) if part is None else part for part, s in zip(g, out_spec, strict=False)]


def lstm(c_prev: Array, x: Array) -> tuple[Array, Array]:
    """c = tanh(a) sigmoid(i) + c_prev sigmoid(f) and h = tanh(c) sigmoid(o): an LSTM between its products.

    Args:
        c_prev: the cells' states, `(n, size, ...)`, floating.
        x: what goes into the gates, `(m, 4 size, ...)`: the a, i, f and o of one unit stand side by side. Where m is less than n,
            the last n - m sequences are over and keep their c.

    Returns:
        c, `(n, size, ...)`, and h, `(m, size, ...)`.

    Raises:
        TypeError: an argument is no array, or not floating.
        ValueError: the shapes do not fit together.

    Source: S. Hochreiter, J. Schmidhuber, Long Short-Term Memory, Neural Computation 9(8), 1997, with the forget gate of F. A. Gers,
    J. Schmidhuber, F. Cummins, Learning to Forget, Neural Computation 12(10), 2000.

    Example:
        >>> import numpy as np
        >>> c, h = lstm(np.ones((1, 1)), np.array([[0.0, 0.0, 100.0, 100.0]]))
        >>> c.tolist(), h.round(4).tolist()  # f keeps, o lets through
        ([[1.0]], [[0.7616]])
    """
    _check_cell("lstm", c_prev, x, 4, ("c_prev", "x"), whole=False)
    m = x.shape[0]
    if m == c_prev.shape[0]:
        c, h = lstm_cell(_rows(c_prev), _rows(x))
        return _unrowed(c, c_prev), _unrowed(h, c_prev)
    going, over = F.split_axis(c_prev, [m], axis=0)
    c, h = lstm_cell(_rows(going), _rows(x))
    return F.concat((_unrowed(c, going), over), axis=0), _unrowed(h, going)


def slstm(c_prev1: Array, c_prev2: Array, x1: Array, x2: Array) -> tuple[Array, Array]:
    """An LSTM of two states: c = tanh(a1) sigmoid(i1) + c_prev1 sigmoid(f1) + the same of 2, and h = tanh(c) sigmoid(o1 + o2).

    Args:
        c_prev1: the states of the first cells, `(n, size, ...)`, floating.
        c_prev2: those of the second ones, of the same shape.
        x1: what goes into the gates of the first, `(n, 4 size, ...)`: the a, i, f and o of one unit stand side by side.
        x2: that of the second.

    Returns:
        c and h, `(n, size, ...)`.

    Raises:
        TypeError: an argument is no array, or not floating.
        ValueError: the shapes do not fit together.

    Source: X. Zhu, P. Sobhani, H. Guo, Long Short-Term Memory Over Tree Structures, ICML 2015, https://arxiv.org/abs/1503.04881.

    Example:
        >>> import numpy as np
        >>> c, h = slstm(np.ones((2, 3)), np.zeros((2, 3)), np.zeros((2, 12)), np.zeros((2, 12)))
        >>> c[0].tolist(), h.shape
        ([0.5, 0.5, 0.5], (2, 3))
    """
    _check_cell("slstm", c_prev1, x1, 4, ("c_prev1", "x1"))
    _check_cell("slstm", c_prev2, x2, 4, ("c_prev2", "x2"))
    if tuple(c_prev1.shape) != tuple(c_prev2.shape):
        listed = describe(["c_prev1", "c_prev2"], [c_prev1, c_prev2])
        raise ValueError(f"slstm: the two states differ in shape ({listed}); give both the same")
    (a1, i1, f1, o1), (a2, i2, f2, o2) = (interleaved_gates(x) for x in (x1, x2))
    c = tanh_times(a1, i1) + tanh_times(a2, i2) + F.multiply(c_prev1, sigmoid(f1)) + F.multiply(c_prev2, sigmoid(f2))
    return c, tanh_times(c, F.add(o1, o2))


def tree_lstm(*inputs: Array) -> tuple[Array, Array]:
    """An LSTM with any number of children: c = tanh(a) sigmoid(i) + c1 sigmoid(f1) + c2 sigmoid(f2) + ... and h = tanh(c) sigmoid(o).

    Args:
        inputs: the children's states, each `(n, size, ...)`, floating, and behind them x, `(n, (3 + children) size, ...)`: all units' a,
            then their i and o, then the f of each child.

    Returns:
        c and h, `(n, size, ...)`.

    Raises:
        TypeError: an argument is no array, or not floating.
        ValueError: the shapes do not fit together, or there is no child.

    Source: K. S. Tai, R. Socher, C. D. Manning, Improved Semantic Representations From Tree-Structured Long Short-Term Memory
    Networks, ACL 2015, https://arxiv.org/abs/1503.00075.

    Example:
        >>> import numpy as np
        >>> c, h = tree_lstm(np.ones((2, 3)), np.ones((2, 3)), np.zeros((2, 15)))
        >>> c[0].tolist(), h.shape
        ([1.0, 1.0, 1.0], (2, 3))
    """
    if len(inputs) < 2:
        raise ValueError(
            f"tree_lstm: got {len(inputs)} arrays; expected the state of each child and x: tree_lstm(c1, c2, x)"
        )
    *cs, x = inputs
    for k, c in enumerate(cs):
        _check_cell("tree_lstm", c, x, 3 + len(cs), (f"inputs[{k}]", f"inputs[{len(cs)}]"))
    a, i, o, *fs = F.split_axis(x, 3 + len(cs), axis=1)
    state = tanh_times(a, i)
    for c, f in zip(cs, fs, strict=True):
        state = F.add(state, F.multiply(c, sigmoid(f)))
    return state, tanh_times(state, o)


def tanh_times(x: Array, gate: Array) -> Any:
    """tanh(x) sigmoid(gate)"""
    return F.multiply(F.tanh(x), sigmoid(gate))


def interleaved_gates(x: Array) -> tuple[Array, ...]:
    """The a, i, f and o of `(n, 4 size, ...)`, where those of one unit stand side by side."""
    n, width, *rest = x.shape
    return F.unstack(F.reshape(x, shape=(n, width // 4, 4, *rest)), axis=2)


# ----------------------------------------------------------------------------------------------------------- shapes


def _check_cell(function: str, c: Any, x: Any, gates: int, names: tuple[str, str], whole: bool = True) -> None:
    """Raise unless c, `(n, size, ...)`, and x, `(n, gates size, ...)`, fit together; unless `whole`, x may have fewer examples."""
    given = dict(zip(names, (c, x), strict=True))
    check_floating(function, **given)
    fits = c.ndim >= 2 and c.ndim == x.ndim and tuple(c.shape[2:]) == tuple(x.shape[2:])
    if not fits or x.shape[1] != gates * c.shape[1] or x.shape[0] > c.shape[0] or (whole and x.shape[0] < c.shape[0]):
        listed = describe(list(given), list(given.values()))
        wanted = (c.shape[0], gates * c.shape[1], *c.shape[2:]) if c.ndim >= 2 else ("n", f"{gates} size", "...")
        fewer = "" if whole else ", or fewer examples"
        raise ValueError(
            f"{function}: {names[0]} and {names[1]} do not fit together ({listed}); expected {names[1]} to be "
            f"({', '.join(map(str, wanted))}){fewer}: {gates} numbers for each unit of {names[0]}"
        )


def _rows(x: Array) -> Array:
    """`(n, size, ...)` as a matrix with the second axis last."""
    if x.ndim == 2:
        return x
    moved = F.moveaxis(x, 1, -1)
    return F.reshape(moved, shape=(math.prod(moved.shape[:-1]), x.shape[1]))


def _unrowed(y: Array, like: Array) -> Any:
    """A matrix from `_rows` in the shape of `like`."""
    if like.ndim == 2:
        return y
    n, size, *rest = like.shape
    return F.moveaxis(F.reshape(y, shape=(n, *rest, size)), -1, 1)
