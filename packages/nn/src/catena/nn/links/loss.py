"""Losses with parameters: of very many classes, and of sequences of labels."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

import xparray as xp
from catena.autograd import as_array
from catena.autograd import functions as F
from catena.nn._link import Link
from catena.nn._parameter import Parameter
from catena.nn.functions._checks import check_arrays, check_axes, check_integers
from catena.nn.functions.activation import softplus
from catena.nn.functions.embedding import embed_id
from catena.nn.functions.sampled_loss import black_out, negative_sampling
from catena.nn.functions.sequence_loss import argmax_crf1d, crf1d
from catena.nn.initializers import Uniform, get_initializer
from catena.nn.links._sizes import positive
from xparray import Array, device_of
from xparray.random import get_generator


class Classes:
    """Draws classes, each with a probability in proportion to its weight: `Classes(weights)(shape)`.

    Raises:
        ValueError: the weights are no vector of numbers from 0 up, of which one is above 0.

    Example:
        >>> sorted(set(Classes([1.0, 0.0, 3.0])((100,)).tolist()))
        [0, 2]
    """

    def __init__(self, weights: Any) -> None:
        p = np.asarray(weights, np.float64)
        if p.ndim != 1 or not (np.all(p >= 0) and np.all(np.isfinite(p)) and np.any(p > 0)):
            raise ValueError(f"counts are {weights!r:.80}; expected a vector of numbers from 0 up, not all of them 0")
        self.n_class = p.size
        self.upper = np.cumsum(p)
        self.upper /= self.upper[-1]

    def __call__(self, shape: tuple[int, ...]) -> Array:
        """Classes of that shape, int64, from the process's stream of random numbers."""
        return np.searchsorted(self.upper, get_generator().uniform(shape), side="right")


class NegativeSampling(Link):
    """`F.negative_sampling` with W learned: W, `(n_class, in_size)`, begins as 0.

    Args:
        in_size: the number of features.
        counts: how often each class occurs, a list or an array, `(n_class,)`.
        sample_size: how many classes to draw for an example.
        power: classes are drawn in proportion to counts^power.
        dtype: of W; `config.dtype` unless given.

    Raises:
        ValueError: a size is no positive integer, or `counts` are no such numbers.

    Source: T. Mikolov et al., Distributed Representations of Words and Phrases and their Compositionality, NIPS 2013,
    https://arxiv.org/abs/1310.4546.

    Example:
        >>> loss = NegativeSampling(3, [10, 5, 1], 4)
        >>> round(float(loss(np.ones((2, 3), "float32"), np.array([0, 2]))), 4)  # 2 (1 + 4) log(2)
        6.9315
    """

    W: Parameter

    def __init__(
        self, in_size: int, counts: Sequence[int] | Array, sample_size: int, power: float = 0.75, dtype: Any = None
    ) -> None:
        super().__init__()
        in_size, self.sample_size = positive("NegativeSampling", in_size=in_size, sample_size=sample_size)
        self.sampler = Classes(np.asarray(counts, np.float64) ** power)
        with self.init_scope():
            self.W = Parameter(0, (self.sampler.n_class, in_size), dtype=dtype)

    def forward(self, x: Array, t: Array, reduce: Literal["sum", "no"] = "sum", *, return_samples: bool = False) -> Any:
        """`F.negative_sampling(x, t, W, sampler, sample_size, reduce)`."""
        return negative_sampling(x, t, self.W, self.sampler, self.sample_size, reduce, return_samples=return_samples)


class BlackOut(Link):
    """`F.black_out` with W learned: W, `(n_class, in_size)`, begins as LeCunNormal (mean 0, variance 1 / in_size).

    Args:
        in_size: the number of features.
        counts: how often each class occurs, a list or an array, `(n_class,)`; classes are drawn in proportion to it.
        sample_size: how many classes to draw for an example.

    Raises:
        ValueError: a size is no positive integer, or `counts` are no such numbers.

    Source: S. Ji et al., BlackOut: Speeding up Recurrent Neural Network Language Models With Very Large Vocabularies, ICLR 2016,
    https://arxiv.org/abs/1511.06909.

    Example:
        >>> BlackOut(3, [10, 5, 1], 4)(np.ones((2, 3), "float32"), np.array([0, 2])).shape
        ()
    """

    W: Parameter

    def __init__(self, in_size: int, counts: Sequence[int] | Array, sample_size: int) -> None:
        super().__init__()
        in_size, self.sample_size = positive("BlackOut", in_size=in_size, sample_size=sample_size)
        self.sampler = Classes(counts)
        with self.init_scope():
            self.W = Parameter(get_initializer(None), (self.sampler.n_class, in_size))

    def forward(self, x: Array, t: Array) -> Any:
        """`F.black_out(x, t, W, samples)`, with samples drawn at each call."""
        return black_out(x, t, self.W, self.sampler((x.shape[0], self.sample_size)))


