"""Recurrent networks over whole sequences, in layers, forward or in both directions.

Sequences of different lengths come time by time: xs[t], `(n_t, n_in)`, has what the sequences that are not over yet have at time t, the
longest first, so that n_t never grows; `F.transpose_sequence` makes it of sequences. The links `NStepLSTM` and the others take sequences.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from catena.autograd import functions as F
from catena.nn.functions._checks import check_choice, check_floating
from catena.nn.functions._recurrence import check_layers, cut_times, layers
from xparray import Array


def _n_step(
    function: str,
    cell: str,
    directions: int,
    n_layers: int,
    dropout_ratio: float,
    states: dict[str, Array],
    ws: Sequence[Sequence[Array]],
    bs: Sequence[Sequence[Array]],
    xs: Sequence[Array],
) -> Any:
    """The states at the sequences' ends, and the outputs of the last layer, a list over times."""
    if not isinstance(xs, Sequence) or not xs:
        raise ValueError(f"{function}: xs is {xs!r:.60}; expected a list with an array (n, n_in) for each time")
    check_floating(function, **{f"xs[{t}]": x for t, x in enumerate(xs)})
    check_layers(function, cell, directions, n_layers, dropout_ratio, states, ws, bs, xs[0].shape[-1])
    most = next(iter(states.values())).shape[1]
    for t, x in enumerate(xs):
        if x.ndim != 2 or x.shape[0] > most or x.shape[1] != xs[0].shape[1]:
            raise ValueError(
                f"{function}: xs[{t}] has shape {tuple(x.shape)}; expected (n, {xs[0].shape[-1]}) with n at most {most}, "
                "the longest sequences first"
            )
        most = x.shape[0]
    sizes, first = tuple(int(x.shape[0]) for x in xs), list(states.values())
    lasts, y = layers(cell, directions, n_layers, dropout_ratio, first, ws, bs, F.concat(xs, axis=0), sizes)
    return (*lasts, list(cut_times(y, sizes)))


def n_step_lstm(
    n_layers: int,
    dropout_ratio: float,
    hx: Array,
    cx: Array,
    ws: Sequence[Sequence[Array]],
    bs: Sequence[Sequence[Array]],
    xs: Sequence[Array],
) -> tuple[Array, Array, list[Array]]:
    """Layers of LSTMs over sequences: c' = sigmoid(f) c + sigmoid(i) tanh(a) and h' = sigmoid(o) tanh(c') at each time.

    With the weights and biases 0 to 7 of a layer, i = w0 x + w4 h + b0 + b4, f = w1 x + w5 h + b1 + b5, a = w2 x + w6 h + b2 + b6 and
    o = w3 x + w7 h + b3 + b7.

    Args:
        n_layers: the number of layers, of which each takes the h of the one before as its x.
        dropout_ratio: the ratio of `F.dropout` between the layers.
        hx: the first h, `(n_layers, n, size)`.
        cx: the first c, of that shape.
        ws: for each layer a list of 8 matrices, `(size, size)`, those for x `(size, n_in)` in the first layer.
        bs: for each layer a list of 8 vectors, `(size,)`.
        xs: the input at each time, `(n_t, n_in)`, of the sequences that are not over, the longest first: n_t never grows.

    Returns:
        h and c at the end of each sequence, `(n_layers, n, size)`, and a list with the h of the last layer at each time, `(n_t, size)`.

    Raises:
        TypeError: an argument is no array, or not floating.
        ValueError: shapes do not fit together, or the ratio is no such probability.

    Source: see `F.lstm`.

    Example:
        >>> import numpy as np
        >>> hx = np.zeros((1, 2, 3))
        >>> ws = [[np.zeros((3, 4))] * 4 + [np.zeros((3, 3))] * 4]
        >>> hy, cy, ys = n_step_lstm(1, 0.5, hx, hx + 1, ws, [[np.zeros(3)] * 8], [np.ones((2, 4)), np.ones((1, 4))])
        >>> cy[0, :, 0].tolist(), [y.shape for y in ys]  # the longer sequence forgets twice
        ([0.25, 0.5], [(2, 3), (1, 3)])
    """
    return _n_step("n_step_lstm", "lstm", 1, n_layers, dropout_ratio, {"hx": hx, "cx": cx}, ws, bs, xs)


