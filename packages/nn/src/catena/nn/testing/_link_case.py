"""A link as a function of its inputs and its parameters."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import xparray as xp
from catena.autograd import Variable, as_array
from catena.autograd._containers import leaves, refilled
from catena.autograd.gradient_check import is_inexact
from catena.autograd.testing import Bound, Call, Case
from catena.autograd.testing._call import bound_leaves
from catena.nn._link import Link
from catena.nn._parameter import Computed, Parameter


class LinkCase(Case):
    """How to draw calls of a link: `Call(x, link=Call(3, 2))` is the call `Linear(3, 2)(x)`.

    The parameters are inputs too, with gradients that are checked as those of the others; their values are multiples of 1/8 of
    either sign, in the dtype of the first input. Each run begins with a copy of the link as it was made, so that what a call
    changes, such as running statistics, does not reach the next.

    Example:
        >>> import catena.nn.links as L
        >>> from catena.autograd.testing import arrays, calls, check_op
        >>> check_op(L.Linear, LinkCase(calls(arrays(shape=(4, 3)), link=calls(3, 2))), examples=3)
    """

    def bind(self, function: Callable[..., Any], call: Call) -> Bound:
        """The call as a function of the inputs' leaves and the parameters."""
        options = dict(call.options)
        made = options.pop("link")
        xp.random.seed(0)
        link = function(*made.inputs, **made.options)
        _initialize(link, call.inputs, options)
        inputs = bound_leaves(getattr(link, "forward", link), call.inputs)
        dtype = next((x.dtype for _, x in inputs if is_inexact(x)), np.dtype(np.float32))
        params = [(path, _eighths(p.shape, dtype, i)) for i, (path, p) in enumerate(link.namedparams())]

        def f(given: Sequence[Any], options: dict[str, Any]) -> list[Any]:
            copied = copy.deepcopy(link)
            copied.to_device(xp.device_of(as_array(given[0])))
            for p, x in zip(copied.params(), given[len(inputs) :], strict=True):
                _stand_in(p, x)
            if self.random:
                xp.random.seed(0)
            records = any(isinstance(x, Variable) for x in given)
            # A parameter is a Variable, which array-api-strict's operators do not take beside an array of theirs.
            xs = given if records or isinstance(given[0], np.ndarray) else [_constant(x) for x in given]
            ys = [y for _, y in leaves(copied(*refilled(call.inputs, iter(xs)), **options), "")]
            return ys if records else [as_array(y) for y in ys]

        names, values = zip(*inputs, *params, strict=True)
        return Bound(f, list(values), list(names), options)


def _initialize(link: Link, inputs: Sequence[Any], options: dict[str, Any]) -> None:
    """Give the parameters that wait for an input the shapes that they get from this one."""
    if not all(p.is_initialized for p in link.params()):
        called = copy.deepcopy(link)
        called(*inputs, **options)
        for p, initialized in zip(link.params(), called.params(), strict=True):
            p.initialize(initialized.shape)


def _eighths(shape: tuple[int, ...], dtype: Any, seed: int) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(seed)
    return np.asarray(rng.integers(1, 9, shape) * rng.choice([-1, 1], shape) / 8).astype(dtype)


def _constant(x: Any) -> Any:
    return Variable(x, requires_grad=False) if is_inexact(x) else x


def _stand_in(p: Parameter, x: Any) -> None:
    p.__class__ = Computed
    p._array = as_array(x)
    p.node = x.node if isinstance(x, Variable) else None
