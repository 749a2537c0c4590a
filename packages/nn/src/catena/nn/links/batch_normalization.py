"""Normalisation by the statistics of minibatches, which the links remember for when there are none."""

from __future__ import annotations

from typing import Any

import numpy as np

import xparray as xp
from catena.autograd import config, get_dtype
from catena.nn._link import Link
from catena.nn._parameter import Parameter
from catena.nn.functions.batch_statistics import (
    batch_normalization,
    batch_renormalization,
    fixed_batch_normalization,
)
from catena.nn.functions.normalization import check_channels
from catena.nn.functions.whitening import decorrelated_batch_normalization, fixed_decorrelated_batch_normalization
from catena.nn.initializers import generate_array, get_initializer
from catena.nn.links._sizes import positive, shape_of
from xparray import Array


class BatchNormalization(Link):
    """`F.batch_normalization` with learned gamma and beta, which begin as 1 and 0, and running statistics.

    In training x is normalised by the minibatch's mean and variance, and avg_mean and avg_var follow them: each becomes
    decay avg + (1 - decay) new. Called with `finetune=True`, the link takes their mean over all calls since `start_finetuning`
    instead. Outside of training (`config.train` is False) avg_mean and avg_var normalise x.

    Args:
        size: number of channels, or the lengths of several axes of them, from the second axis of x on; None to take it from the
            first input.
        decay: how much of the running statistics stays at each call.
        eps: a small number that keeps the root from 0.
        dtype: of parameters and statistics; `config.dtype` unless given.
        use_gamma: with a gamma.
        use_beta: with a beta.
        initial_gamma: initial gamma: an initializer, a number, or an array, which is copied.
        initial_beta: initial beta, likewise.
        axis: the axes of x to average over; the others, in their order, are those of the channels.
        initial_avg_mean: initial avg_mean, likewise; 0 unless given.
        initial_avg_var: initial avg_var, likewise; 1 unless given.

    Attributes:
        avg_mean: running mean, of gamma's shape; saved with the link.
        avg_var: running unbiased variance, likewise.
        N: how many calls with `finetune=True` there were; likewise.

    Raises:
        ValueError: a size is no positive integer, or an initial array has another shape.

    Source: S. Ioffe, C. Szegedy, Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift, ICML
    2015, https://arxiv.org/abs/1502.03167.

    Example:
        >>> layer = BatchNormalization(3)
        >>> y = layer(np.array([[0, 1, 2], [2, 3, 6]], "float32"))
        >>> y.array.round(2).tolist(), layer.avg_mean.round(2).tolist()
        ([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]], [0.10000000149011612, 0.20000000298023224, 0.4000000059604645])
    """

    gamma: Parameter | None
    beta: Parameter | None

    def __init__(
        self,
        size: Any = None,
        decay: float = 0.9,
        eps: float = 2e-5,
        dtype: Any = None,
        use_gamma: bool = True,
        use_beta: bool = True,
        initial_gamma: Any = None,
        initial_beta: Any = None,
        axis: int | tuple[int, ...] | None = None,
        initial_avg_mean: Any = None,
        initial_avg_var: Any = None,
    ) -> None:
        super().__init__()
        self.decay = decay
        self.eps = eps
        self.axis = (axis,) if isinstance(axis, int) else axis
        self.dtype = get_dtype(dtype)
        self.N = 0
        self.avg_mean: Any = None
        self.avg_var: Any = None
        for name in ("N", "avg_mean", "avg_var"):
            self.register_persistent(name)
        self._initial = (
            get_initializer(0 if initial_avg_mean is None else initial_avg_mean),
            get_initializer(1 if initial_avg_var is None else initial_avg_var),
        )
        gamma = get_initializer(1 if initial_gamma is None else initial_gamma)
        beta = get_initializer(0 if initial_beta is None else initial_beta)
        with self.init_scope():
            self.gamma = Parameter(gamma, dtype=self.dtype) if use_gamma else None
            self.beta = Parameter(beta, dtype=self.dtype) if use_beta else None
        if size is not None:
            self._begin(shape_of(type(self).__name__, size))

    def _begin(self, shape: tuple[int, ...]) -> None:
        """Make what is of the shape of the channels."""
        for p in self.params():
            if not p.is_initialized:
                p.initialize(shape)
        self.avg_mean, self.avg_var = (
            generate_array(initial, shape, dtype=self.dtype, device=self.device) for initial in self._initial
        )

    def forward(self, x: Array, finetune: bool = False) -> Any:
        """`F.batch_normalization` in training, `F.fixed_batch_normalization` else; of the shape and dtype of x."""
        if self.avg_mean is None:
            check_channels(type(self).__name__, x)
            axes = (0, *range(2, x.ndim)) if self.axis is None else [a % x.ndim for a in self.axis]
            self._begin(tuple(n for i, n in enumerate(x.shape) if i not in axes))
        gamma = xp.ones_like(self.avg_mean) if self.gamma is None else self.gamma
        beta = xp.zeros_like(self.avg_mean) if self.beta is None else self.beta
        if not config.train:
            return fixed_batch_normalization(x, gamma, beta, self.avg_mean, self.avg_var, self.eps, self.axis)
        decay = 1 - 1 / (self.N + 1) if finetune else self.decay
        y = self._normalize(x, gamma, beta, decay)
        if finetune and not config.in_recomputing:
            self.N += 1
        return y

    def _normalize(self, x: Array, gamma: Array, beta: Array, decay: float) -> Any:
        """x in training."""
        running = {} if config.in_recomputing else {"running_mean": self.avg_mean, "running_var": self.avg_var}
        return batch_normalization(x, gamma, beta, eps=self.eps, decay=decay, axis=self.axis, **running)

    def start_finetuning(self) -> None:
        """Let the statistics of the next call with `finetune=True` be the first that count."""
        self.N = 0


