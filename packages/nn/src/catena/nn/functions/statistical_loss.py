"""Losses made of densities and covariances: likelihoods, divergences, and what makes features independent."""

from __future__ import annotations

import math
from typing import Literal

import xparray as xp
from catena.autograd import functions as F
from catena.nn.functions._checks import check_alike, check_arrays, check_axes, check_choice, reduced
from catena.nn.functions.activation import softplus
from xparray import Array, device_of
from xparray._dispatch import describe

Reduction = Literal["sum", "mean", "no"]


def gaussian_kl_divergence(mean: Array, ln_var: Array, reduce: Reduction = "sum") -> Array:
    """(mean^2 + exp(ln_var) - ln_var - 1) / 2: the Kullback-Leibler divergence of a normal variable from a standard normal one.

    Args:
        mean: means, of any shape.
        ln_var: logarithms of the variances, of the same shape.
        reduce: "sum" or "mean" over all elements, "no" for each one's.

    Raises:
        TypeError: an argument is no array, or not floating.
        ValueError: they differ in shape, or `reduce` is unknown.

    Source: D. P. Kingma, M. Welling, Auto-Encoding Variational Bayes, ICLR 2014, appendix B, https://arxiv.org/abs/1312.6114.

    Example:
        >>> import numpy as np
        >>> gaussian_kl_divergence(np.array([0.0, 2.0]), np.zeros(2), reduce="no").tolist()
        [0.0, 2.0]
    """
    check_choice("gaussian_kl_divergence", "reduce", reduce, "sum", "mean", "no")
    check_alike("gaussian_kl_divergence", mean=mean, ln_var=ln_var)
    return reduced(F.multiply(F.add(F.square(mean), F.subtract(F.expm1(ln_var), ln_var)), 0.5), reduce)


def bernoulli_nll(x: Array, y: Array, reduce: Reduction = "sum") -> Array:
    """-x log(sigmoid(y)) - (1 - x) log(1 - sigmoid(y)) = log(1 + exp(y)) - x y, without overflow.

    Args:
        x: what was observed, 0 or 1 or a share in between, floating, of any shape.
        y: scores, of the same shape, before the sigmoid.
        reduce: "sum" or "mean" over all elements, "no" for each one's.

    Raises:
        TypeError: an argument is no array, or not floating.
        ValueError: they differ in shape, or `reduce` is unknown.

    Example:
        >>> import numpy as np
        >>> bernoulli_nll(np.array([1.0, 0.0]), np.array([1000.0, 1000.0]), reduce="no").tolist()
        [0.0, 1000.0]
    """
    check_choice("bernoulli_nll", "reduce", reduce, "sum", "mean", "no")
    check_alike("bernoulli_nll", x=x, y=y)
    return reduced(F.subtract(softplus(y), F.multiply(x, y)), reduce)


def gaussian_nll(x: Array, mean: Array, ln_var: Array, reduce: Reduction = "sum") -> Array:
    """((x - mean)^2 exp(-ln_var) + ln_var + log(2 pi)) / 2: minus the logarithm of a normal density.

    Args:
        x: what was observed, of any shape.
        mean: means, of the same shape.
        ln_var: logarithms of the variances, of the same shape.
        reduce: "sum" or "mean" over all elements, "no" for each one's.

    Raises:
        TypeError: an argument is no array, or not floating.
        ValueError: they differ in shape, or `reduce` is unknown.

    Example:
        >>> import numpy as np
        >>> x = np.array([0.0, 2.0])
        >>> gaussian_nll(x, np.zeros(2), np.zeros(2), reduce="no").round(4).tolist()
        [0.9189, 2.9189]
    """
    check_choice("gaussian_nll", "reduce", reduce, "sum", "mean", "no")
    check_alike("gaussian_nll", x=x, mean=mean, ln_var=ln_var)
    scaled = F.multiply(F.square(F.subtract(x, mean)), F.exp(-ln_var))
    return reduced(F.multiply(F.add(F.add(scaled, ln_var), math.log(2 * math.pi)), 0.5), reduce)


def cross_covariance(y: Array, z: Array, reduce: Literal["half_squared_sum", "no"] = "half_squared_sum") -> Array:
    """Half the sum of the squares of all covariances of a feature of y and one of z: small where y tells little of z.

    Args:
        y: `(n, n_y)`.
        z: `(n, n_z)`.
        reduce: "half_squared_sum" for one number, "no" for the covariances, `(n_y, n_z)`, which are divided by n.

    Raises:
        TypeError: an argument is no array.
        ValueError: the shapes do not fit together, or `reduce` is unknown.

    Source: B. Cheung et al., Discovering Hidden Factors of Variation in Deep Networks, 2014, https://arxiv.org/abs/1412.6583.

    Example:
        >>> import numpy as np
        >>> y = np.array([[1.0], [-1.0]])
        >>> float(cross_covariance(y, 2 * y))
        2.0
    """
    check_choice("cross_covariance", "reduce", reduce, "half_squared_sum", "no")
    check_arrays("cross_covariance", y=y, z=z)
    check_axes("cross_covariance", "y", y, "n", "n_y")
    check_axes("cross_covariance", "z", z, "n", "n_z")
    if y.shape[0] != z.shape[0]:
        raise ValueError(
            f"cross_covariance: y and z have {y.shape[0]} and {z.shape[0]} examples ({describe('yz', [y, z])}); "
            "give both of the same examples"
        )
    covariances = _covariances(y, z)
    return covariances if reduce == "no" else F.multiply(F.sum(F.square(covariances)), 0.5)


def decov(h: Array, reduce: Literal["half_squared_sum", "no"] = "half_squared_sum") -> Array:
    """Half the sum of the squares of all covariances of two different features: small where features do not repeat each other.

    Args:
        h: features, `(n, n_features)`.
        reduce: "half_squared_sum" for one number, "no" for the covariances with zeros on the diagonal, `(n_features, n_features)`.

    Raises:
        TypeError: h is no array.
        ValueError: h has not two axes, or `reduce` is unknown.

    Source: M. Cogswell et al., Reducing Overfitting in Deep Networks by Decorrelating Representations, ICLR 2016,
    https://arxiv.org/abs/1511.06068.

    Example:
        >>> import numpy as np
        >>> decov(np.array([[1.0, 2.0], [-1.0, -2.0]]), reduce="no").tolist()
        [[0.0, 2.0], [2.0, 0.0]]
    """
    check_choice("decov", "reduce", reduce, "half_squared_sum", "no")
    check_arrays("decov", h=h)
    check_axes("decov", "h", h, "n", "n_features")
    others = 1 - xp.eye(h.shape[1], dtype=h.dtype, device=device_of(h))
    covariances = F.multiply(_covariances(h, h), others)
    return covariances if reduce == "no" else F.multiply(F.sum(F.square(covariances)), 0.5)


def _covariances(y: Array, z: Array) -> Array:
    """The covariance of each feature of y with each of z, divided by the number of examples."""
    y, z = (F.subtract(v, F.mean(v, axis=0, keepdims=True)) for v in (y, z))
    return F.matmul(F.matrix_transpose(y), z) / y.shape[0]
