"""LSTMs over trees: a node takes the states of its children."""

from __future__ import annotations

from typing import Any

import xparray as xp
from catena.autograd import functions as F
from catena.nn._chain import Chain
from catena.nn.functions.recurrent import tanh_times, tree_lstm
from catena.nn.links._sizes import positive
from catena.nn.links.connection import Linear
from xparray import Array, device_of


class ChildSumTreeLSTM(Chain):
    """A node with any number of children, whose order does not matter: `layer(c1, c2, ..., h1, h2, ..., x)` gives its c and h.

    It is `F.tree_lstm` of the children's c and of W_x(x), to whose a, i and o `W_h_aio` of the sum of the children's h is added, and
    to whose f, for each child, `W_h_f` of its h. The children links are Linears: W_x with W, `(4 out_size, in_size)`, and b, W_h_aio,
    `(3 out_size, out_size)`, and W_h_f, `(out_size, out_size)`. W begins as LeCunNormal, b as 0.

    Args:
        in_size: the number of features; None to take it from the first input.
        out_size: the number of units.

    Raises:
        ValueError: a size is no positive integer.

    Source: K. S. Tai, R. Socher, C. D. Manning, Improved Semantic Representations From Tree-Structured Long Short-Term Memory
    Networks, ACL 2015, https://arxiv.org/abs/1503.00075.

    Example:
        >>> import numpy as np
        >>> node, x = ChildSumTreeLSTM(3, 2), np.ones((5, 3), "float32")
        >>> (c1, h1), (c2, h2) = node(x), node(2 * x)
        >>> c, h = node(c1, c2, h1, h2, x)
        >>> c.shape, h.shape
        ((5, 2), (5, 2))
    """

    def __init__(self, in_size: int | None, out_size: int) -> None:
        super().__init__()
        (n,) = positive("ChildSumTreeLSTM", out_size=out_size)
        self.in_size, self.state_size = in_size, n
        with self.init_scope():
            self.W_x = Linear(in_size, 4 * n)
            self.W_h_aio = Linear(n, 3 * n, nobias=True)
            self.W_h_f = Linear(n, n, nobias=True)

    def forward(self, *cshsx: Array | None) -> tuple[Any, Any]:
        """c and h, `(n, out_size)`, of the node.

        Args:
            cshsx: the c of each child, then the h of each, `(n, out_size)`, and x, `(n, in_size)`; None stands for zeros.

        Raises:
            ValueError: there are not as many c as h, or all are None.
        """
        cs, hs, x = _family("ChildSumTreeLSTM", cshsx, len(cshsx) // 2, self.in_size, self.state_size)
        gates = self.W_x(x)
        if not cs:
            a, i, o, _ = F.split_axis(gates, 4, axis=1)
            c = tanh_times(a, i)
            return c, tanh_times(c, o)
        aio, f = F.split_axis(gates, [3 * self.state_size], axis=1)
        total = hs[0]
        for h in hs[1:]:
            total = F.add(total, h)
        # The same weights for all children: one product.
        fs = F.split_axis(self.W_h_f(F.concat(hs, axis=0)), len(hs), axis=0)
        return tree_lstm(*cs, F.concat([F.add(aio, self.W_h_aio(total)), *(F.add(f, part) for part in fs)], axis=1))


class NaryTreeLSTM(Chain):
    """A node with `n_ary` children in order, each with weights of its own: `layer(c1, c2, h1, h2, x)` gives its c and h.

    It is `F.tree_lstm` of the children's c and of W_x(x) + W_h1(h1) + W_h2(h2) + ...: Linears with W, `((3 + n_ary) out_size, in_size)` and
    `((3 + n_ary) out_size, out_size)`, that begin as LeCunNormal; W_x has b, of zeros.

    Args:
        in_size: the number of features; None to take it from the first input.
        out_size: the number of units.
        n_ary: the number of children.

    Raises:
        ValueError: a size or the number is no positive integer.

    Source: that of `ChildSumTreeLSTM`, with the weights of S. R. Bowman et al., A Fast Unified Model for Parsing and Sentence
    Understanding, ACL 2016, https://arxiv.org/abs/1603.06021.

    Example:
        >>> import numpy as np
        >>> node = NaryTreeLSTM(3, 2)
        >>> c, h = node(None, None, None, None, np.ones((5, 3), "float32"))
        >>> c, h = node(c, c, h, h, np.ones((5, 3), "float32"))
        >>> c.shape, h.shape, node.W_h2.W.shape
        ((5, 2), (5, 2), (10, 2))
    """

    def __init__(self, in_size: int | None, out_size: int, n_ary: int = 2) -> None:
        super().__init__()
        n, self.n_ary = positive("NaryTreeLSTM", out_size=out_size, n_ary=n_ary)
        self.in_size, self.state_size = in_size, n
        with self.init_scope():
            self.W_x = Linear(in_size, (3 + self.n_ary) * n)
            for i in range(1, self.n_ary + 1):
                setattr(self, f"W_h{i}", Linear(n, (3 + self.n_ary) * n, nobias=True))

    def forward(self, *cshsx: Array | None) -> tuple[Any, Any]:
        """c and h, `(n, out_size)`, of the node.

        Args:
            cshsx: the c of each child, then the h of each, `(n, out_size)`, and x, `(n, in_size)`; None stands for zeros.

        Raises:
            ValueError: there are not `n_ary` of c and of h, or all are None.
        """
        given = cshsx[self.n_ary : -1]
        cs, _, x = _family("NaryTreeLSTM", cshsx, self.n_ary, self.in_size, self.state_size)
        gates = self.W_x(x)
        for i, h in enumerate(given, start=1):
            if h is not None:
                gates = F.add(gates, getattr(self, f"W_h{i}")(h))
        return tree_lstm(*cs, gates)


def _family(
    link: str, cshsx: tuple[Array | None, ...], children: int, in_size: int | None, size: int
) -> tuple[list[Any], list[Any], Any]:
    """The c and the h of the children, and x, with zeros in the place of None."""
    if len(cshsx) != 2 * children + 1:
        each = f"{children} children" if link == "NaryTreeLSTM" else "each child"
        raise ValueError(f"{link}: got {len(cshsx)} arguments; expected the c of {each}, the h of {each}, and x")
    like = next((part for part in (cshsx[-1], *cshsx) if part is not None), None)
    if like is None:
        raise ValueError(f"{link}: all of the {len(cshsx)} arguments are None; give x, or the state of a child")
    if cshsx[-1] is None and in_size is None:
        raise ValueError(f"{link}: x is None, and its size is not known yet; give in_size, or call it with an x first")

    def zeros(n: Any) -> Any:
        return xp.zeros((like.shape[0], n), dtype=like.dtype, device=device_of(like))

    states = [zeros(size) if part is None else part for part in cshsx[:-1]]
    return states[:children], states[children:], zeros(in_size) if cshsx[-1] is None else cshsx[-1]
