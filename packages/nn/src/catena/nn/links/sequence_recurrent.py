"""Recurrent networks over whole sequences of any lengths, in layers, forward or in both directions.

In files, `<k>/w<j>` and `<k>/b<j>` are the weights and biases of layer k; with two directions of layer k // 2, forward where k is even.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np

import xparray as xp
from catena.autograd import functions as F
from catena.autograd.ops.scatter import placed
from catena.nn._chain import ChainList
from catena.nn._link import Link
from catena.nn._parameter import Parameter
from catena.nn.functions import sequence_recurrent
from catena.nn.functions._checks import check_floating
from catena.nn.functions._recurrence import CELLS, check_layers, cut_times, layers
from catena.nn.functions.noise import check_ratio
from catena.nn.initializers import get_initializer
from catena.nn.links._sizes import positive
from xparray import Array, device_of
from xparray._dispatch import describe


class _NStep(ChainList):
    """A ChainList of links with the weights w0, w1, ... and the biases b0, b1, ... of a layer in a direction."""

    cell: ClassVar[str]
    use_bi_direction: ClassVar[bool] = False
    rnn: Callable[..., Any]
    """The function of `catena.nn.functions` of the same layers."""

    def __init__(
        self,
        n_layers: int,
        in_size: int,
        out_size: int,
        dropout: float,
        initialW: Any = None,
        initial_bias: Any = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        n_layers, in_size, out_size = positive(name, n_layers=n_layers, in_size=in_size, out_size=out_size)
        check_ratio(dropout, name)
        self.n_layers, self.out_size, self.dropout = n_layers, out_size, dropout
        self.direction = 2 if self.use_bi_direction else 1
        W, b = get_initializer(initialW), get_initializer(0 if initial_bias is None else initial_bias)
        for k in range(n_layers * self.direction):
            layer = Link()
            width = in_size if k < self.direction else self.direction * out_size
            with layer.init_scope():
                for j in range(self.n_weights):
                    n_in = width if j < self.n_weights // 2 else out_size
                    setattr(layer, f"w{j}", Parameter(W, (out_size, n_in)))
                    setattr(layer, f"b{j}", Parameter(b, (out_size,)))
            self.add_link(layer)

    @property
    def n_weights(self) -> int:
        """The number of weights, and of biases, of a layer in a direction."""
        return 2 * CELLS[self.cell].gates

    @property
    def n_cells(self) -> int:
        """The number of states: 2 for h and c, else 1."""
        return CELLS[self.cell].states

    @property
    def ws(self) -> list[list[Parameter]]:
        """The weights, as the function takes them."""
        return self._of_layers("w")

    @property
    def bs(self) -> list[list[Parameter]]:
        """The biases, as the function takes them."""
        return self._of_layers("b")

    def _of_layers(self, letter: str) -> list[list[Parameter]]:
        return [[getattr(layer, f"{letter}{j}") for j in range(self.n_weights)] for layer in self]

    def init_hx(self, xs: Sequence[Array]) -> Any:
        """Zeros for the first states of the sequences: `(n_layers directions, n, out_size)`."""
        shape = (self.n_layers * self.direction, len(xs), self.out_size)
        return xp.zeros(shape, dtype=xs[0].dtype, device=device_of(xs[0]))

    def forward(self, hx: Array | None, xs: Sequence[Array]) -> Any:
        """h at the sequences' ends, and the outputs of the last layer.

        Args:
            hx: the first h, `(n_layers directions, n, out_size)`; None for zeros.
            xs: n sequences, `(length, in_size)`, of any lengths, 0 among them, in any order.

        Returns:
            h, `(n_layers directions, n, out_size)`, and a list with the outputs of each sequence, `(length, directions out_size)`.

        Raises:
            TypeError: an argument is no array, or not floating.
            ValueError: shapes do not fit together, or all sequences are of length 0.
        """
        (hy,), ys = self._call([hx], xs)
        return hy, ys

    def _call(self, states: Sequence[Array | None], xs: Sequence[Array]) -> tuple[list[Any], list[Any]]:
        self._check_sequences(xs)
        given = {name: self.init_hx(xs) if s is None else s for name, s in zip(("hx", "cx"), states, strict=False)}
        kind = self.cell, self.direction, self.n_layers, self.dropout
        check_layers(type(self).__name__, *kind, given, self.ws, self.bs, xs[0].shape[1])
        lengths = np.array([x.shape[0] for x in xs])
        if given["hx"].shape[1] != len(xs):
            listed = describe(list(given), list(given.values()))
            raise ValueError(
                f"{type(self).__name__}: there are {len(xs)} sequences, but first states of others ({listed})"
            )

        order = np.argsort(-lengths, kind="stable")
        running = np.arange(lengths.max())[:, None] < lengths[order]  # (time, sequence)
        # The row of each element where the sequences lie one after the other, in the order of time.
        rows = ((np.cumsum(lengths) - lengths)[order] + np.arange(lengths.max())[:, None])[running]
        by_length, home, by_time, back = (placed(i, xs[0]) for i in (order, np.argsort(order), rows, np.argsort(rows)))
        firsts = [F.gather(s, by_length, axis=1) for s in given.values()]
        x = F.gather(F.concat(xs, axis=0), by_time)
        lasts, y = layers(*kind, firsts, self.ws, self.bs, x, tuple(running.sum(axis=1).tolist()))
        ys = cut_times(F.gather(y, back), tuple(lengths.tolist()))
        return [F.gather(s, home, axis=1) for s in lasts], list(ys)

    def _check_sequences(self, xs: Any) -> None:
        name, n_in = type(self).__name__, self[0].w0.shape[1]
        if not isinstance(xs, list | tuple) or not xs:
            raise ValueError(
                f"{name}: xs is {xs!r:.60}; expected a list with an array (length, {n_in}) for each sequence"
            )
        check_floating(name, **{f"xs[{i}]": x for i, x in enumerate(xs)})
        for i, x in enumerate(xs):
            if x.ndim != 2 or x.shape[1] != n_in:
                raise ValueError(f"{name}: xs[{i}] has shape {tuple(x.shape)}; expected (length, {n_in})")
        if not any(x.shape[0] for x in xs):
            raise ValueError(f"{name}: all of the {len(xs)} sequences are of length 0; give one that is longer")


class _NStepLSTM(_NStep):
    cell = "lstm"

    def forward(self, hx: Array | None, cx: Array | None, xs: Sequence[Array]) -> Any:  # type: ignore[override]
        """h and c at the sequences' ends, and the outputs of the last layer.

        Args:
            hx: the first h, `(n_layers directions, n, out_size)`; None for zeros.
            cx: the first c, likewise.
            xs: n sequences, `(length, in_size)`, of any lengths, 0 among them, in any order.

        Returns:
            h and c, `(n_layers directions, n, out_size)`, and a list with the outputs of each sequence, `(length, directions out_size)`.

        Raises:
            TypeError: an argument is no array, or not floating.
            ValueError: shapes do not fit together, or all sequences are of length 0.
        """
        (hy, cy), ys = self._call([hx, cx], xs)
        return hy, cy, ys


class NStepLSTM(_NStepLSTM):
    """Layers of LSTMs over sequences: `F.n_step_lstm` with weights that are learned.

    A layer has w0 to w7 and b0 to b7, in the order of `F.n_step_lstm`; w begin as LeCunNormal, b as 0.

    Args:
        n_layers: the number of layers.
        in_size: the number of features.
        out_size: the number of units.
        dropout: the ratio of `F.dropout` between the layers.
        initialW: initial weights: an initializer, a number, or an array that fits them all.
        initial_bias: initial biases, likewise.

    Raises:
        ValueError: a size is no positive integer, or the ratio is no such probability.

    Source: see `F.n_step_lstm`.

    Example:
        >>> layers = NStepLSTM(2, 3, 4, 0.5)
        >>> hy, cy, ys = layers(None, None, [np.ones((5, 3), "float32"), np.ones((7, 3), "float32")])
        >>> hy.shape, [y.shape for y in ys]
        ((2, 2, 4), [(5, 4), (7, 4)])
    """

    rnn = staticmethod(sequence_recurrent.n_step_lstm)


class NStepBiLSTM(_NStepLSTM):
    """Layers of LSTMs over sequences in both directions: `F.n_step_bilstm` with weights that are learned.

    A layer in a direction has w0 to w7 and b0 to b7, in the order of `F.n_step_bilstm`; w begin as LeCunNormal, b as 0.

    Args:
        n_layers: the number of layers, each in both directions.
        in_size: the number of features.
        out_size: the number of units in each direction.
        dropout: the ratio of `F.dropout` between the layers.
        initialW: initial weights: an initializer, a number, or an array that fits them all.
        initial_bias: initial biases, likewise.

    Raises:
        ValueError: a size is no positive integer, or the ratio is no such probability.

    Source: see `F.n_step_bilstm`.

    Example:
        >>> layers = NStepBiLSTM(2, 3, 4, 0.5)
        >>> hy, cy, ys = layers(None, None, [np.ones((5, 3), "float32"), np.ones((7, 3), "float32")])
        >>> hy.shape, [y.shape for y in ys]
        ((4, 2, 4), [(5, 8), (7, 8)])
    """

    use_bi_direction = True
    rnn = staticmethod(sequence_recurrent.n_step_bilstm)


class NStepGRU(_NStep):
    """Layers of GRUs over sequences: `F.n_step_gru` with weights that are learned.

    A layer has w0 to w5 and b0 to b5, in the order of `F.n_step_gru`; w begin as LeCunNormal, b as 0.

    Args:
        n_layers: the number of layers.
        in_size: the number of features.
        out_size: the number of units.
        dropout: the ratio of `F.dropout` between the layers.
        initialW: initial weights: an initializer, a number, or an array that fits them all.
        initial_bias: initial biases, likewise.

    Raises:
        ValueError: a size is no positive integer, or the ratio is no such probability.

    Source: see `F.n_step_gru`.

    Example:
        >>> layers = NStepGRU(2, 3, 4, 0.5)
        >>> hy, ys = layers(None, [np.ones((5, 3), "float32"), np.ones((7, 3), "float32")])
        >>> hy.shape, [y.shape for y in ys]
        ((2, 2, 4), [(5, 4), (7, 4)])
    """

    cell = "gru"
    rnn = staticmethod(sequence_recurrent.n_step_gru)


class NStepBiGRU(_NStep):
    """Layers of GRUs over sequences in both directions: `F.n_step_bigru` with weights that are learned.

    A layer in a direction has w0 to w5 and b0 to b5, in the order of `F.n_step_bigru`; w begin as LeCunNormal, b as 0.

    Args:
        n_layers: the number of layers, each in both directions.
        in_size: the number of features.
        out_size: the number of units in each direction.
        dropout: the ratio of `F.dropout` between the layers.
        initialW: initial weights: an initializer, a number, or an array that fits them all.
        initial_bias: initial biases, likewise.

    Raises:
        ValueError: a size is no positive integer, or the ratio is no such probability.

    Source: see `F.n_step_bigru`.

    Example:
        >>> layers = NStepBiGRU(2, 3, 4, 0.5)
        >>> hy, ys = layers(None, [np.ones((5, 3), "float32"), np.ones((7, 3), "float32")])
        >>> hy.shape, [y.shape for y in ys]
        ((4, 2, 4), [(5, 8), (7, 8)])
    """

    cell = "gru"
    use_bi_direction = True
    rnn = staticmethod(sequence_recurrent.n_step_bigru)


class NStepRNNTanh(_NStep):
    """Plain recurrent layers over sequences: `F.n_step_rnn` with tanh and weights that are learned.

    A layer has w0, w1, b0 and b1, in the order of `F.n_step_rnn`; w begin as LeCunNormal, b as 0.

    Args:
        n_layers: the number of layers.
        in_size: the number of features.
        out_size: the number of units.
        dropout: the ratio of `F.dropout` between the layers.
        initialW: initial weights: an initializer, a number, or an array that fits them all.
        initial_bias: initial biases, likewise.

    Raises:
        ValueError: a size is no positive integer, or the ratio is no such probability.

    Source: see `F.n_step_rnn`.

    Example:
        >>> layers = NStepRNNTanh(2, 3, 4, 0.5)
        >>> hy, ys = layers(None, [np.ones((5, 3), "float32"), np.ones((7, 3), "float32")])
        >>> hy.shape, [y.shape for y in ys]
        ((2, 2, 4), [(5, 4), (7, 4)])
    """

    cell = "tanh"
    rnn = staticmethod(partial(sequence_recurrent.n_step_rnn, activation="tanh"))


class NStepBiRNNTanh(_NStep):
    """Plain recurrent layers over sequences in both directions: `F.n_step_birnn` with tanh and weights that are learned.

    A layer in a direction has w0, w1, b0 and b1, in the order of `F.n_step_birnn`; w begin as LeCunNormal, b as 0.

    Args:
        n_layers: the number of layers, each in both directions.
        in_size: the number of features.
        out_size: the number of units in each direction.
        dropout: the ratio of `F.dropout` between the layers.
        initialW: initial weights: an initializer, a number, or an array that fits them all.
        initial_bias: initial biases, likewise.

    Raises:
        ValueError: a size is no positive integer, or the ratio is no such probability.

    Source: see `F.n_step_birnn`.

    Example:
        >>> layers = NStepBiRNNTanh(2, 3, 4, 0.5)
        >>> hy, ys = layers(None, [np.ones((5, 3), "float32"), np.ones((7, 3), "float32")])
        >>> hy.shape, [y.shape for y in ys]
        ((4, 2, 4), [(5, 8), (7, 8)])
    """

    cell = "tanh"
    use_bi_direction = True
    rnn = staticmethod(partial(sequence_recurrent.n_step_birnn, activation="tanh"))


class NStepRNNReLU(_NStep):
    """Plain recurrent layers over sequences: `F.n_step_rnn` with relu and weights that are learned.

    A layer has w0, w1, b0 and b1, in the order of `F.n_step_rnn`; w begin as LeCunNormal, b as 0.

    Args:
        n_layers: the number of layers.
        in_size: the number of features.
        out_size: the number of units.
        dropout: the ratio of `F.dropout` between the layers.
        initialW: initial weights: an initializer, a number, or an array that fits them all.
        initial_bias: initial biases, likewise.

    Raises:
        ValueError: a size is no positive integer, or the ratio is no such probability.

    Source: see `F.n_step_rnn`.

    Example:
        >>> layers = NStepRNNReLU(2, 3, 4, 0.5)
        >>> hy, ys = layers(None, [np.ones((5, 3), "float32"), np.ones((7, 3), "float32")])
        >>> hy.shape, [y.shape for y in ys]
        ((2, 2, 4), [(5, 4), (7, 4)])
    """

    cell = "relu"
    rnn = staticmethod(partial(sequence_recurrent.n_step_rnn, activation="relu"))


class NStepBiRNNReLU(_NStep):
    """Plain recurrent layers over sequences in both directions: `F.n_step_birnn` with relu and weights that are learned.

    A layer in a direction has w0, w1, b0 and b1, in the order of `F.n_step_birnn`; w begin as LeCunNormal, b as 0.

    Args:
        n_layers: the number of layers, each in both directions.
        in_size: the number of features.
        out_size: the number of units in each direction.
        dropout: the ratio of `F.dropout` between the layers.
        initialW: initial weights: an initializer, a number, or an array that fits them all.
        initial_bias: initial biases, likewise.

    Raises:
        ValueError: a size is no positive integer, or the ratio is no such probability.

    Source: see `F.n_step_birnn`.

    Example:
        >>> layers = NStepBiRNNReLU(2, 3, 4, 0.5)
        >>> hy, ys = layers(None, [np.ones((5, 3), "float32"), np.ones((7, 3), "float32")])
        >>> hy.shape, [y.shape for y in ys]
        ((4, 2, 4), [(5, 8), (7, 8)])
    """

    cell = "relu"
    use_bi_direction = True
    rnn = staticmethod(partial(sequence_recurrent.n_step_birnn, activation="relu"))