class CRF1d(Link):
    """`F.crf1d` with the scores `cost` of a label after another, `(n_label, n_label)`, learned; they begin as 0.

    Args:
        n_label: the number of labels.
        initial_cost: initial cost: an initializer, a number, or an array.

    Raises:
        ValueError: `n_label` is no positive integer.

    Example:
        >>> xs, ys = [np.zeros((1, 3), "float32")] * 2, [np.array([0]), np.array([2])]
        >>> crf = CRF1d(3)
        >>> round(float(crf(xs, ys)), 4), [y.tolist() for y in crf.argmax(xs)[1]]
        (2.1972, [[0], [0]])
    """

    cost: Parameter

    def __init__(self, n_label: int, initial_cost: Any = None) -> None:
        super().__init__()
        (n_label,) = positive("CRF1d", n_label=n_label)
        with self.init_scope():
            self.cost = Parameter(get_initializer(0 if initial_cost is None else initial_cost), (n_label, n_label))

    def forward(
        self,
        xs: Sequence[Array],
        ys: Sequence[Array],
        reduce: Literal["mean", "no"] = "mean",
        transpose: bool = False,
    ) -> Any:
        """`F.crf1d(cost, xs, ys, reduce)`.

        Args:
            xs: scores of the labels for each time; with `transpose`, for each sequence, `(n_time, n_label)`, the longest first.
            ys: labels for each time; with `transpose`, for each sequence, `(n_time,)`.
            reduce: "mean" for the mean over the sequences, "no" for the losses.
            transpose: whether lists are over sequences, not times.
        """
        if transpose:
            xs, ys = by_time("CRF1d", "xs", xs), by_time("CRF1d", "ys", [as_array(y) for y in ys])
        return crf1d(self.cost, xs, ys, reduce)

    def argmax(self, xs: Sequence[Array], transpose: bool = False) -> tuple[Any, list[Array]]:
        """`F.argmax_crf1d(cost, xs)`; with `transpose`, xs and the labels returned are lists over sequences, not times."""
        if not transpose:
            return argmax_crf1d(self.cost, xs)
        score, path = argmax_crf1d(self.cost, by_time("CRF1d", "xs", xs))
        return score, [xp.stack([y[i] for y in path if y.shape[0] > i], axis=0) for i in range(path[0].shape[0])]


def by_time(link: str, name: str, sequences: Sequence[Array]) -> list[Any]:
    """For each time, what the sequences that are not over yet have there; the longest sequences come first.

    Raises:
        ValueError: they stand in another order.
    """
    check_arrays(link, **{f"{name}[{i}]": s for i, s in enumerate(sequences)})
    lengths = [s.shape[0] for s in sequences]
    if lengths != sorted(lengths, reverse=True):
        raise ValueError(f"{link}: {name} have the lengths {lengths}; put the longest sequences first")
    return [
        F.stack([s[i, ...] for s, n in zip(sequences, lengths, strict=True) if n > i], axis=0)
        for i in range(max(lengths, default=0))
    ]


