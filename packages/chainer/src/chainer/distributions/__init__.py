"""Probability distributions: catena's, whose values are Variables here whatever they were made of, as Chainer's are."""

from __future__ import annotations

import functools
from typing import Any

from catena.autograd import Variable
from catena.nn import distributions as _distributions
from catena.nn.distributions import *  # noqa: F403


def _variable(x: Any) -> Any:
    is_array = hasattr(x, "dtype") and hasattr(x, "shape") and not isinstance(x, Variable)
    return Variable(x, requires_grad=False) if is_array and x.dtype.kind == "f" else x


def _of_variables(cls: type) -> type:
    """The distribution whose arrays become Variables."""
    init: Any = cls.__init__  # type: ignore[misc]

    @functools.wraps(init)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *map(_variable, args), **{name: _variable(value) for name, value in kwargs.items()})

    summary = (cls.__doc__ or "").partition("\n")[0]  # without the examples, whose results are arrays
    members = {"__init__": __init__, "__doc__": summary, "__module__": __name__, "__qualname__": cls.__qualname__}
    return type(cls.__name__, (cls,), members)


globals().update({
    name: _of_variables(value)
    for name, value in vars(_distributions).items()
    if name in _distributions.__all__ and isinstance(value, type) and value is not _distributions.Distribution
})  # fmt: skip
