"""Noise that regularises training."""

from __future__ import annotations

from typing import Any

import xparray as xp
from catena.autograd import as_array, config, op
from catena.autograd import functions as F
from catena.nn.functions._checks import check_alike, check_arrays, check_axis, check_same_shape
from catena.nn.functions.activation import softmax
from catena.nn.functions.connection import check_weights, features_of, linear
from xparray import Array
from xparray._dispatch import describe
from xparray.kernels import noise as kernels
from xparray.random import get_generator


@op
def dropped(x: Array, kept: Array, *, ratio: float) -> Array:
    """`dropout` of the elements where the booleans `kept`, of x's shape, are False."""
    return kernels.dropout(x, kept, ratio=ratio)


dropped.name = "dropout"  # what errors and graphs call it
dropped.vjps(x=lambda g, kept, ratio: kernels.dropout(g, kept, ratio=ratio))


def dropout(x: Array, ratio: float = 0.5, *, mask: Array | None = None, return_mask: bool = False) -> Any:
    """x with elements set to 0 at random, with probability `ratio`, the others divided by 1 - ratio; x itself outside of training.

    The mean of the result is x, so nothing needs to be scaled when `config.train` is False. The choice comes from the process's
    stream of random numbers (`xparray.random.seed`).

    Args:
        x: floating, of any shape.
        ratio: the probability of an element to be dropped, from 0 to below 1.
        mask: what to multiply x with instead of drawing it, of x's shape: 0 where an element is dropped, 1 / (1 - ratio) elsewhere.
        return_mask: return the pair of the result and the mask; the mask is None outside of training.

    Raises:
        TypeError: x is no array.
        ValueError: `ratio` is no such probability, or the mask has another shape.

    Source: N. Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, JMLR 15 (2014), with the scaling
    done in training ("inverted").

    Example:
        >>> import numpy as np
        >>> xp.random.seed(0)
        >>> y = dropout(np.ones(1000, "float32"), 0.25)
        >>> sorted({round(float(v), 4) for v in y}), bool(abs(y.mean() - 1) < 0.1)
        ([0.0, 1.3333], True)
    """
    check_ratio(ratio)
    if not config.train:
        return (x, None) if return_mask else x
    array = as_array(x)
    check_arrays("dropout", x=array)
    if mask is None:
        kept = get_generator().bernoulli(tuple(array.shape), 1 - ratio, device=xp.device_of(array))
        y = dropped(x, kept, ratio=ratio)
        return (y, xp.astype(kept, array.dtype) * (1 / (1 - ratio))) if return_mask else y
    if tuple(mask.shape) != tuple(array.shape):
        raise ValueError(
            f"dropout: mask has shape {tuple(mask.shape)}, x has {tuple(array.shape)} ({describe(['x', 'mask'], [x, mask])}); "
            "give the mask that dropout returned for an x of this shape"
        )
    y = F.multiply(x, mask)
    return (y, mask) if return_mask else y


def check_ratio(ratio: float, function: str = "dropout") -> None:
    """Raise ValueError unless `ratio` can be the ratio of `dropout`."""
    if not 0 <= ratio < 1:
        raise ValueError(
            f"{function}: ratio is {ratio}; expected the probability of dropping an element, from 0 to below 1, such as 0.5"
        )


def zoneout(h: Array, x: Array, ratio: float = 0.5, *, mask: Array | None = None, return_mask: bool = False) -> Any:
    """h where a draw keeps it, with probability `ratio`, x elsewhere; outside of training the mean, ratio h + (1 - ratio) x.

    Args:
        h: the state before, floating, of any shape.
        x: the state after, of the same shape.
        ratio: the probability that an element stays as it was, from 0 to 1.
        mask: booleans instead of drawing them, of that shape: True where x is taken.
        return_mask: return the pair of the result and the mask; the mask is None outside of training.

    Raises:
        TypeError: h or x is no array, or not floating.
        ValueError: `ratio` is no probability, or h, x and the mask differ in shape.

    Source: D. Krueger et al., Zoneout: Regularizing RNNs by Randomly Preserving Hidden Activations, ICLR 2017,
    https://arxiv.org/abs/1606.01305.

    Example:
        >>> import numpy as np
        >>> zoneout(np.zeros(3), np.ones(3), mask=np.array([True, False, True])).tolist()
        [1.0, 0.0, 1.0]
    """
    check_alike("zoneout", h=h, x=x)
    if not 0 <= ratio <= 1:
        raise ValueError(f"zoneout: ratio is {ratio}; expected the probability that h stays, from 0 to 1, such as 0.5")
    if not config.train:
        y = F.add(F.multiply(h, ratio), F.multiply(x, 1 - ratio))
        return (y, None) if return_mask else y
    if mask is None:
        taken: Array = get_generator().bernoulli(tuple(x.shape), 1 - ratio, device=xp.device_of(as_array(x)))
    else:
        check_same_shape("zoneout", x=x, mask=mask)
        taken = xp.astype(as_array(mask), "bool")
    y = F.where(taken, x, h)
    return (y, taken) if return_mask else y


