"""The one loss that Chainer computes otherwise than catena: by its own formula, and as three terms."""

from __future__ import annotations

from typing import Any, Literal

import catena.nn.functions as F
import xparray as xp
from catena.autograd import as_array
from xparray import Array


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
) -> tuple[Any, Any, Any]:
    """The terms alpha L_var, beta L_dist and gamma L_reg: distances of pixels from means, of means from each other, of means from 0.

    They are Chainer's: a label c that an image lacks has the mean m_c = 0, the N_c pixels of a label are those of all images together,
    and all C labels count. With [a] = max(0, a) and n images, L_var = 1 / C sum_c 1 / N_c sum_i [|m_c - x_i| - delta_v]^2,
    L_dist = 2 / (n C (C - 1)) sum_{a < b} [2 delta_d - |m_a - m_b|]^2 and L_reg = 1 / (n C) sum_c |m_c|, whose norm is over all images.
    `catena.nn.functions` has the formula of the paper.

    Args:
        embeddings: `(n, size, height, width)`.
        labels: which object a pixel is of, integers from 1 to C, 0 for none, `(n, height, width)`.
        delta_v: the distance from their mean within which pixels are left alone.
        delta_d: half the distance between means beyond which they are left alone.
        max_embedding_dim: C, the greatest label.
        norm: 1 for sums of absolute values, 2 for Euclidean distances.
        alpha: weight of the distances from means.
        beta: weight of the distances between means.
        gamma: weight of the means themselves.

    Raises:
        ValueError: `max_embedding_dim` is not above 0, or `norm` is unknown.

    Source: B. De Brabandere, D. Neven, L. Van Gool, Semantic Instance Segmentation with a Discriminative Loss Function, 2017,
    https://arxiv.org/abs/1708.02551.

    Example:
        >>> import numpy as np
        >>> x, labels = np.array([[[[0.0, 2.0, 5.0, 5.0]]]]), np.array([[[1, 1, 2, 2]]])
        >>> [float(term) for term in discriminative_margin_based_clustering_loss(x, labels, 0.5, 3.0, 2)]
        [0.125, 4.0, 0.003]
    """
    name, n_labels = "discriminative_margin_based_clustering_loss", max_embedding_dim
    if n_labels <= 0:
        raise ValueError(f"{name}: max_embedding_dim is {n_labels}; expected the greatest label, 1 or more")
    if norm not in (1, 2):
        raise ValueError(f"{name}: norm is {norm!r}; expected 1 or 2")

    def length(x: Any, axis: Any) -> Any:
        return F.linalg.vector_norm(x, axis=axis, ord=norm)

    n, size = embeddings.shape[:2]
    numbers = xp.reshape(xp.arange(1, n_labels + 1, device=xp.device_of(as_array(labels))), (-1, 1, 1))
    masks = xp.astype(xp.reshape(as_array(labels), (1, n, -1)) == numbers, embeddings.dtype)  # (C, n, pixels)
    x = F.reshape(embeddings, shape=(1, n, size, -1))
    inside = xp.expand_dims(masks, axis=2)
    counts = xp.sum(masks, axis=2, keepdims=True)
    means = F.divide(F.sum(F.multiply(x, inside), axis=3), xp.maximum(counts, xp.ones_like(counts)))  # (C, n, size)

    away = length(F.multiply(F.subtract(F.expand_dims(means, axis=3), x), inside), 2)
    of_label = xp.sum(masks, axis=(1, 2))
    spread = F.sum(F.square(F.relu(away - delta_v)), axis=(1, 2))
    spread = F.sum(F.divide(spread, xp.maximum(of_label, xp.ones_like(of_label)))) / n_labels

    apart: Any = 0.0
    pairs = [(a, b) for a in range(n_labels) for b in range(a + 1, n_labels)]
    for a, b in pairs:
        apart = apart + F.sum(F.square(F.relu(2 * delta_d - length(F.subtract(means[a], means[b]), 1))))
    apart = apart / max(1, len(pairs) * n)

    regular = F.sum(length(means, (1, 2))) / (n_labels * n)
    return alpha * spread, beta * apart, gamma * regular