def n_step_bilstm(
    n_layers: int,
    dropout_ratio: float,
    hx: Array,
    cx: Array,
    ws: Sequence[Sequence[Array]],
    bs: Sequence[Sequence[Array]],
    xs: Sequence[Array],
) -> tuple[Array, Array, list[Array]]:
    """`n_step_lstm` in both directions: a layer's output is the h of the one that goes forward, and beside it of the one that goes back.

    Args:
        n_layers: the number of layers.
        dropout_ratio: the ratio of `F.dropout` between the layers.
        hx: the first h, `(2 n_layers, n, size)`: forward and back of the first layer, then of the next.
        cx: the first c, of that shape.
        ws: for each row of hx a list of 8 matrices, `(size, size)`, those for x `(size, n_in)` in the first layer, `(size, 2 size)` above.
        bs: for each row of hx a list of 8 vectors, `(size,)`.
        xs: as in `n_step_lstm`.

    Returns:
        h and c at the end of each sequence, or back at its beginning, `(2 n_layers, n, size)`, and a list of `(n_t, 2 size)`.

    Raises:
        TypeError: an argument is no array, or not floating.
        ValueError: shapes do not fit together, or the ratio is no such probability.

    Source: M. Schuster, K. K. Paliwal, Bidirectional Recurrent Neural Networks, IEEE Transactions on Signal Processing 45(11), 1997.

    Example:
        >>> import numpy as np
        >>> hx, w = np.zeros((2, 2, 3)), [np.zeros((3, 4))] * 4 + [np.zeros((3, 3))] * 4
        >>> hy, cy, ys = n_step_bilstm(1, 0.5, hx, hx, [w, w], [[np.zeros(3)] * 8] * 2, [np.ones((2, 4)), np.ones((1, 4))])
        >>> cy.shape, [y.shape for y in ys]
        ((2, 2, 3), [(2, 6), (1, 6)])
    """
    return _n_step("n_step_bilstm", "lstm", 2, n_layers, dropout_ratio, {"hx": hx, "cx": cx}, ws, bs, xs)


def n_step_gru(
    n_layers: int,
    dropout_ratio: float,
    hx: Array,
    ws: Sequence[Sequence[Array]],
    bs: Sequence[Sequence[Array]],
    xs: Sequence[Array],
) -> tuple[Array, list[Array]]:
    """Layers of GRUs over sequences: h' = (1 - z) a + z h at each time.

    With the weights and biases 0 to 5 of a layer, r = sigmoid(w0 x + w3 h + b0 + b3), z = sigmoid(w1 x + w4 h + b1 + b4) and
    a = tanh(w2 x + b2 + r (w5 h + b5)).

    Args:
        n_layers: the number of layers, of which each takes the h of the one before as its x.
        dropout_ratio: the ratio of `F.dropout` between the layers.
        hx: the first h, `(n_layers, n, size)`.
        ws: for each layer a list of 6 matrices, `(size, size)`, those for x `(size, n_in)` in the first layer.
        bs: for each layer a list of 6 vectors, `(size,)`.
        xs: the input at each time, `(n_t, n_in)`, of the sequences that are not over, the longest first: n_t never grows.

    Returns:
        h at the end of each sequence, `(n_layers, n, size)`, and a list with the h of the last layer at each time, `(n_t, size)`.

    Raises:
        TypeError: an argument is no array, or not floating.
        ValueError: shapes do not fit together, or the ratio is no such probability.

    Source: K. Cho et al., Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation, EMNLP 2014,
    with the reset gate applied after the product, as in cuDNN.

    Example:
        >>> import numpy as np
        >>> ws = [[np.zeros((3, 4))] * 3 + [np.zeros((3, 3))] * 3]
        >>> hy, ys = n_step_gru(1, 0.5, np.ones((1, 2, 3)), ws, [[np.zeros(3)] * 6], [np.ones((2, 4)), np.ones((1, 4))])
        >>> hy[0, :, 0].tolist(), [y.shape for y in ys]
        ([0.25, 0.5], [(2, 3), (1, 3)])
    """
    return _n_step("n_step_gru", "gru", 1, n_layers, dropout_ratio, {"hx": hx}, ws, bs, xs)


