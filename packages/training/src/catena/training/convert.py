"""From a minibatch, a list of examples, to the arrays that a model takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

import numpy as np

import xparray as xp
from xparray import Array, Device
from xparray._memory import empty

__all__ = ["ConcatWithAsyncTransfer", "Converter", "concat_examples", "converter", "to_device"]

# What NumPy stacks by itself; any other array goes through its own library.
_HOST_TYPES = (np.ndarray, np.generic, int, float, complex, str, bytes, list)
_LARGE = 16_384  # bytes of an example


def concat_examples(batch: Sequence[Any], device: Any = None, padding: Any = None) -> Any:
    """Stack the examples of a minibatch along a new first axis.

    Examples that are tuples give a tuple of arrays, one a field; dicts give a dict; anything else gives one array. A
    field is an array `(...)`, which becomes `(batch, ...)`, or a number, which becomes `(batch,)` of NumPy's dtype for
    it: int64 for an int, float64 for a float.

    Args:
        batch: the examples, all of one kind.
        device: where the result lives: "numpy", "numba", ...; -1 is "numpy" and n >= 0 is "cuda:n"; None leaves each
            field on the device of its examples; for tuples and dicts one device, or a tuple or dict of them.
        padding: a number that fills up examples of one rank whose shapes differ, to the largest length of each axis;
            for tuples and dicts one number for all fields, or a tuple or dict of them, in which None pads nothing.

    Raises:
        ValueError: the batch is empty; shapes differ and there is no padding, or ranks differ; tuples or dicts differ
            in their fields; there is no such device.
        TypeError: the batch has no length, or an example is no array and no number.

    Example:
        >>> import numpy as np
        >>> x, t = concat_examples([(np.zeros(3), 0), (np.ones(3), 1)])
        >>> x.shape, t
        ((2, 3), array([0, 1]))
        >>> concat_examples([np.array([1, 2]), np.array([3])], padding=-1)
        array([[ 1,  2],
               [ 3, -1]])
    """
    if not hasattr(batch, "__len__"):
        raise TypeError(
            f"concat_examples: batch is {batch!r:.60} ({type(batch).__name__}); expected a list of examples, such as "
            "next(iterator)"
        )
    if len(batch) == 0:
        raise ValueError("concat_examples: the batch is empty; expected a list with at least one example")
    first = batch[0]
    if isinstance(first, tuple):
        return _of_tuples(batch, device, padding)
    if isinstance(first, Mapping):
        return _of_dicts(batch, device, padding)
    return _stack(batch, "", device, padding)


class Converter:
    """Base class of converters with a state of their own: define `__call__(batch, device=None)`.

    Any callable of these two arguments will do in its place.
    """

    def __call__(self, batch: Sequence[Any], device: str | Device | int | None = None) -> Any:
        """Arrays made of the examples `batch`, on `device`: a tuple or a dict of them, a loss function's arguments, or one."""
        raise TypeError(
            f"{type(self).__name__} converts nothing; define __call__(self, batch, device=None) in it, returning arrays"
        )


class _FunctionConverter(Converter):
    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.__doc__ = function.__doc__

    def __call__(
        self, batch: Sequence[Any], device: str | Device | int | None = None, *args: Any, **options: Any
    ) -> Any:
        return self._function(batch, None if device is None else parse_device(device), *args, **options)


class ConcatWithAsyncTransfer(Converter):
    """`concat_examples` whose arrays are copied to a GPU while it computes, from page-locked memory on a stream of their own.

    What is computed with the arrays waits for them; the program does not. On any other device it is `concat_examples`.

    Args:
        stream: CuPy's stream that copies; a new one unless given.
        compute_stream: CuPy's stream on which the arrays are used; the current one of each call unless given.

    Example:
        >>> import numpy as np
        >>> converter = ConcatWithAsyncTransfer()
        >>> converter([(np.zeros(2), 1), (np.ones(2), 0)], "numpy")[1]
        array([1, 0])
    """

    def __init__(self, stream: Any = None, compute_stream: Any = None) -> None:
        self._streams = stream, compute_stream
        self._uploads: dict[Device, Callable[[Array], Array]] = {}

    def __call__(
        self, batch: Sequence[Any], device: str | Device | int | None = None, padding: Any = None
    ) -> tuple[Array, ...] | dict[Any, Array] | Array:
        """Stack the examples of a minibatch as `concat_examples` does, on `device`."""
        home = None if device is None else parse_device(device)
        if home is None or home.backend != "cuda":
            return concat_examples(batch, home, padding)
        stacked = concat_examples(batch, None, padding)
        if isinstance(stacked, tuple):
            return tuple(self._sent(x, home) for x in stacked)
        if isinstance(stacked, dict):
            return {key: self._sent(x, home) for key, x in stacked.items()}
        return self._sent(stacked, home)

    def _sent(self, x: Array, device: Device) -> Array:
        if not isinstance(x, np.ndarray):  # on a GPU already
            return to_device(device, x)
        if device not in self._uploads:
            native = xp.get_backend("cuda").native_device(device)
            from xparray.backends._transfer import Uploads

            self._uploads[device] = Uploads(native, *self._streams)
        return self._uploads[device](x)


