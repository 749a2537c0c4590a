"""What hooks have in common that let a link run with a weight computed from its own."""

from __future__ import annotations

import copy
from typing import Any, Self

from catena.autograd import Variable, no_backprop_mode
from catena.nn._link import Link
from catena.nn._link_hook import LINK_HOOKS, LinkCall, LinkHook
from catena.nn._parameter import Computed, Parameter
from catena.nn.links.deconvolution import Deconvolution2D, DeconvolutionND


class WeightHook(LinkHook):
    """A hook under which a link computes with another weight; a subclass defines `computed`.

    The parameter stays the link's own: the optimizer, files and copies see it alone. Where its shape is still to come, the first
    call makes it.
    """

    def __init__(self, weight_name: str, name: str | None) -> None:
        self.weight_name = weight_name
        if name is not None:
            self.name = name
        self._own: list[Parameter] = []

    def __enter__(self) -> Self:
        raise TypeError(f"{type(self).__name__} works on one link, not on a block; use link.add_hook(...)")

    def added(self, link: Link | None) -> None:
        """Check that the link has such a weight."""
        assert link is not None
        if not isinstance(getattr(link, self.weight_name, None), Parameter):
            known = ", ".join(repr(name) for name, p in link._entries() if isinstance(p, Parameter)) or "none"
            raise ValueError(
                f"{type(self).__name__}: {type(link).__name__} has no parameter {self.weight_name!r}; its parameters are {known}; "
                "pass weight_name"
            )

    def forward_preprocess(self, args: LinkCall) -> None:
        """Put the computed weight in the place of the own."""
        link, own = args.link, getattr(args.link, self.weight_name)
        if not own.is_initialized:
            _initialize(args)
        weight = Computed(self.computed(link, own), self.weight_name)
        object.__setattr__(link, self.weight_name, weight)
        self._own.append(own)

    def forward_postprocess(self, args: LinkCall) -> None:
        """Put the own weight back."""
        object.__setattr__(args.link, self.weight_name, self._own.pop())

    forward_failed = forward_postprocess

    def computed(self, link: Link, W: Parameter) -> Variable:
        """The weight to compute with, from the own."""
        raise NotImplementedError


def output_axis(link: Link) -> int:
    """The axis of a link's weight that counts its outputs."""
    return 1 if isinstance(link, Deconvolution2D | DeconvolutionND) else 0


def _initialize(args: LinkCall) -> None:
    """Give the parameters of the link the shapes and values that its first call gives those of a copy."""
    link = args.link
    first = copy.deepcopy(link)
    object.__setattr__(first, "_link_hooks", None)
    outside = LINK_HOOKS.set(None)
    try:
        with no_backprop_mode():
            first(*args.args, **args.kwargs)
    finally:
        LINK_HOOKS.reset(outside)
    for own, made in zip(link.params(), first.params(), strict=True):
        if not own.is_initialized and made.is_initialized:
            own.array = made.array


def as_matrix(W: Any, axis: int) -> Any:
    """`W` with `axis` as the rows and all others as the columns."""
    from catena.autograd import functions as F

    return F.reshape(F.moveaxis(W, axis, 0), (W.shape[axis], -1))
