"""Losses of very many classes, of which a few are looked at: those that are right and some drawn at random."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import xparray as xp
from catena.autograd import as_array
from catena.autograd import functions as F
from catena.nn.functions._checks import check_arrays, check_axes, check_choice, check_integers, check_range, reduced
from catena.nn.functions.activation import softplus
from catena.nn.functions.embedding import embed_id
from xparray import Array, device_of
from xparray._dispatch import describe


def negative_sampling(
    x: Array,
    t: Array,
    W: Array,
    sampler: Callable[[tuple[int, ...]], Array],
    sample_size: int,
    reduce: Literal["sum", "no"] = "sum",
    *,
    samples: Array | None = None,
    return_samples: bool = False,
) -> Any:
    """-log(sigmoid(x w_t)) - sum_k log(sigmoid(-x w_k)), with classes k drawn at random and w_i a row of W.

    Args:
        x: inputs, `(n, n_in)`.
        t: labels, integers from 0 to n_class - 1, or -1 for what does not count, `(n,)`.
        W: weights, `(n_class, n_in)`.
        sampler: `sampler(shape)` draws classes, integers of that shape.
        sample_size: how many to draw for an example.
        reduce: "sum" for one number, "no" for the losses, `(n,)`.
        samples: the classes instead of drawing them, `(n, sample_size)`.
        return_samples: return the pair of the loss and the samples.

    Raises:
        TypeError: the labels are no integers, or an argument is no array.
        ValueError: shapes do not fit together, a label or a sample is out of range, or `reduce` is unknown.

    Source: T. Mikolov et al., Distributed Representations of Words and Phrases and their Compositionality, NIPS 2013,
    https://arxiv.org/abs/1310.4546.

    Example:
        >>> import numpy as np
        >>> x, W = np.ones((1, 2)), np.zeros((5, 2))
        >>> loss = negative_sampling(x, np.array([0]), W, lambda shape: np.ones(shape, int), 3)
        >>> round(float(loss / np.log(2)), 4)
        4.0
    """
    check_choice("negative_sampling", "reduce", reduce, "sum", "no")
    t = _checked("negative_sampling", x, t, W, ignored=-1)
    n = x.shape[0]
    drawn = sampler((n, sample_size)) if samples is None else samples
    drawn = _samples("negative_sampling", drawn, (n, sample_size), W, t)
    counts = xp.expand_dims(t != -1, axis=1)
    right = xp.where(counts, xp.expand_dims(t, axis=1), 0)
    scores = _scores(x, xp.concat((right, drawn), axis=1), W)
    ones = xp.ones((1, 1 + sample_size), dtype=x.dtype, device=device_of(t))
    signs = xp.where(xp.arange(1 + sample_size, device=device_of(t)) == 0, -ones, ones)
    terms = F.multiply(softplus(F.multiply(scores, signs)), xp.astype(counts, x.dtype))
    loss = reduced(F.sum(terms, axis=1), reduce)
    return (loss, drawn) if return_samples else loss


def black_out(x: Array, t: Array, W: Array, samples: Array, reduce: Literal["mean", "no"] = "mean") -> Array:
    """-log(p_t) - sum_k log(1 - p_k) with p the softmax of the scores x w_i of the class that is right and those sampled.

    Args:
        x: inputs, `(n, n_in)`.
        t: labels, integers from 0 to n_class - 1, `(n,)`.
        W: weights, `(n_class, n_in)`.
        samples: other classes, drawn at random, `(n, n_sample)`.
        reduce: "mean" for one number, "no" for the losses, `(n,)`.

    Raises:
        TypeError: the labels are no integers, or an argument is no array.
        ValueError: shapes do not fit together, a label or a sample is out of range, or `reduce` is unknown.

    Source: S. Ji et al., BlackOut: Speeding up Recurrent Neural Network Language Models With Very Large Vocabularies, ICLR 2016,
    https://arxiv.org/abs/1511.06909.

    Example:
        >>> import numpy as np
        >>> loss = black_out(np.ones((1, 2)), np.array([0]), np.zeros((5, 2)), np.array([[1]]))
        >>> round(float(loss / np.log(2)), 4)
        2.0
    """
    check_choice("black_out", "reduce", reduce, "mean", "no")
    t = _checked("black_out", x, t, W, ignored=None)
    check_arrays("black_out", samples=samples)
    check_axes("black_out", "samples", samples, "n", "n_sample")
    samples = _samples("black_out", samples, (x.shape[0], samples.shape[1]), W, t)
    scores = _scores(x, xp.concat((xp.expand_dims(t, axis=1), samples), axis=1), W)
    logp = F.subtract(scores, F.logsumexp(scores, axis=1, keepdims=True))
    others = F.log(-F.expm1(logp[:, 1:]))  # log(1 - p) without the rounding error of 1 - p
    return reduced(-F.add(logp[:, 0], F.sum(others, axis=1)), reduce, x.shape[0])


def _checked(function: str, x: Array, t: Array, W: Array, *, ignored: int | None) -> Array:
    """The labels, once the inputs fit together."""
    check_arrays(function, x=x, t=t, W=W)
    check_axes(function, "x", x, "n", "n_in")
    check_axes(function, "W", W, "n_class", "n_in")
    if x.shape[1] != W.shape[1]:
        raise ValueError(
            f"{function}: x has {x.shape[1]} features, W expects {W.shape[1]} ({describe('xW', [x, W])}); "
            f"make W for {x.shape[1]} features"
        )
    t = as_array(t)
    check_integers(function, "t", t, tuple(x.shape[:1]))
    check_range(function, "t", t, 0, W.shape[0] - 1, ignored)
    return t


def _samples(function: str, samples: Array, shape: tuple[int, int], W: Array, t: Array) -> Array:
    """The samples beside the labels, in their dtype."""
    samples = as_array(samples)
    check_arrays(function, samples=samples)
    check_integers(function, "samples", samples, shape)
    check_range(function, "samples", samples, 0, W.shape[0] - 1)
    return xp.astype(xp.to_device(samples, device_of(t)), t.dtype, copy=False)


def _scores(x: Array, classes: Array, W: Array) -> Any:
    """x w_i for each class i in a row of `classes`, `(n, n_classes)`."""
    return F.squeeze(F.matmul(embed_id(classes, W), F.expand_dims(x, axis=2)), axis=2)