def converter() -> Callable[[Callable[..., Any]], Converter]:
    """Make a converter of a function of a minibatch and a device, which it is given as a `xparray.Device` or None.

    Other arguments, which a program may give where it calls the converter itself, are handed on.

    Example:
        >>> @converter()
        ... def as_rows(batch, device):
        ...     return to_device(device, np.stack(batch))
        >>> as_rows([np.zeros(3), np.ones(3)], -1).shape
        (2, 3)
    """
    return _FunctionConverter


def to_device(device: str | Device | int | None, x: Array) -> Array:
    """`x` on `device`; None leaves it where it is, -1 is "numpy" and n >= 0 is "cuda:n".

    Example:
        >>> import numpy as np
        >>> type(to_device("numba", np.ones(2))).__name__
        'NumbaArray'
    """
    return x if device is None else xp.to_device(x, parse_device(device))


def parse_device(device: str | Device | int) -> Device:
    """The Device named by "numpy", "cuda:0" and the like, or by Chainer's number: -1 for the host, n for the n-th GPU."""
    if isinstance(device, int):
        return xp.Device("numpy") if device < 0 else xp.Device("cuda", str(device))
    return xp.Device.parse(device)


def call_with(function: Callable[..., Any], arrays: Any) -> Any:
    """Call `function` with what a converter made of a minibatch: a tuple or a dict is its arguments, an array the only one."""
    if isinstance(arrays, tuple):
        return function(*arrays)
    return function(**arrays) if isinstance(arrays, dict) else function(arrays)


def _of_tuples(batch: Sequence[Any], device: Any, padding: Any) -> tuple[Array, ...]:
    n = len(batch[0])
    for i, example in enumerate(batch):
        if not isinstance(example, tuple) or len(example) != n:
            raise ValueError(
                f"concat_examples: example {i} is {_kind(example)}, example 0 a tuple of {n}; expected tuples of one "
                "length"
            )
    pads, homes = _by_place("padding", padding, n), _by_place("device", device, n)
    return tuple(
        _stack(column, f"field {k} of ", home, pad)
        for k, (column, home, pad) in enumerate(zip(zip(*batch, strict=True), homes, pads, strict=True))
    )


def _of_dicts(batch: Sequence[Any], device: Any, padding: Any) -> dict[Any, Array]:
    keys = batch[0].keys()
    for i, example in enumerate(batch):
        if not isinstance(example, Mapping) or example.keys() != keys:
            raise ValueError(
                f"concat_examples: example {i} is {_kind(example)}, example 0 {_kind(batch[0])}; expected dicts with "
                "the same keys"
            )
    pads, homes = _by_key("padding", padding, keys), _by_key("device", device, keys)
    return {
        key: _stack([example[key] for example in batch], f"field {key!r} of ", homes[key], pads[key]) for key in keys
    }


def _by_place(argument: str, value: Any, n: int) -> tuple[Any, ...]:
    """`value` for each of `n` fields."""
    if not isinstance(value, tuple):
        return (value,) * n
    if len(value) != n:
        raise ValueError(
            f"concat_examples: {argument} has {len(value)} entries, the examples {n} fields; expected one entry a field"
        )
    return value


def _by_key(argument: str, value: Any, keys: Set[Any]) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        return dict.fromkeys(keys, value)
    if value.keys() != keys:
        raise ValueError(
            f"concat_examples: {argument} has the keys {list(value)}, the examples {list(keys)}; expected the same keys"
        )
    return value


