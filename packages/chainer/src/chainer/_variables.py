"""The one adapter of `chainer.functions`: of bare arrays catena's functions return arrays, Chainer's return Variables."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from catena.autograd import Variable, as_variable
from chainer._legacy import RETIRED, settings_of
from chainer._volatile import MADE, is_among, run_volatile

# Functions whose first result is a Variable and whose others stay arrays: indices, masks, noise, a path.
_FIRST_ALONE = frozenset(["argmax_crf1d"])
_ASKS_FOR_ARRAYS = frozenset(["return_indices", "return_mask", "return_eps"])


def returning_variables(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, its results Variables whatever it was given; arguments of v1 such as `train=` are taken too."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if kwargs and not RETIRED.isdisjoint(kwargs):
            with settings_of(wrapper.__name__, kwargs):
                return wrapper(*args, **kwargs)
        if MADE.any and is_among((args, kwargs)):
            return as_variables(wrapper.__name__, run_volatile(function, *args, **kwargs), kwargs)
        result = function(*args, **kwargs)
        return result if type(result) is Variable else as_variables(wrapper.__name__, result, kwargs)

    return wrapper


def as_variables(name: str, result: Any, kwargs: dict[str, Any]) -> Any:
    """What the function of that name returned, its arrays as Variables."""
    if not isinstance(result, list | tuple):
        return _variable(result)
    if name in _FIRST_ALONE or not _ASKS_FOR_ARRAYS.isdisjoint(kwargs):
        return (_variable(result[0]), *result[1:])
    parts = (as_variables(name, part, kwargs) for part in result)
    return list(parts) if isinstance(result, list) else tuple(parts)


def _variable(x: Any) -> Any:
    return as_variable(x) if hasattr(x, "dtype") and hasattr(x, "shape") else x
