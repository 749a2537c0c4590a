"""Losses that order examples: margins between classes, and distances between embeddings."""

from __future__ import annotations

from typing import Any, Literal

import xparray as xp
from catena.autograd import as_array
from catena.autograd import functions as F
from catena.nn.functions._checks import (
    check_alike,
    check_arrays,
    check_axes,
    check_choice,
    check_integers,
    check_labels,
    check_range,
    reduced,
)
from catena.nn.functions.rectifiers import relu
from xparray import Array, device_of


def hinge(x: Array, t: Array, norm: Literal["L1", "L2"] = "L1", reduce: Literal["mean", "no"] = "mean") -> Array:
    """max(0, 1 - s x), elementwise, or its square, with s = 1 for the class that is right and -1 for the others.

    The gradient where s x is 1 is 0.

    Args:
        x: scores, `(n, n_class)`.
        t: labels, integers from 0 to n_class - 1, `(n,)`.
        norm: "L1" for max(0, 1 - s x), "L2" for its square.
        reduce: "mean" for the sum divided by n, "no" for the losses, `(n, n_class)`.

    Raises:
        TypeError: the labels are no integers, or an argument is no array.
        ValueError: shapes do not fit together, a label is out of range, or an option is unknown.

    Source: Y. Tang, Deep Learning using Linear Support Vector Machines, 2013, https://arxiv.org/abs/1306.0239.

    Example:
        >>> import numpy as np
        >>> hinge(np.array([[2.0, 0.5, -3.0]]), np.array([0]), reduce="no").tolist()
        [[0.0, 1.5, 0.0]]
    """
    check_choice("hinge", "norm", norm, "L1", "L2")
    check_choice("hinge", "reduce", reduce, "mean", "no")
    check_arrays("hinge", x=x, t=t)
    check_axes("hinge", "x", x, "n", "n_class")
    t = as_array(t)
    check_labels("hinge", x, t)
    check_range("hinge", "t", t, 0, x.shape[1] - 1)
    classes = xp.arange(x.shape[1], dtype=t.dtype, device=device_of(t))
    signs = 1 - 2 * xp.astype(xp.expand_dims(t, axis=1) == classes, x.dtype)
    losses = relu(F.multiply(x, signs) + 1)
    return reduced(losses if norm == "L1" else F.square(losses), reduce, x.shape[0])


def contrastive(x0: Array, x1: Array, y: Array, margin: float = 1, reduce: Literal["mean", "no"] = "mean") -> Array:
    """(y d^2 + (1 - y) max(0, margin - d)^2) / 2 with d = |x0 - x1|: similar pairs are drawn together, others pushed apart.

    The gradient of a pair that is not similar is 0 where d is 0 or the margin.

    Args:
        x0: embeddings, `(n, size)`.
        x1: embeddings, `(n, size)`.
        y: 1 for pairs that are similar, 0 for others, integers, `(n,)`.
        margin: how far apart those others shall be; above 0.
        reduce: "mean" for one number, "no" for the losses, `(n,)`.

    Raises:
        TypeError: y holds no integers, or an argument is no array.
        ValueError: shapes do not fit together, an element of y is neither 0 nor 1, or an option is out of range.

    Source: R. Hadsell, S. Chopra, Y. LeCun, Dimensionality Reduction by Learning an Invariant Mapping, CVPR 2006.

    Example:
        >>> import numpy as np
        >>> x0, x1 = np.zeros((2, 1)), np.full((2, 1), 0.5)
        >>> contrastive(x0, x1, np.array([1, 0]), reduce="no").tolist()
        [0.125, 0.125]
    """
    check_choice("contrastive", "reduce", reduce, "mean", "no")
    check_alike("contrastive", x0=x0, x1=x1)
    check_arrays("contrastive", y=y)
    check_axes("contrastive", "x0", x0, "n", "size")
    _check_margin("contrastive", margin)
    y = as_array(y)
    check_integers("contrastive", "y", y, tuple(x0.shape[:1]))
    check_range("contrastive", "y", y, 0, 1)
    d = F.subtract(x0, x1)
    apart = F.square(relu(margin - F.linalg.vector_norm(d, axis=1)))
    losses = F.where(y == 1, F.sum(F.square(d), axis=1), apart) * 0.5
    return reduced(losses, reduce, x0.shape[0])


def triplet(
    anchor: Array, positive: Array, negative: Array, margin: float = 0.2, reduce: Literal["mean", "no"] = "mean"
) -> Array:
    """max(0, |anchor - positive|^2 - |anchor - negative|^2 + margin); the gradient where that difference is 0 is 0.

    Args:
        anchor: embeddings, `(n, size)`.
        positive: embeddings of what is like the anchors, `(n, size)`.
        negative: embeddings of what is not, `(n, size)`.
        margin: how much farther the negatives shall be; above 0.
        reduce: "mean" for one number, "no" for the losses, `(n,)`.

    Raises:
        TypeError: an argument is no array, or not floating.
        ValueError: shapes do not fit together, or an option is out of range.

    Source: F. Schroff, D. Kalenichenko, J. Philbin, FaceNet: A Unified Embedding for Face Recognition and Clustering, CVPR 2015,
    https://arxiv.org/abs/1503.03832.

    Example:
        >>> import numpy as np
        >>> round(float(triplet(np.zeros((1, 2)), np.ones((1, 2)), np.ones((1, 2)))), 4)
        0.2
    """
    check_choice("triplet", "reduce", reduce, "mean", "no")
    check_alike("triplet", anchor=anchor, positive=positive, negative=negative)
    check_axes("triplet", "anchor", anchor, "n", "size")
    _check_margin("triplet", margin)
    near, far = F.square(F.subtract(anchor, positive)), F.square(F.subtract(anchor, negative))
    return reduced(relu(F.sum(F.subtract(near, far), axis=1) + margin), reduce, anchor.shape[0])