def _stack(column: Sequence[Any], field: str, device: str | Device | int | None, padding: Any) -> Array:
    types = set(map(type, column))
    if padding is None and all(issubclass(t, _HOST_TYPES) for t in types):
        stacked = _stacked_on_host(column, field)
        tags = [t for t in types if t is not np.ndarray and issubclass(t, np.ndarray)]
        if tags:
            stacked = xp.to_device(stacked, xp.device_of(next(a for a in column if type(a) in tags)))
    else:
        arrays = [_array(a, i, field) for i, a in enumerate(column)]
        shapes = _shapes(arrays, field, ranks_only=padding is not None)
        stacked = xp.stack(arrays) if padding is None else _padded(arrays, shapes, field, padding)
    return to_device(device, stacked)


def _stacked_on_host(column: Sequence[Any], field: str) -> np.ndarray[Any, Any]:
    first = column[0]
    if type(first) is np.ndarray and first.nbytes >= _LARGE and first.dtype.kind in "biufc" and first.dtype.isnative:
        shape, dtype = first.shape, first.dtype
        if all(type(a) is np.ndarray and a.shape == shape and a.dtype == dtype for a in column):
            stacked = empty(
                (len(column), *shape), dtype
            )  # memory of an earlier minibatch, which the system need not find and clear
            for i, a in enumerate(column):
                stacked[i] = a
            return stacked
    try:
        stacked = np.array(column)
    except ValueError:
        _shapes([_array(a, i, field) for i, a in enumerate(column)], field, ranks_only=False)
        raise
    if stacked.dtype.kind == "O":
        for i, a in enumerate(column):
            _array(a, i, field)
    return stacked


def _array(example: Any, i: int, field: str) -> Array:
    if isinstance(example, np.ndarray) or (hasattr(example, "shape") and not isinstance(example, np.generic)):
        array = example
    else:
        try:
            array = np.asarray(example)
        except ValueError as e:
            raise ValueError(
                f"concat_examples: {field}example {i} is a list whose parts differ in length; make it an array in the "
                "dataset"
            ) from e
    if getattr(array.dtype, "kind", "") == "O":
        raise TypeError(
            f"concat_examples: {field}example {i} is {example!r:.60} ({type(example).__name__}); expected an array or "
            "a number"
        )
    return array


def _shapes(arrays: Sequence[Array], field: str, *, ranks_only: bool) -> list[tuple[int, ...]]:
    """The shapes, which must be equal, or have equally many axes where `ranks_only`."""
    shapes = [tuple(a.shape) for a in arrays]
    for i, shape in enumerate(shapes):
        if len(shape) != len(shapes[0]):
            fix = "give all examples the same number of axes"
        elif shape != shapes[0] and not ranks_only:
            fix = "pass padding=0 to fill up the shorter ones, or give all examples one shape"
        else:
            continue
        raise ValueError(f"concat_examples: {field}example {i} has shape {shape}, example 0 has {shapes[0]}; {fix}")
    return shapes


def _padded(arrays: Sequence[Array], shapes: Sequence[tuple[int, ...]], field: str, padding: Any) -> Array:
    namespace = xp.array_namespace(*arrays)
    dtype = namespace.result_type(*{a.dtype for a in arrays})
    filler = _fitting(padding, dtype, namespace, field)
    largest = map(max, zip(*shapes, strict=True))
    stacked = xp.full((len(arrays), *largest), filler, dtype=dtype, device=xp.device_of(arrays[0]))
    for i, a in enumerate(arrays):
        stacked[(i, *map(slice, a.shape))] = a
    return stacked


def _fitting(padding: Any, dtype: Any, namespace: Any, field: str) -> Any:
    """`padding` as a Python number, if arrays of `dtype` can hold it; a library would round it or wrap it in silence."""
    number = padding.item() if isinstance(padding, np.generic) else padding
    if namespace.isdtype(dtype, "bool"):
        fits = isinstance(number, bool)
    elif namespace.isdtype(dtype, "integral"):
        limits = namespace.iinfo(dtype)
        fits = isinstance(number, int) and limits.min <= number <= limits.max
    else:
        fits = isinstance(number, int | float | complex)
    if not fits:
        raise ValueError(
            f"concat_examples: padding is {padding!r}, which {field or 'the '}examples of dtype {dtype} cannot hold"
        )
    return number


def _kind(example: Any) -> str:
    if isinstance(example, tuple):
        return f"a tuple of {len(example)}"
    if isinstance(example, Mapping):
        return f"a dict with the keys {list(example)}"
    return f"of type {type(example).__name__}"