def gaussian(mean: Array, ln_var: Array, *, eps: Array | None = None, return_eps: bool = False) -> Any:
    """mean + exp(ln_var / 2) eps, with eps drawn from the standard normal distribution: a sample that has a gradient.

    Args:
        mean: means, floating, of any shape.
        ln_var: logarithms of the variances, of the same shape.
        eps: draws to use instead, of that shape.
        return_eps: return the pair of the result and eps.

    Raises:
        TypeError: mean or ln_var is no array, or not floating.
        ValueError: they or eps differ in shape.

    Source: D. P. Kingma, M. Welling, Auto-Encoding Variational Bayes, ICLR 2014, https://arxiv.org/abs/1312.6114.

    Example:
        >>> import numpy as np
        >>> gaussian(np.ones(2), np.zeros(2), eps=np.array([0.5, -1.0])).tolist()
        [1.5, 0.0]
    """
    check_alike("gaussian", mean=mean, ln_var=ln_var)
    if eps is None:
        array = as_array(mean)
        drawn: Array = get_generator().normal(tuple(array.shape), dtype=array.dtype, device=xp.device_of(array))
    else:
        check_same_shape("gaussian", mean=mean, eps=eps)
        drawn = eps
    y = F.add(mean, F.multiply(F.exp(F.multiply(ln_var, 0.5)), drawn))
    return (y, drawn) if return_eps else y


def gumbel_softmax(log_pi: Array, tau: float = 0.1, axis: int = 1) -> Array:
    """softmax((log_pi + e) / tau) with e drawn from Gumbel's distribution: nearly a draw of one class, with a gradient.

    Args:
        log_pi: logarithms of the classes' probabilities, or scores, floating, `(n, n_class, ...)` for the axis 1.
        tau: the smaller, the nearer to a draw of one class, the greater, the nearer to all alike; above 0.
        axis: along which the classes lie.

    Raises:
        TypeError: log_pi is no array.
        ValueError: tau is not positive, or there is no such axis.

    Source: E. Jang, S. Gu, B. Poole, Categorical Reparameterization with Gumbel-Softmax, ICLR 2017, https://arxiv.org/abs/1611.01144.

    Example:
        >>> import numpy as np
        >>> y = gumbel_softmax(np.zeros((2, 3)))
        >>> y.shape, y.sum(1).round(6).tolist()
        ((2, 3), [1.0, 1.0])
    """
    check_arrays("gumbel_softmax", log_pi=log_pi)
    if not tau > 0:
        raise ValueError(f"gumbel_softmax: tau is {tau}; expected a number above 0, such as 0.1")
    array = as_array(log_pi)
    check_axis("gumbel_softmax", array, axis, "log_pi")
    noise = get_generator().gumbel(tuple(array.shape), dtype=array.dtype, device=xp.device_of(array))
    return softmax(F.divide(F.add(log_pi, noise), tau), axis=axis)


def simplified_dropconnect(
    x: Array,
    W: Array,
    b: Array | None = None,
    ratio: float = 0.5,
    train: bool = True,
    mask: Array | None = None,
    use_batchwise_mask: bool = True,
) -> Array:
    """`linear` whose weights are set to 0 at random, with probability `ratio`, the others divided by 1 - ratio.

    Outside of training it is `linear`.

    Args:
        x: `(n, *features)`, the features together n_in.
        W: weights, `(n_out, n_in)`.
        b: bias, `(n_out,)`, or None.
        ratio: the probability of a weight to be dropped, from 0 to below 1.
        train: False for `linear`, also in training.
        mask: which weights to keep instead of drawing them, `(n, n_out, n_in)`, or `(n_out, n_in)` for all examples alike.
        use_batchwise_mask: draw for each example by itself; one draw for all of them, where False.

    Raises:
        TypeError: x, W or b is no array.
        ValueError: `ratio` is no such probability, or shapes do not fit together.

    Source: L. Wan et al., Regularization of Neural Networks using DropConnect, ICML 2013, with the scaling done in training.

    Example:
        >>> import numpy as np
        >>> mask = np.array([[True, False], [False, True]])
        >>> simplified_dropconnect(np.array([[1.0, 2.0]]), np.ones((2, 2)), mask=mask).tolist()
        [[2.0, 4.0]]
    """
    function = "simplified_dropconnect"
    check_ratio(ratio, function)
    if not (train and config.train):
        return linear(x, W, b)
    check_arrays(function, x=x, W=W, **({} if b is None else {"b": b}))
    check_weights(function, x, W, b, features_of(x, 1))
    n, (n_out, n_in) = x.shape[0], W.shape
    array = as_array(W)
    shapes = [(n, n_out, n_in), (n_out, n_in)]
    if mask is None:
        shape = shapes[0 if use_batchwise_mask else 1]
        kept = get_generator().bernoulli(shape, 1 - ratio, device=xp.device_of(array))
    else:
        kept = as_array(mask)
        if tuple(kept.shape) not in shapes:
            raise ValueError(
                f"{function}: mask has shape {tuple(kept.shape)} ({describe(['x', 'W', 'mask'], [x, W, mask])}); "
                f"expected {shapes[0]}, or {shapes[1]} for all examples alike"
            )
    weights = F.multiply(W, xp.astype(kept, array.dtype) * (1 / (1 - ratio)))
    if kept.ndim == 2:
        return linear(x, weights, b)
    y = F.squeeze(F.matmul(weights, F.reshape(x, shape=(n, n_in, 1))), axis=2)
    return y if b is None else F.add(y, b)
