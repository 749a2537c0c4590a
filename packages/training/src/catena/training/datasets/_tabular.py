"""Tables: datasets whose examples all have the same named fields, and views of them, which read only what is asked for."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from catena.training.convert import concat_examples
from catena.training.datasets._containers import DatasetMixin, indices_of

Rows: TypeAlias = "list[int] | slice | None"
Columns: TypeAlias = tuple[Any, ...]


class TabularDataset(DatasetMixin):
    """Base class of tables: define `__len__`, `keys`, `mode` and `get_examples`, and views come by themselves.

    An example is a tuple of its fields where `mode` is `tuple`, a dict of them where it is `dict`, and the one field itself where it
    is None.

    Raises:
        TypeError: one of the four is not defined.

    Example:
        >>> from catena.training.datasets import tabular
        >>> table = tabular.from_data({"a": [0, 1, 2], "b": [3, 4, 5]})
        >>> table[1], table.astuple()[1], table.slice[:, "b"][1]
        ({'a': 1, 'b': 4}, (1, 4), 4)
        >>> table.slice[[2, 0], ("b", "a")].fetch()
        {'b': [5, 3], 'a': [2, 0]}
    """

    def __len__(self) -> int:
        raise self._undefined("__len__(self)", "the number of examples")

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the fields."""
        raise self._undefined("keys, a property", "a tuple of the fields' names")

    @property
    def mode(self) -> type | None:
        """What an example is: `tuple`, `dict`, or None for a field alone."""
        raise self._undefined("mode, a property", "tuple, dict or None")

    def get_examples(self, indices: Rows, key_indices: tuple[int, ...] | None) -> Columns:
        """Some fields of some examples: for each field a list or an array of its values.

        Args:
            indices: the examples, a list of integers or a slice; None for all.
            key_indices: the fields, by their places in `keys`; None for all.
        """
        raise self._undefined("get_examples(self, indices, key_indices)", "a tuple of lists or arrays")

    @property
    def slice(self) -> Slicer:
        """`table.slice[rows]` and `table.slice[rows, keys]` are views.

        Rows are a slice, a list or array of integers, or a mask; keys are a name or number, for a table of that field alone, or a
        tuple of them.
        """
        return Slicer(self)

    def fetch(self) -> Any:
        """All examples, field by field: a tuple or a dict of lists or arrays, or one, according to `mode`."""
        return self._as_example(self.get_examples(None, None))

    def convert(self, data: Any) -> Any:
        """What `fetch` gives as arrays, `(n, ...)` each; `with_converter` replaces this."""
        if isinstance(data, tuple):
            return tuple(_as_array(column) for column in data)
        if isinstance(data, dict):
            return {key: _as_array(column) for key, column in data.items()}
        return _as_array(data)

    def astuple(self) -> TabularDataset:
        """The same table with tuples as examples."""
        return _AsMode(self, tuple)

    def asdict(self) -> TabularDataset:
        """The same table with dicts as examples."""
        return _AsMode(self, dict)

    def concat(self, *datasets: TabularDataset) -> TabularDataset:
        """The examples of this table, then those of others with the same keys.

        Raises:
            ValueError: the keys differ.
        """
        return _Concatenated(self, *datasets)

    def join(self, *datasets: TabularDataset) -> TabularDataset:
        """The fields of this table, then those of others with as many examples.

        Raises:
            ValueError: the lengths differ, or two tables have a field of one name.
        """
        return _Joined(self, *datasets)

    def transform(self, keys: str | tuple[str, ...], transform: Callable[..., Any]) -> TabularDataset:
        """A table of what `transform` makes of each example: the fields `keys`, as a tuple, a dict or a value alone.

        It is called with an example's fields, by name where `mode` is `dict`, when the example is read.

        Example:
            >>> from catena.training.datasets import tabular
            >>> table = tabular.from_data({"a": [1, 2], "b": [3, 4]})
            >>> table.transform("sum", lambda a, b: a + b)[:]
            [4, 6]
        """
        return _Transformed(self, keys, transform, "transform")

    def transform_batch(self, keys: str | tuple[str, ...], transform_batch: Callable[..., Any]) -> TabularDataset:
        """As `transform`, for many examples at once: called with a list or array a field, it returns the same."""
        return _Transformed(self, keys, transform_batch, "transform_batch")

    def with_converter(self, converter: Callable[..., Any]) -> TabularDataset:
        """The same table whose `convert` calls `converter` with the fields, by name where `mode` is `dict`."""
        return _WithConverter(self, converter)

    def get_example(self, i: int) -> Any:
        """Example number `i`."""
        return self._as_example(tuple([column[0] for column in self.get_examples([i], None)]))

    def __iter__(self) -> Iterator[Any]:
        return map(self.get_example, range(len(self)))

    def _as_example(self, fields: Columns) -> Any:
        mode = self.mode
        if mode is tuple:
            return fields
        return dict(zip(self.keys, fields, strict=True)) if mode is dict else fields[0]

    def _undefined(self, what: str, value: str) -> TypeError:
        return TypeError(f"{type(self).__name__} is no whole table; define {what} in it, giving {value}")


