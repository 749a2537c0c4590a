"""Tables made of lists, arrays and functions, and the base class of one's own."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from catena.training.datasets._tabular import Columns, DelegateDataset, Rows, TabularDataset

__all__ = ["DelegateDataset", "TabularDataset", "from_data"]

_unnamed = itertools.count()


def from_data(data: Any, *, size: int | None = None) -> TabularDataset:
    """A table of lists, arrays and functions.

    A field is a list or an array; or a tuple of its name and a list, an array or a function of an example's number, or of several
    names and such a function. A tuple of fields makes tuples of examples, a dict by name makes dicts, one field alone makes values.

    Args:
        data: the fields.
        size: the number of examples, where there is no list or array to tell it.

    Raises:
        ValueError: fields differ in length, a function has no name, or nothing tells the number of examples.
        TypeError: a field is neither a list nor an array nor a function.

    Example:
        >>> from_data(([0, 1, 2], ("b", lambda i: i * 10)))[:]
        [(0, 0), (1, 10), (2, 20)]
        >>> from_data({"a": [0, 1], ("b", "c"): lambda i: (i, -i)})[1]
        {'a': 1, 'b': 1, 'c': -1}
        >>> from_data(("square", lambda i: i * i), size=10)[5]
        25
    """
    if isinstance(data, dict):
        return _joined(list(data.items()), size).asdict()
    if isinstance(data, tuple) and not _is_named(data):
        return _joined([field if isinstance(field, tuple) else (None, field) for field in data], size).astuple()
    name, field = data if isinstance(data, tuple) else (None, data)
    return _table(name, field, size)


def _joined(fields: list[tuple[Any, Any]], size: int | None) -> TabularDataset:
    if not fields:
        raise ValueError("from_data: got no fields; expected at least one list, array or function")
    lengths = [len(field) for _, field in fields if hasattr(field, "__len__")]
    size = lengths[0] if size is None and lengths else size
    first, *others = (_table(name, field, size) for name, field in fields)
    return first.join(*others)


def _is_named(data: tuple[Any, ...]) -> bool:
    names = data[0] if data and isinstance(data[0], tuple) else data[:1]
    return len(data) == 2 and bool(names) and all(isinstance(name, str) for name in names)


def _table(name: Any, field: Any, size: int | None) -> TabularDataset:
    if hasattr(field, "__len__") and hasattr(field, "__getitem__") and not isinstance(field, str | dict):
        if isinstance(name, tuple):
            raise ValueError(f"from_data: the names {name} stand for one list; expected one name, or a function")
        return _Field(f"_{next(_unnamed)}" if name is None else name, field)
    if not callable(field):
        raise TypeError(
            f"from_data: field {name!r} is {field!r:.60} ({type(field).__name__}); expected a list, an array or a function"
        )
    if name is None:
        raise ValueError(
            f"from_data: the function {field!r:.60} has no name; expected a tuple of a name and the function"
        )
    if size is None:
        raise ValueError("from_data: nothing tells the number of examples; pass size=")
    return _Field("index", range(size)).transform(name, field)


class _Field(TabularDataset):
    def __init__(self, key: str, values: Sequence[Any]) -> None:
        self._key, self._values = key, values

    def __len__(self) -> int:
        return len(self._values)

    @property
    def keys(self) -> tuple[str, ...]:
        return (self._key,)

    @property
    def mode(self) -> type | None:
        return None

    def get_examples(self, indices: Rows, key_indices: tuple[int, ...] | None) -> Columns:
        values: Any = self._values
        if isinstance(indices, slice) or (indices is not None and hasattr(values, "shape")):
            values = values[indices]
        elif indices is not None:
            values = [values[i] for i in indices]
        return (values,) * (1 if key_indices is None else len(key_indices))