def n_step_bigru(
    n_layers: int,
    dropout_ratio: float,
    hx: Array,
    ws: Sequence[Sequence[Array]],
    bs: Sequence[Sequence[Array]],
    xs: Sequence[Array],
) -> tuple[Array, list[Array]]:
    """`n_step_gru` in both directions; shapes and order are those of `n_step_bilstm`.

    Example:
        >>> import numpy as np
        >>> hx, w = np.zeros((2, 2, 3)), [np.zeros((3, 4))] * 3 + [np.zeros((3, 3))] * 3
        >>> hy, ys = n_step_bigru(1, 0.5, hx, [w, w], [[np.zeros(3)] * 6] * 2, [np.ones((2, 4)), np.ones((1, 4))])
        >>> hy.shape, [y.shape for y in ys]
        ((2, 2, 3), [(2, 6), (1, 6)])
    """
    return _n_step("n_step_bigru", "gru", 2, n_layers, dropout_ratio, {"hx": hx}, ws, bs, xs)


def n_step_rnn(
    n_layers: int,
    dropout_ratio: float,
    hx: Array,
    ws: Sequence[Sequence[Array]],
    bs: Sequence[Sequence[Array]],
    xs: Sequence[Array],
    activation: Literal["tanh", "relu"] = "tanh",
) -> tuple[Array, list[Array]]:
    """Layers of plain recurrent networks over sequences: h' = activation(w0 x + w1 h + b0 + b1) at each time.

    Args:
        n_layers: the number of layers, of which each takes the h of the one before as its x.
        dropout_ratio: the ratio of `F.dropout` between the layers.
        hx: the first h, `(n_layers, n, size)`.
        ws: for each layer a list of 2 matrices, `(size, size)`, that for x `(size, n_in)` in the first layer.
        bs: for each layer a list of 2 vectors, `(size,)`.
        xs: the input at each time, `(n_t, n_in)`, of the sequences that are not over, the longest first: n_t never grows.
        activation: "tanh" or "relu".

    Returns:
        h at the end of each sequence, `(n_layers, n, size)`, and a list with the h of the last layer at each time, `(n_t, size)`.

    Raises:
        TypeError: an argument is no array, or not floating.
        ValueError: shapes do not fit together, the activation is unknown, or the ratio is no such probability.

    Source: J. L. Elman, Finding Structure in Time, Cognitive Science 14(2), 1990.

    Example:
        >>> import numpy as np
        >>> ws, bs = [[np.ones((1, 1))] * 2], [[np.zeros(1)] * 2]
        >>> hy, ys = n_step_rnn(1, 0.5, np.zeros((1, 2, 1)), ws, bs, [np.ones((2, 1)), np.ones((1, 1))], "relu")
        >>> hy[0, :, 0].tolist(), [y.shape for y in ys]
        ([2.0, 1.0], [(2, 1), (1, 1)])
    """
    check_choice("n_step_rnn", "activation", activation, "tanh", "relu")
    return _n_step("n_step_rnn", activation, 1, n_layers, dropout_ratio, {"hx": hx}, ws, bs, xs)


def n_step_birnn(
    n_layers: int,
    dropout_ratio: float,
    hx: Array,
    ws: Sequence[Sequence[Array]],
    bs: Sequence[Sequence[Array]],
    xs: Sequence[Array],
    activation: Literal["tanh", "relu"] = "tanh",
) -> tuple[Array, list[Array]]:
    """`n_step_rnn` in both directions; shapes and order are those of `n_step_bilstm`.

    Example:
        >>> import numpy as np
        >>> hx, w = np.zeros((2, 2, 3)), [np.zeros((3, 4)), np.zeros((3, 3))]
        >>> hy, ys = n_step_birnn(1, 0.5, hx, [w, w], [[np.zeros(3)] * 2] * 2, [np.ones((2, 4)), np.ones((1, 4))])
        >>> hy.shape, [y.shape for y in ys]
        ((2, 2, 3), [(2, 6), (1, 6)])
    """
    check_choice("n_step_birnn", "activation", activation, "tanh", "relu")
    return _n_step("n_step_birnn", activation, 2, n_layers, dropout_ratio, {"hx": hx}, ws, bs, xs)