class DelegateDataset(TabularDataset):
    """A table that asks another one, to derive tables of one's own from.

    Args:
        dataset: the other table.

    Example:
        >>> from catena.training.datasets import tabular
        >>> class Squares(tabular.DelegateDataset):
        ...     def __init__(self):
        ...         super().__init__(tabular.from_data((("i", range(10)), ("square", self.square))))
        ...     def square(self, i):
        ...         return i * i
        >>> Squares()[3]
        (3, 9)
    """

    def __init__(self, dataset: TabularDataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the fields."""
        return self.dataset.keys

    @property
    def mode(self) -> type | None:
        """What an example is: `tuple`, `dict`, or None for a field alone."""
        return self.dataset.mode

    def get_examples(self, indices: Rows, key_indices: tuple[int, ...] | None) -> Columns:
        """Some fields of some examples."""
        return self.dataset.get_examples(indices, key_indices)

    def convert(self, data: Any) -> Any:
        """What the other table's `convert` makes of `data`."""
        return self.dataset.convert(data)


class _AsMode(DelegateDataset):
    def __init__(self, dataset: TabularDataset, mode: type) -> None:
        super().__init__(dataset)
        self._mode = mode

    @property
    def mode(self) -> type | None:
        return self._mode


class _WithConverter(DelegateDataset):
    def __init__(self, dataset: TabularDataset, converter: Callable[..., Any]) -> None:
        super().__init__(dataset)
        self._converter = converter

    def convert(self, data: Any) -> Any:
        return _call(self._converter, data)


class Slicer:
    """What `table.slice` is; index it to have a view."""

    def __init__(self, dataset: TabularDataset) -> None:
        self._dataset = dataset

    def __getitem__(self, index: Any) -> TabularDataset:
        rows, keys = index if isinstance(index, tuple) else (index, None)
        return _Slice(self._dataset, rows, keys)


class _Slice(DelegateDataset):
    def __init__(self, dataset: TabularDataset, rows: Any, keys: Any) -> None:
        super().__init__(dataset)
        n = len(dataset)
        chosen = range(n)[rows] if isinstance(rows, slice) else indices_of(rows, n, "slice")
        if isinstance(chosen, int):
            raise TypeError(f"slice: got the row {rows!r}; expected a slice or a list, such as [{rows!r}]")
        self._rows: Sequence[int] = chosen
        self._alone = keys is not None and not isinstance(keys, tuple)
        self._columns: tuple[int, ...] | None = None
        if keys is not None:
            self._columns = tuple(_column(key, dataset.keys) for key in (keys if isinstance(keys, tuple) else (keys,)))

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def keys(self) -> tuple[str, ...]:
        names = self.dataset.keys
        return names if self._columns is None else tuple(names[k] for k in self._columns)

    @property
    def mode(self) -> type | None:
        if self._alone:
            return None
        return self.dataset.mode or (None if self._columns is None else tuple)

    def get_examples(self, indices: Rows, key_indices: tuple[int, ...] | None) -> Columns:
        columns = self._columns
        if columns is not None and key_indices is not None:
            columns = tuple(columns[k] for k in key_indices)
        return self.dataset.get_examples(
            _as_slice(_chosen(self._rows, indices)), key_indices if columns is None else columns
        )


class _Concatenated(DelegateDataset):
    def __init__(self, *datasets: TabularDataset) -> None:
        super().__init__(datasets[0])
        for i, dataset in enumerate(datasets):
            if dataset.keys != datasets[0].keys:
                raise ValueError(
                    f"concat: table {i} has the keys {dataset.keys}, table 0 {datasets[0].keys}; expected the same"
                )
        self._datasets = datasets
        self._ends = list(itertools.accumulate(map(len, datasets)))

    def __len__(self) -> int:
        return self._ends[-1]

    def get_examples(self, indices: Rows, key_indices: tuple[int, ...] | None) -> Columns:
        asked: dict[int, list[int]] = {}
        places = []
        for row in _chosen(range(len(self)), indices):
            k = bisect.bisect_right(self._ends, row)
            rows = asked.setdefault(k, [])
            places.append((k, len(rows)))
            rows.append(row - (self._ends[k - 1] if k else 0))
        if len(asked) <= 1:
            k, rows = next(iter(asked.items()), (0, []))
            return self._datasets[k].get_examples(_as_slice(rows), key_indices)
        found = {k: self._datasets[k].get_examples(_as_slice(rows), key_indices) for k, rows in asked.items()}
        n = len(self.keys if key_indices is None else key_indices)
        return tuple([found[k][column][place] for k, place in places] for column in range(n))


class _Joined(DelegateDataset):
    def __init__(self, *datasets: TabularDataset) -> None:
        super().__init__(datasets[0])
        lengths = [len(dataset) for dataset in datasets]
        if len(set(lengths)) > 1:
            raise ValueError(
                f"join: the tables have {', '.join(map(str, lengths))} examples; expected the same number in each"
            )
        keys = [key for dataset in datasets for key in dataset.keys]
        if len(set(keys)) < len(keys):
            raise ValueError(f"join: the tables have the keys {keys}; expected each only once")
        self._datasets = datasets
        # Of each field, its table and its place there.
        self._places = [(i, k) for i, dataset in enumerate(datasets) for k in range(len(dataset.keys))]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(key for dataset in self._datasets for key in dataset.keys)

    @property
    def mode(self) -> type | None:
        return next((dataset.mode for dataset in self._datasets if dataset.mode is not None), tuple)

    def get_examples(self, indices: Rows, key_indices: tuple[int, ...] | None) -> Columns:
        places = self._places if key_indices is None else [self._places[k] for k in key_indices]
        asked: dict[int, list[int]] = {}
        for i, k in dict.fromkeys(places):
            asked.setdefault(i, []).append(k)
        found = {}
        for i, columns in asked.items():
            for k, column in zip(columns, self._datasets[i].get_examples(indices, tuple(columns)), strict=True):
                found[i, k] = column
        return tuple(found[place] for place in places)


class _Transformed(DelegateDataset):
    _mode: type | None

    def __init__(self, dataset: TabularDataset, keys: Any, function: Callable[..., Any], name: str) -> None:
        if not callable(function):
            raise TypeError(f"{name}: got {function!r:.60} ({type(function).__name__}); expected a function")
        super().__init__(dataset)
        self._keys: tuple[str, ...] = keys if isinstance(keys, tuple) else (keys,)
        self._function = function
        self._name = name

    @property
    def keys(self) -> tuple[str, ...]:
        return self._keys

    @property
    def mode(self) -> type | None:
        if not hasattr(self, "_mode"):  # the first result tells
            self.get_examples([0], None)
        return self._mode

    def get_examples(self, indices: Rows, key_indices: tuple[int, ...] | None) -> Columns:
        given = self.dataset.get_examples(indices, None)
        if self._name == "transform":
            results = [self._apply(fields) for fields in zip(*given, strict=True)]
            columns: Columns = tuple([result[k] for result in results] for k in range(len(self._keys)))
        else:
            columns = self._apply(given)
            n = len(_chosen(range(len(self)), indices))
            for key, column in zip(self._keys, columns, strict=True):
                if len(column) != n:
                    raise ValueError(
                        f"transform_batch: {key!r} has {len(column)} values for {n} examples; expected as many"
                    )
        return columns if key_indices is None else tuple(columns[k] for k in key_indices)

    def _apply(self, fields: Columns) -> Columns:
        names = self.dataset.keys
        by_name = self.dataset.mode is dict
        result = self._function(**dict(zip(names, fields, strict=True))) if by_name else self._function(*fields)
        mode = next((kind for kind in (tuple, dict) if isinstance(result, kind)), None)
        before = self.__dict__.setdefault("_mode", mode)
        if mode is not before:
            kinds = [kind.__name__ if kind else "a value alone" for kind in (mode, before)]
            raise ValueError(f"{self._name}: the function returned {kinds[0]} after {kinds[1]}; expected one kind")
        values: Any = (result,) if mode is None else result
        if len(values) != len(self._keys) or (mode is dict and set(values) != set(self._keys)):
            there = list(values) if mode is dict else len(values)
            raise ValueError(f"{self._name}: the function returned the fields {there}; expected {list(self._keys)}")
        return tuple(values[key] for key in self._keys) if mode is dict else tuple(values)


def _chosen(rows: Sequence[int], indices: Rows) -> Sequence[int]:
    """Those of `rows` that `indices` names."""
    if indices is None:
        return rows
    return rows[indices] if isinstance(indices, slice) else [rows[i] for i in indices]


def _as_slice(rows: Sequence[int]) -> list[int] | slice:
    """`rows`, as a slice where they are a range; a slice of an array is no copy."""
    if not isinstance(rows, range):
        return list(rows)
    if len(rows) == 0:
        return slice(0, 0)
    return slice(rows.start, None if rows.stop < 0 else rows.stop, rows.step)


def _column(key: Any, keys: tuple[str, ...]) -> int:
    if isinstance(key, str) and key in keys:
        return keys.index(key)
    if isinstance(key, int) and -len(keys) <= key < len(keys):
        return key % len(keys)
    error = KeyError if isinstance(key, str) else IndexError
    raise error(f"slice: there is no field {key!r}; expected one of {', '.join(keys)}, or its number")


def _call(function: Callable[..., Any], data: Any) -> Any:
    if isinstance(data, tuple):
        return function(*data)
    return function(**data) if isinstance(data, dict) else function(data)


def _as_array(column: Any) -> Any:
    return column if hasattr(column, "shape") else concat_examples([(value,) for value in column])[0]