class BinaryHierarchicalSoftmax(Link):
    """The sum over the examples of -log(p(t)), where p(t) is a product of choices on the way from the root of a tree to the leaf t.

    At an inner node with the weights w, the probability to go left is sigmoid(x w), to go right sigmoid(-x w). The weights of the inner
    nodes, in the order in which a walk that goes left first meets them, are the rows of W, `(n_inner, in_size)`, which begins evenly
    drawn from -1 to 1.

    Args:
        in_size: the number of features.
        tree: a leaf is an integer, a class; an inner node the tuple of a left and a right one. `create_huffman_tree` makes one.
        dtype: of W; `config.dtype` unless given.

    Raises:
        ValueError: `in_size` is no positive integer; a node has not two parts; a class comes twice, or is no integer from 0 up.

    Source: F. Morin, Y. Bengio, Hierarchical Probabilistic Neural Network Language Model, AISTATS 2005.

    Example:
        >>> loss = BinaryHierarchicalSoftmax(3, ((0, 1), 2))
        >>> loss.W.shape, round(float(loss(np.zeros((1, 3), "float32"), np.array([1]))), 4)  # 2 log(2)
        ((2, 3), 1.3863)
    """

    W: Parameter

    def __init__(self, in_size: int, tree: Any, dtype: Any = None) -> None:
        super().__init__()
        (in_size,) = positive("BinaryHierarchicalSoftmax", in_size=in_size)
        ways, n_inner = _ways(tree)
        # Of each class the inner nodes on its way and the directions there, 1 for left and -1 for right; 0 behind its end.
        depth = max(map(len, ways.values()))
        self.paths = np.zeros((1 + max(ways), depth), np.int64)
        self.codes = np.zeros((1 + max(ways), depth), np.int8)
        for leaf, way in ways.items():
            for k, (node, direction) in enumerate(way):
                self.paths[leaf, k], self.codes[leaf, k] = node, direction
        with self.init_scope():
            self.W = Parameter(Uniform(1), (n_inner, in_size), dtype=dtype)

    @staticmethod
    def create_huffman_tree(word_counts: Mapping[int, int]) -> Any:
        """The tree in which classes that occur more often have shorter ways.

        Args:
            word_counts: how often each class occurs, by class.

        Raises:
            ValueError: there are fewer than two classes.

        Source: D. A. Huffman, A Method for the Construction of Minimum-Redundancy Codes, Proceedings of the IRE 40 (1952).

        Example:
            >>> BinaryHierarchicalSoftmax.create_huffman_tree({0: 8, 1: 4, 2: 3, 3: 1})
            (0, (1, (3, 2)))
        """
        if len(word_counts) < 2:
            raise ValueError(f"create_huffman_tree: word_counts has {len(word_counts)} classes; expected at least two")
        trees: list[tuple[float, int, Any]] = [(n, i, leaf) for i, (leaf, n) in enumerate(word_counts.items())]
        heapq.heapify(trees)
        while len(trees) > 1:
            (n, i, left), (m, j, right) = heapq.heappop(trees), heapq.heappop(trees)
            heapq.heappush(trees, (n + m, min(i, j), (left, right)))
        return trees[0][2]

    def forward(self, x: Array, t: Array) -> Any:
        """The loss of x, `(n, in_size)`, and the classes t, integers, `(n,)`: one number.

        Raises:
            TypeError: x or t is no array, or t are no integers.
            ValueError: the shapes do not fit together, or the tree lacks a class.
        """
        name = type(self).__name__
        check_arrays(name, x=x, t=t)
        check_axes(name, "x", x, "n", "in_size")
        t = as_array(t)
        check_integers(name, "t", t, tuple(x.shape[:1]))
        classes = np.asarray(xp.to_device(t, "numpy"))
        inside = (classes >= 0) & (classes < len(self.codes))
        known = inside & (self.codes[np.where(inside, classes, 0)] != 0).any(1)
        if not known.all():
            i = int(np.flatnonzero(~known)[0])
            raise ValueError(
                f"{name}: t[{i}] is {int(classes[i])}, which is no leaf of the tree; make a tree with all classes"
            )
        device = device_of(t)
        paths, codes = (xp.to_device(v[classes], device) for v in (self.paths, self.codes))
        codes = xp.astype(codes, x.dtype)
        scores = F.squeeze(F.matmul(embed_id(paths, self.W), F.expand_dims(x, axis=2)), axis=2)
        return F.sum(F.multiply(softplus(F.multiply(scores, -codes)), codes * codes))


def _ways(tree: Any) -> tuple[dict[int, list[tuple[int, int]]], int]:
    """The way to each leaf, the inner nodes on it with the directions there, and the number of inner nodes."""
    ways: dict[int, list[tuple[int, int]]] = {}
    n_inner = 0
    waiting: list[tuple[Any, list[tuple[int, int]]]] = [(tree, [])]
    while waiting:
        node, way = waiting.pop()
        if isinstance(node, tuple):
            if len(node) != 2:
                raise ValueError(
                    f"BinaryHierarchicalSoftmax: tree has a node of {len(node)} parts, {node!r:.60}; expected two, (left, right)"
                )
            waiting += [(node[1], [*way, (n_inner, -1)]), (node[0], [*way, (n_inner, 1)])]
            n_inner += 1
        elif isinstance(node, bool) or not isinstance(node, int | np.integer) or node < 0 or node in ways:
            why = "comes twice" if node in ways else "is no integer from 0 up"
            raise ValueError(
                f"BinaryHierarchicalSoftmax: tree has the leaf {node!r:.60}, which {why}; expected one leaf for each class"
            )
        else:
            ways[int(node)] = way
    if not n_inner:
        raise ValueError(f"BinaryHierarchicalSoftmax: tree is {tree!r:.60}; expected a tuple (left, right)")
    return ways, n_inner