class BatchRenormalization(BatchNormalization):
    """`F.batch_renormalization` with learned gamma and beta, and running statistics: BatchNormalization that leans on these in training.

    Args:
        size: number of channels, or the lengths of several axes of them; None to take it from the first input.
        rmax: bound of the correction of the deviation, 1 or more.
        dmax: bound of the correction of the mean, 0 or more.
        decay: how much of the running statistics stays at each call.
        eps: a small number that keeps the roots from 0.
        dtype: of parameters and statistics; `config.dtype` unless given.
        use_gamma: with a gamma.
        use_beta: with a beta.
        initial_gamma: initial gamma: an initializer, a number, or an array, which is copied.
        initial_beta: initial beta, likewise.
        initial_avg_mean: initial avg_mean, likewise; 0 unless given.
        initial_avg_var: initial avg_var, likewise; 1 unless given.

    Attributes:
        avg_mean: running mean, of gamma's shape; saved with the link.
        avg_var: running unbiased variance, likewise.
        N: how many calls with `finetune=True` there were; likewise.

    Raises:
        ValueError: a size is no positive integer, or an initial array has another shape.

    Source: S. Ioffe, Batch Renormalization: Towards Reducing Minibatch Dependence in Batch-Normalized Models, NIPS 2017,
    https://arxiv.org/abs/1702.03275.

    Example:
        >>> BatchRenormalization(3, rmax=2, dmax=1)(np.ones((4, 3, 5), "float32")).shape
        (4, 3, 5)
    """

    def __init__(
        self,
        size: Any,
        rmax: float = 1,
        dmax: float = 0,
        decay: float = 0.9,
        eps: float = 2e-5,
        dtype: Any = None,
        use_gamma: bool = True,
        use_beta: bool = True,
        initial_gamma: Any = None,
        initial_beta: Any = None,
        initial_avg_mean: Any = None,
        initial_avg_var: Any = None,
    ) -> None:
        initial = {"initial_avg_mean": initial_avg_mean, "initial_avg_var": initial_avg_var}
        super().__init__(size, decay, eps, dtype, use_gamma, use_beta, initial_gamma, initial_beta, **initial)
        self.rmax = rmax
        self.dmax = dmax
        self._before: Any = None

    def _normalize(self, x: Array, gamma: Array, beta: Array, decay: float) -> Any:
        again = config.in_recomputing
        if not again:
            # A second run of a checkpointed function corrects by what the first one corrected by.
            self._before = tuple(xp.asarray(a, copy=True) for a in (self.avg_mean, self.avg_var))
        mean, var = self._before if again else (self.avg_mean, self.avg_var)
        return batch_renormalization(x, gamma, beta, self.rmax, self.dmax, self.eps, mean, var, decay, not again)


class DecorrelatedBatchNormalization(Link):
    """`F.decorrelated_batch_normalization` with running statistics: BatchNormalization that makes channels uncorrelated.

    In training, avg_mean and avg_projection follow those of the minibatches; outside of training they whiten x. It has no parameters.

    Args:
        size: number of channels.
        groups: a divisor of it; channels of different groups may stay correlated.
        decay: how much of the running statistics stays at each call.
        eps: a small number that keeps the eigenvalues from 0.
        dtype: of the statistics.

    Attributes:
        avg_mean: running mean, `(groups, size / groups)`; saved with the link.
        avg_projection: running projection, `(groups, size / groups, size / groups)`, at first the identity; likewise.
        N: how many calls with `finetune=True` there were; likewise.

    Raises:
        ValueError: a size is no positive integer, or groups does not divide the size.

    Source: L. Huang et al., Decorrelated Batch Normalization, CVPR 2018, https://arxiv.org/abs/1804.08450.

    Example:
        >>> x = np.random.default_rng(0).random((8, 4, 3), "float32")
        >>> DecorrelatedBatchNormalization(4, groups=2)(x).shape
        (8, 4, 3)
    """

    def __init__(
        self, size: int, groups: int = 16, decay: float = 0.9, eps: float = 2e-5, dtype: Any = np.float32
    ) -> None:
        super().__init__()
        size, self.groups = positive("DecorrelatedBatchNormalization", size=size, groups=groups)
        if size % groups:
            raise ValueError(
                f"DecorrelatedBatchNormalization: {groups} groups do not divide {size} channels; give a divisor, such as groups=1"
            )
        self.decay = decay
        self.eps = eps
        self.N = 0
        n = size // groups
        self.avg_mean: Any = np.zeros((groups, n), dtype)
        self.avg_projection: Any = np.tile(np.eye(n, dtype=dtype), (groups, 1, 1))
        for name in ("avg_mean", "avg_projection", "N"):
            self.register_persistent(name)

    def forward(self, x: Array, finetune: bool = False) -> Any:
        """`F.decorrelated_batch_normalization` in training, `F.fixed_decorrelated_batch_normalization` else."""
        if not config.train:
            return fixed_decorrelated_batch_normalization(x, self.avg_mean, self.avg_projection, self.groups)
        again = config.in_recomputing
        decay = 1 - 1 / (self.N + 1) if finetune else self.decay
        running = {} if again else {"running_mean": self.avg_mean, "running_projection": self.avg_projection}
        y = decorrelated_batch_normalization(x, groups=self.groups, eps=self.eps, decay=decay, **running)
        if finetune and not again:
            self.N += 1
        return y

    def start_finetuning(self) -> None:
        """Let the statistics of the next call with `finetune=True` be the first that count."""
        self.N = 0
