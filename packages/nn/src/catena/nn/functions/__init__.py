"""Functions of neural networks, and those of `catena.autograd.functions`: one namespace, usually imported as F.

Names, argument order and defaults are Chainer's: where the array API standard and Chainer differ, as in the default axis of
`concat`, `F.` is Chainer's and `catena.autograd.functions` the standard's.
"""

from __future__ import annotations

from catena.autograd import functions as _of_arrays
from catena.autograd.functions import *  # noqa: F403
from catena.nn.functions.activation import log_softmax, relu, sigmoid, softmax
from catena.nn.functions.array import concat  # noqa: F401 - in the list that is added below
from catena.nn.functions.connection import linear
from catena.nn.functions.evaluation import accuracy
from catena.nn.functions.loss import mean_squared_error, softmax_cross_entropy
from catena.nn.functions.noise import dropout

__all__ = [
    "accuracy",
    "dropout",
    "linear",
    "log_softmax",
    "mean_squared_error",
    "relu",
    "sigmoid",
    "softmax",
    "softmax_cross_entropy",
]
__all__ += _of_arrays.__all__
