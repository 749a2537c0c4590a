"""Tables: fields by name, views that read only what is asked for."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pytest

import xparray as xp
from catena.training.datasets import TabularDataset, tabular
from catena.training.iterators import SerialIterator

from_data = tabular.from_data


class Grid(TabularDataset):
    """Four examples of three fields, 0 to 11, which notes what it is asked for."""

    def __init__(self, mode=tuple):
        self._mode, self.asked = mode, []

    def __len__(self):
        return 4

    @property
    def keys(self):
        return ("a", "b", "c")

    @property
    def mode(self):
        return self._mode

    def get_examples(self, indices, key_indices):
        self.asked.append((indices, key_indices))
        data = np.arange(12).reshape(4, 3)
        data = data if indices is None else data[indices]
        return tuple(data.T if key_indices is None else data[:, list(key_indices)].T)


def plain(x):
    """Arrays as lists, to compare."""
    if isinstance(x, tuple):
        return tuple(map(plain, x))
    if isinstance(x, dict):
        return {key: plain(value) for key, value in x.items()}
    return np.asarray(x).tolist() if hasattr(x, "dtype") else list(map(plain, x)) if isinstance(x, list) else x


def double(a, b, c):
    return {"x": a + b, "y": c * 2}


def noisy(a):
    return int(xp.random.get_generator().integers((), 0, 1000)) + 0 * a


# What Chainer 7.8.1 gives for the same expressions.
FACTS = [
    (lambda t: t[1], (3, 4, 5)),
    (lambda t: t[-1], (9, 10, 11)),
    (lambda t: t[1:3], [(3, 4, 5), (6, 7, 8)]),
    (lambda t: t[[3, 0]], [(9, 10, 11), (0, 1, 2)]),
    (lambda t: list(t.asdict())[2], {"a": 6, "b": 7, "c": 8}),
    (lambda t: t.fetch(), ([0, 3, 6, 9], [1, 4, 7, 10], [2, 5, 8, 11])),
    (lambda t: t.slice[[3, 2], ("c", 0)].keys, ("c", "a")),
    (lambda t: t.slice[[3, 2], ("c", 0)].fetch(), ([11, 8], [9, 6])),
    (lambda t: t.slice[[3, 2], ("c", 0)].asdict()[1], {"c": 8, "a": 6}),
    (lambda t: t.slice[[3, 2], "c"].fetch(), [11, 8]),
    (lambda t: t.slice[:, -1][0], 2),
    (lambda t: t.slice[::-1].slice[1:, 1].fetch(), [7, 4, 1]),
    (lambda t: t.slice[1:].slice[[0, 2]].slice[[-1]].fetch(), ([9], [10], [11])),
    (lambda t: t.slice[[True, False, False, True]].slice[::-1, 0].fetch(), [9, 0]),
    (lambda t: t.slice[4:].fetch(), ([], [], [])),
    (lambda t: len(t.slice[::2]), 2),
    (lambda t: t.slice[:, ("b",)].mode, tuple),
    (lambda t: t.slice[:, "b"].mode, None),
    (lambda t: t.concat(t).slice[2:6, "a"].fetch(), [6, 9, 0, 3]),
    (lambda t: t.concat(t).slice[[7, 0, 4]].fetch(), ([9, 0, 0], [10, 1, 1], [11, 2, 2])),
    (lambda t: t.concat(t)[5], (3, 4, 5)),
    (lambda t: len(t.concat(t, t)), 12),
    (lambda t: t.join(from_data(("d", [5, 6, 7, 8])))[1], (3, 4, 5, 6)),
    (lambda t: t.join(from_data(("d", [5, 6, 7, 8]))).slice[[2, 0], ("d", "b", "d")].fetch(), ([7, 5], [7, 1], [7, 5])),
    (lambda t: from_data(("d", [5, 6, 7, 8])).join(t.asdict())[0], {"d": 5, "a": 0, "b": 1, "c": 2}),
    (lambda t: t.transform(("x", "y"), double)[1], {"x": 7, "y": 10}),
    (lambda t: t.transform(("x", "y"), double).slice[[2], "y"].fetch(), [16]),
    (lambda t: t.asdict().transform("x", lambda **fields: sum(fields.values())).fetch(), [3, 12, 21, 30]),
    (lambda t: t.transform_batch(("x", "y"), double).fetch(), {"x": [1, 7, 13, 19], "y": [4, 10, 16, 22]}),
    (lambda t: t.transform_batch("x", lambda a, b, c: a + c)[3], 20),
    (lambda t: t.slice[:, ("a", "b")].with_converter(lambda a, b: a - b).convert(t.slice[:, ("a", "b")].fetch()), [-1] * 4),
    (lambda t: from_data([3, 4])[1], 4),
    (lambda t: from_data(([0, 1], [2, 3]))[0], (0, 2)),
    (lambda t: from_data((("a", [0, 1]), [2, 3])).slice[:, "a"][1], 1),
    (lambda t: from_data({"a": [0, 1], "b": np.array([2, 3])})[1], {"a": 1, "b": 3}),
    (lambda t: from_data(("a", lambda i: i * i), size=10)[5], 25),
    (lambda t: from_data((("a", "b"), lambda i: (i, -i)), size=3).fetch(), ([0, 1, 2], [0, -1, -2])),
    (lambda t: from_data((("a", [7, 8]), ("i", lambda i: i)))[1], (8, 1)),
]  # fmt: skip


@pytest.mark.parametrize(("call", "expected"), FACTS, ids=range(len(FACTS)))
def test_views(call, expected):
    assert plain(call(Grid())) == expected


def test_a_concatenated_table_backwards():
    # Chainer 7.8.1 gives four values here, the third and fourth those of the first and second.
    table = Grid().concat(Grid())
    assert plain(table.slice[::-3, ("b", "a")].fetch()) == ([10, 1, 4], [9, 0, 3])


def test_columns_become_arrays():
    table = from_data({"x": [np.zeros(3, np.float32)] * 2, "t": [0, 1], "y": np.eye(2)})
    arrays = table.convert(table.fetch())
    assert {key: (x.shape, str(x.dtype)) for key, x in arrays.items()} == {
        "x": ((2, 3), "float32"), "t": ((2,), "int64"), "y": ((2, 2), "float64")
    }  # fmt: skip
    with_converter = table.with_converter(lambda x, t, y: (x, t)).slice[:1]
    assert plain(with_converter.convert(with_converter.fetch())) == ([[0, 0, 0]], [0])


def test_only_what_is_asked_for_is_read():
    grid = Grid()
    assert grid.slice[1:, ("c", "b")].slice[[1], "b"].fetch() == [7]
    assert grid.asked == [([2], (1,))]
    grid.asked.clear()
    grid.join(from_data(("d", [0] * 4))).slice[::-1, "d"].fetch()
    grid.slice[::-1, 0].fetch()
    assert grid.asked == [(slice(3, None, -1), (0,))]


def test_what_a_transform_draws_follows_the_iterators_seed():
    table = from_data(("a", [0] * 6)).transform("noise", noisy)
    batches = []
    for _ in range(2):
        xp.random.seed(1)
        batches.append(SerialIterator(table, 6, shuffle=False).next())
    assert batches[0] == batches[1] and len(set(batches[0])) > 1


def test_tables_travel_to_workers():
    table = from_data((("a", [1, 2]), ("b", np.arange(2)))).concat(from_data((("a", [3]), ("b", [4]))))
    view = table.slice[::-1, ("b",)].asdict().transform("n", noisy_sum)
    assert pickle.loads(pickle.dumps(view))[:] == view[:] == [4, 1, 0]


def noisy_sum(b):
    return int(b)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda t: t.slice[:, "d"], KeyError, "slice: there is no field 'd'; expected one of a, b, c, or its number"),
        (lambda t: t.slice[:, 3], IndexError, "slice: there is no field 3; expected one of a, b, c"),
        (lambda t: t.slice[[4]], IndexError, "slice: index 4 is out of range; there are 4 examples"),
        (lambda t: t.slice[[True]], IndexError, "slice: the mask has shape (1,); expected (4,)"),
        (lambda t: t.slice[2], TypeError, "slice: got the row 2; expected a slice or a list, such as [2]"),
        (lambda t: t.concat(from_data([1])), ValueError, "table 0 ('a', 'b', 'c'); expected the same"),
        (lambda t: t.join(from_data([1])), ValueError, "join: the tables have 4, 1 examples; expected the same number"),
        (lambda t: t.join(t), ValueError, "join: the tables have the keys ['a', 'b', 'c', 'a', 'b', 'c']; expected each only once"),
        (lambda t: t.transform("x", 3), TypeError, "transform: got 3 (int); expected a function"),
        (lambda t: t.transform("x", lambda *f: f)[0], ValueError, "transform: the function returned the fields 3; expected ['x']"),
        (lambda t: t.transform("x", lambda a, b, c: {"y": a})[0], ValueError, "returned the fields ['y']; expected ['x']"),
        (lambda t: t.transform("x", lambda a, b, c: (a,) if a else a)[:], ValueError, "the function returned tuple after a value alone"),
        (lambda t: t.transform_batch("x", lambda a, b, c: a[:1]).fetch(), ValueError, "transform_batch: 'x' has 1 values for 4 examples"),
        (lambda t: from_data(()), ValueError, "from_data: got no fields"),
        (lambda t: from_data({"a": 3}), TypeError, "from_data: field 'a' is 3 (int); expected a list, an array or a function"),
        (lambda t: from_data(len), ValueError, "has no name; expected a tuple of a name and the function"),
        (lambda t: from_data(("a", len)), ValueError, "from_data: nothing tells the number of examples; pass size="),
        (lambda t: from_data((("a", "b"), [1])), ValueError, "the names ('a', 'b') stand for one list"),
        (lambda t: len(TabularDataset()), TypeError, "TabularDataset is no whole table; define __len__(self) in it, giving the number"),
        (lambda t: TabularDataset().keys, TypeError, "define keys, a property in it, giving a tuple of the fields' names"),
        (lambda t: TabularDataset().mode, TypeError, "define mode, a property"),
        (lambda t: TabularDataset().get_examples(None, None), TypeError, "define get_examples(self, indices, key_indices) in it"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(call, error, text):
    with pytest.raises(error, match=re.escape(text)):
        call(Grid())