def discriminative_margin_based_clustering_loss(
    embeddings: Array,
    labels: Array,
    delta_v: float,
    delta_d: float,
    max_embedding_dim: int,
    norm: Literal[1, 2] = 1,
    alpha: float = 1.0,
    beta: float = 1.0,
    gamma: float = 0.001,
) -> Array:
    """alpha L_var + beta L_dist + gamma L_reg: pixels of an object are drawn to their mean, means of objects pushed apart.

    With the C objects of an image, the mean m_c of the N_c embeddings x_i of an object, and [a] = max(0, a):
    L_var = 1 / C sum_c 1 / N_c sum_i [|m_c - x_i| - delta_v]^2, L_dist = 1 / (C (C - 1)) sum_{a != b} [2 delta_d - |m_a - m_b|]^2,
    L_reg = 1 / C sum_c |m_c|; the loss is the mean over the images. A label that an image lacks counts in none of them.

    Args:
        embeddings: `(n, size, height, width)`.
        labels: which object a pixel is of, integers from 1 to max_embedding_dim, 0 for none, `(n, height, width)`.
        delta_v: the distance from their mean within which pixels are left alone.
        delta_d: half the distance between means beyond which they are left alone.
        max_embedding_dim: the greatest label.
        norm: 1 for sums of absolute values, 2 for Euclidean distances.
        alpha: weight of the distances from means.
        beta: weight of the distances between means.
        gamma: weight of the means themselves.

    Returns:
        `()`.

    Raises:
        TypeError: the labels are no integers, or an argument is no array.
        ValueError: shapes do not fit together, a label is out of range, or `norm` is unknown.

    Source: B. De Brabandere, D. Neven, L. Van Gool, Semantic Instance Segmentation with a Discriminative Loss Function, 2017,
    https://arxiv.org/abs/1708.02551.

    Example:
        >>> import numpy as np
        >>> x, labels = np.array([[[[0.0, 2.0, 5.0, 5.0]]]]), np.array([[[1, 1, 2, 2]]])
        >>> loss = discriminative_margin_based_clustering_loss(x, labels, 0.5, 3.0, 2, gamma=0.0)
        >>> float(loss)  # ((1 - 0.5)^2 + 0) / 2 + (6 - 4)^2
        4.125
    """
    function = "discriminative_margin_based_clustering_loss"
    check_choice(function, "norm", norm, 1, 2)
    check_arrays(function, embeddings=embeddings, labels=labels)
    check_axes(function, "embeddings", embeddings, "n", "size", "height", "width")
    labels = as_array(labels)
    n, size, height, width = embeddings.shape
    check_integers(function, "labels", labels, (n, height, width))
    check_range(function, "labels", labels, 0, max_embedding_dim)

    def length(x: Any, axis: int) -> Any:
        return F.linalg.vector_norm(x, axis=axis, ord=norm)

    dtype = embeddings.dtype
    numbers = xp.reshape(xp.arange(1, max_embedding_dim + 1, dtype=labels.dtype, device=device_of(labels)), (1, -1, 1))
    masks = xp.astype(xp.reshape(labels, (n, 1, height * width)) == numbers, dtype)  # (n, C, pixels)
    counts = xp.sum(masks, axis=2, keepdims=True)
    present = xp.astype(counts > 0, dtype)  # (n, C, 1)
    objects = xp.maximum(xp.sum(present, axis=(1, 2)), xp.ones((n,), dtype=dtype, device=device_of(labels)))
    shares = masks / xp.maximum(counts, xp.ones_like(counts))

    x = F.reshape(embeddings, shape=(n, size, height * width))
    means = F.matmul(shares, F.matrix_transpose(x))  # (n, C, size)
    from_mean = length(F.subtract(F.matmul(F.matrix_transpose(means), masks), x), 1)
    weights = xp.sum(shares, axis=1) / xp.expand_dims(objects, axis=1)
    spread = F.sum(F.multiply(F.square(relu(from_mean - delta_v)), weights))

    pairs = (
        present * xp.matrix_transpose(present) * (1 - xp.eye(max_embedding_dim, dtype=dtype, device=device_of(labels)))
    )
    weights = pairs / xp.reshape(xp.maximum(objects * (objects - 1), xp.ones_like(objects)), (n, 1, 1))
    between = length(F.subtract(F.expand_dims(means, axis=2), F.expand_dims(means, axis=1)), 3)
    apart = F.sum(F.multiply(F.square(relu(2 * delta_d - between)), weights))

    weights = xp.squeeze(present, axis=2) / xp.expand_dims(objects, axis=1)
    size_of_means = F.sum(F.multiply(length(means, 2), weights))
    return F.divide(spread * alpha + apart * beta + size_of_means * gamma, max(1, n))


def _check_margin(function: str, margin: float) -> None:
    if not margin > 0:
        raise ValueError(f"{function}: margin is {margin}; expected a number above 0, such as 1.0")
