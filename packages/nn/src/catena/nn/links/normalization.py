"""Normalisation of each example by itself, with learned factors and summands."""

from __future__ import annotations

from typing import Any

from catena.nn._link import Link
from catena.nn._parameter import Parameter
from catena.nn.functions.normalization import (
    check_channels,
    check_floating,
    group_normalization,
    layer_normalization,
    rms_normalization,
)
from catena.nn.initializers import get_initializer
from catena.nn.links._sizes import positive, shape_of
from xparray import Array


class LayerNormalization(Link):
    """`F.layer_normalization` with learned gamma and beta of the shape of the features, which begin as 1 and 0.

    Args:
        size: number of features, or the lengths of several axes of them; None to take the last axis of the first input.
        eps: a small number that keeps the root from 0.
        initial_gamma: initial gamma: an initializer, a number, or an array, which is copied.
        initial_beta: initial beta, likewise.

    Raises:
        ValueError: a size is no positive integer, or an initial array has another shape.

    Source: J. L. Ba, J. R. Kiros, G. E. Hinton, Layer Normalization, 2016, https://arxiv.org/abs/1607.06450.

    Example:
        >>> import numpy as np
        >>> layer = LayerNormalization()
        >>> layer(np.ones((5, 7, 3), "float32")).shape, layer.gamma.shape
        ((5, 7, 3), (3,))
    """

    gamma: Parameter
    beta: Parameter

    def __init__(
        self, size: Any = None, eps: float = 1e-6, initial_gamma: Any = None, initial_beta: Any = None
    ) -> None:
        super().__init__()
        self.eps = eps
        shape = None if size is None else shape_of("LayerNormalization", size)
        with self.init_scope():
            self.gamma = Parameter(get_initializer(1 if initial_gamma is None else initial_gamma), shape)
            self.beta = Parameter(get_initializer(0 if initial_beta is None else initial_beta), shape)

    def forward(self, x: Array) -> Any:
        """`F.layer_normalization(x, gamma, beta, eps)`; the first call makes gamma and beta where their shape is not known yet."""
        if not self.gamma.is_initialized:
            check_floating("LayerNormalization", x=x)
            _begin(self, x.shape[-1:])
        return layer_normalization(x, self.gamma, self.beta, self.eps)


class RMSNorm(Link):
    """`F.rms_normalization` with a learned gamma of the shape of the features, which begins as 1.

    Args:
        size: number of features, or the lengths of several axes of them; None to take the last axis of the first input.
        eps: a small number that keeps the root from 0.
        initial_gamma: initial gamma: an initializer, a number, or an array, which is copied.

    Raises:
        ValueError: a size is no positive integer, or an initial array has another shape.

    Source: B. Zhang, R. Sennrich, Root Mean Square Layer Normalization, NeurIPS 2019, https://arxiv.org/abs/1910.07467.

    Example:
        >>> import numpy as np
        >>> RMSNorm(2)(np.array([[1.0, 7.0]], "float32")).array.round(3).tolist()
        [[0.20000000298023224, 1.399999976158142]]
    """

    gamma: Parameter

    def __init__(self, size: Any = None, eps: float = 1e-6, initial_gamma: Any = None) -> None:
        super().__init__()
        self.eps = eps
        shape = None if size is None else shape_of("RMSNorm", size)
        with self.init_scope():
            self.gamma = Parameter(get_initializer(1 if initial_gamma is None else initial_gamma), shape)

    def forward(self, x: Array) -> Any:
        """`F.rms_normalization(x, gamma, eps)`; the first call makes gamma where its shape is not known yet."""
        if not self.gamma.is_initialized:
            check_floating("RMSNorm", x=x)
            _begin(self, x.shape[-1:])
        return rms_normalization(x, self.gamma, self.eps)


class GroupNormalization(Link):
    """`F.group_normalization` with learned gamma and beta, `(channels,)`, which begin as 1 and 0.

    Args:
        groups: a divisor of the number of channels.
        size: number of channels; None to take it from the first input.
        eps: a small number that keeps the root from 0.
        initial_gamma: initial gamma: an initializer, a number, or an array, which is copied.
        initial_beta: initial beta, likewise.

    Raises:
        ValueError: a size is no positive integer, or an initial array has another shape.

    Source: Y. Wu, K. He, Group Normalization, ECCV 2018, https://arxiv.org/abs/1803.08494.

    Example:
        >>> import numpy as np
        >>> layer = GroupNormalization(2)
        >>> layer(np.ones((5, 4, 3, 3), "float32")).shape, layer.gamma.shape
        ((5, 4, 3, 3), (4,))
    """

    gamma: Parameter
    beta: Parameter

    def __init__(
        self,
        groups: int,
        size: int | None = None,
        eps: float = 1e-5,
        initial_gamma: Any = None,
        initial_beta: Any = None,
    ) -> None:
        super().__init__()
        (self.groups,) = positive("GroupNormalization", groups=groups)
        self.eps = eps
        shape = None if size is None else positive("GroupNormalization", size=size)
        with self.init_scope():
            self.gamma = Parameter(get_initializer(1 if initial_gamma is None else initial_gamma), shape)
            self.beta = Parameter(get_initializer(0 if initial_beta is None else initial_beta), shape)

    def forward(self, x: Array) -> Any:
        """`F.group_normalization`; the first call makes gamma and beta where their shape is not known yet."""
        if not self.gamma.is_initialized:
            check_channels("GroupNormalization", x)
            _begin(self, x.shape[1:2])
        return group_normalization(x, self.groups, self.gamma, self.beta, self.eps)


class InstanceNormalization(Link):
    """`F.group_normalization` with a group for each channel: each channel of each example is normalised by itself.

    gamma and beta, `(channels,)`, begin as 1 and 0.

    Args:
        size: number of channels; None to take it from the first input.
        eps: a small number that keeps the root from 0.
        initial_gamma: initial gamma: an initializer, a number, or an array, which is copied.
        initial_beta: initial beta, likewise.

    Raises:
        ValueError: a size is no positive integer, or an initial array has another shape.

    Source: D. Ulyanov et al., Instance Normalization: The Missing Ingredient for Fast Stylization, 2016,
    https://arxiv.org/abs/1607.08022.

    Example:
        >>> import numpy as np
        >>> layer = InstanceNormalization()
        >>> layer(np.ones((5, 4, 3, 3), "float32")).shape, layer.gamma.shape
        ((5, 4, 3, 3), (4,))
    """

    gamma: Parameter
    beta: Parameter

    def __init__(
        self, size: int | None = None, eps: float = 1e-5, initial_gamma: Any = None, initial_beta: Any = None
    ) -> None:
        super().__init__()
        self.eps = eps
        shape = None if size is None else positive("InstanceNormalization", size=size)
        with self.init_scope():
            self.gamma = Parameter(get_initializer(1 if initial_gamma is None else initial_gamma), shape)
            self.beta = Parameter(get_initializer(0 if initial_beta is None else initial_beta), shape)

    def forward(self, x: Array) -> Any:
        """`F.group_normalization`; the first call makes gamma and beta where their shape is not known yet."""
        check_channels("InstanceNormalization", x)
        if not self.gamma.is_initialized:
            _begin(self, x.shape[1:2])
        return group_normalization(x, int(x.shape[1]), self.gamma, self.beta, self.eps)


def _begin(link: Link, shape: tuple[int, ...]) -> None:
    for p in link.params():
        p.initialize(tuple(shape))
