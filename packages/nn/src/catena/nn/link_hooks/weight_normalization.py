"""Weights whose length and direction are learned apart."""

from __future__ import annotations

from catena.autograd import Variable
from catena.autograd import functions as F
from catena.nn._link import Link
from catena.nn._parameter import Parameter
from catena.nn.link_hooks._weight import WeightHook, as_matrix, output_axis


class WeightNormalization(WeightHook):
    """A link computes with g W / |W|, where |W| is the length of the weights of one output, and g, one number an output, is learned.

    g is the parameter `<weight_name>_g` of the link and begins as |W|, so that the first call gives what it would without the
    hook. Add the hook before the optimizer is set up.

    Args:
        eps: added to |W|².
        weight_name: of the parameter.
        name: of the hook.

    Raises:
        ValueError: the link has no such parameter, or has an attribute of that name.

    Source: T. Salimans and D. P. Kingma, Weight Normalization, 2016, https://arxiv.org/abs/1602.07868.

    Example:
        >>> import numpy as np
        >>> import catena.nn.links as L
        >>> layer = L.Linear(2, 1, initialW=np.array([[3.0, 4.0]])).add_hook(WeightNormalization())
        >>> layer.W_g.array, layer(np.eye(2, dtype="float32")).array.T
        (array([5.], dtype=float32), array([[3., 4.]], dtype=float32))
    """

    name = "WeightNormalization"

    def __init__(self, *, eps: float = 1e-12, weight_name: str = "W", name: str | None = None) -> None:
        super().__init__(weight_name, name)
        self.eps = eps
        self.length_name = f"{weight_name}_g"

    def added(self, link: Link | None) -> None:
        """Give the link g."""
        super().added(link)
        assert link is not None
        link.add_param(self.length_name, initializer=1.0)
        self.renewed(link)

    def deleted(self, link: Link | None) -> None:
        """Take it away."""
        delattr(link, self.length_name)

    def _lengths(self, link: Link, W: Parameter) -> Variable:
        return F.sqrt(F.add(F.sum(F.square(as_matrix(W, output_axis(link))), axis=1), self.eps))

    def renewed(self, link: Link) -> None:
        """Set g to |W|."""
        W = getattr(link, self.weight_name)
        if W.is_initialized:
            getattr(link, self.length_name).array = self._lengths(link, W).array

    def computed(self, link: Link, W: Parameter) -> Variable:
        """g W / |W|."""
        g = getattr(link, self.length_name)
        if not g.is_initialized:
            self.renewed(link)
        axis = output_axis(link)
        shape = tuple(-1 if i == axis else 1 for i in range(len(W.shape)))
        scale = F.divide(g, self._lengths(link, W))
        return F.multiply(W, F.reshape(scale, shape))
