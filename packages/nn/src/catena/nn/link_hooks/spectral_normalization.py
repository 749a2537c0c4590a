"""Weights of a greatest singular value of 1."""

from __future__ import annotations

from typing import Any

import xparray
from catena.autograd import Variable, config
from catena.autograd import functions as F
from catena.nn._arrays import dtype_of
from catena.nn._link import Link
from catena.nn._parameter import Parameter
from catena.nn.initializers import Normal, generate_array
from catena.nn.link_hooks._weight import WeightHook, as_matrix, output_axis
from xparray import Array

GAMMA = "gamma"


class SpectralNormalization(WeightHook):
    """A link computes with W / sigma(W), where sigma is the greatest singular value of W as a matrix, one row an output.

    sigma = u^T W v, with u and v from `n_power_iteration` steps of v <- W^T u / |W^T u|, u <- W v / |W v| a call. Gradients take u
    and v as constants. The link keeps u from call to call as the persistent `<weight_name>_u`, in training only.

    The second run of a checkpointed function takes u and v of the link's latest call: in one, call the link once before a backward.

    Args:
        n_power_iteration: steps a call.
        eps: added to the norms.
        use_gamma: multiply by the learned parameter `gamma`, which begins as the greatest singular value of W. Add the hook
            before the optimizer is set up.
        factor: divides sigma.
        weight_name: of the parameter.
        name: of the hook.

    Attributes:
        vector_name: of u.

    Raises:
        ValueError: `n_power_iteration` is below 1, or the link has no such parameter or has an attribute of these names.

    Source: T. Miyato et al., Spectral Normalization for Generative Adversarial Networks, 2018, https://arxiv.org/abs/1802.05957.

    Example:
        >>> import numpy as np
        >>> import catena.nn.links as L
        >>> layer = L.Linear(3, 2, initialW=np.diag([4.0, 2.0, 1.0])[:2]).add_hook(SpectralNormalization(50))
        >>> layer(np.eye(3, dtype="float32")).array.round(4).T
        array([[1. , 0. , 0. ],
               [0. , 0.5, 0. ]], dtype=float32)
    """

    name = "SpectralNormalization"

    def __init__(
        self,
        n_power_iteration: int = 1,
        eps: float = 1e-6,
        use_gamma: bool = False,
        factor: float | None = None,
        weight_name: str = "W",
        name: str | None = None,
    ) -> None:
        super().__init__(weight_name, name)
        if n_power_iteration < 1:
            raise ValueError(
                f"SpectralNormalization: n_power_iteration is {n_power_iteration}; expected a number from 1"
            )
        self.n_power_iteration = n_power_iteration
        self.eps = eps
        self.use_gamma = use_gamma
        self.factor = factor
        self.vector_name = f"{weight_name}_u"

    def added(self, link: Link | None) -> None:
        """Give the link u, and gamma."""
        super().added(link)
        assert link is not None
        link._check_free("add_hook", self.vector_name)
        if self.use_gamma:
            link.add_param(GAMMA, initializer=1.0)
        link.add_persistent(self.vector_name, None)
        W = getattr(link, self.weight_name)
        if W.is_initialized:
            self._begin(link, W)

    def deleted(self, link: Link | None) -> None:
        """Take them away."""
        delattr(link, self.vector_name)
        if self.use_gamma:
            delattr(link, GAMMA)

    def _begin(self, link: Link, W: Parameter) -> None:
        """Draw u, and set gamma, where a file has not given them."""
        if getattr(link, self.vector_name) is None:
            n_out = W.shape[output_axis(link)]
            u = generate_array(Normal(1.0), (n_out,), dtype=dtype_of(W.array), device=W.device)
            object.__setattr__(link, self.vector_name, u)
        if self.use_gamma and not getattr(link, GAMMA).is_initialized:
            self.renewed(link)

    def renewed(self, link: Link) -> None:
        """Set gamma to the greatest singular value of W."""
        W = getattr(link, self.weight_name)
        if self.use_gamma and W.is_initialized:
            getattr(link, GAMMA).array = xparray.linalg.svdvals(as_matrix(W.array, output_axis(link)))[0]

    def computed(self, link: Link, W: Parameter) -> Variable:
        """W / sigma(W)."""
        self._begin(link, W)
        matrix = as_matrix(W, output_axis(link))
        u, v = self._vectors(link, matrix.array)
        sigma = F.matmul(F.matmul(u, matrix), v)
        if self.factor is not None:
            sigma = F.divide(sigma, self.factor)
        return F.divide(F.multiply(getattr(link, GAMMA), W) if self.use_gamma else W, sigma)

    def _vectors(self, link: Link, matrix: Array) -> tuple[Array, Array]:
        """u and v after this call's steps; the second run of a checkpointed function takes those of the first."""
        kept = f"_{self.weight_name}_vectors"
        if config.in_recomputing and hasattr(link, kept):
            return getattr(link, kept)
        u, v = self._step(getattr(link, self.vector_name), matrix)
        for _ in range(self.n_power_iteration - 1):
            u, v = self._step(u, matrix)
        object.__setattr__(link, kept, (u, v))
        if config.train:
            getattr(link, self.vector_name)[...] = u
        return u, v

    def _step(self, u: Array, matrix: Array) -> tuple[Array, Array]:
        v = self._unit(xparray.matmul(u, matrix))
        return self._unit(xparray.matmul(matrix, v)), v

    def _unit(self, x: Array) -> Any:
        return x / (xparray.linalg.vector_norm(x) + self.eps)
