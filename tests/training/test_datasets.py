"""Datasets: tuples, parts, one's own, and the digits that need no network."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest

import catena.autograd as ag
import xparray as xp
from catena.training.datasets import (
    DatasetMixin,
    SubDataset,
    TupleDataset,
    get_digits,
    split_dataset,
    split_dataset_random,
)


class Squares(DatasetMixin):
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def get_example(self, i):
        assert type(i) is int and 0 <= i < self.n
        return i * i


INDEXING = [
    (0, 0),
    (4, 16),
    (-1, 16),
    (-5, 0),
    (np.int32(3), 9),
    (np.array(3), 9),
    (slice(1, 3), [1, 4]),
    (slice(None, None, -2), [16, 4, 0]),
    (slice(3, 99), [9, 16]),
    ([0, -1], [0, 16]),
    ([], []),
    (np.array([4, 4]), [16, 16]),
    (np.array([True, False, False, True, False]), [0, 9]),
    ([False, True, False, False, False], [1]),
]


@pytest.mark.parametrize(("index", "expected"), INDEXING)
@pytest.mark.parametrize(
    ("dataset", "wrap"),
    [
        (Squares(5), lambda e: e),
        (TupleDataset(Squares(5)), lambda e: (e,)),
        (TupleDataset(np.arange(5) ** 2, [str(i * i) for i in range(5)]), lambda e: (e, str(e))),
        (SubDataset(Squares(9), 0, 5), lambda e: e),
        (SubDataset([-1, 0, 1, 4, 9, 16], 1, 6), lambda e: e),
        (SubDataset(Squares(5), 0, 5, order=np.arange(5)), lambda e: e),
    ],
    ids=["own", "tuple of one", "tuple of two", "part", "part of a list", "part with order"],
)
def test_indexing(dataset, wrap, index, expected):
    assert dataset[index] == ([wrap(e) for e in expected] if isinstance(expected, list) else wrap(expected))


@pytest.mark.parametrize("dataset", [Squares(5), TupleDataset(range(5))])
@pytest.mark.parametrize(
    ("index", "error", "text"),
    [
        (5, IndexError, "index 5 is out of range; there are 5 examples"),
        (-6, IndexError, "index -6 is out of range"),
        ([0, 5], IndexError, "index 5 is out of range"),
        (np.array([True]), IndexError, "the mask has shape (1,); expected (5,), one entry an example"),
        ("a", TypeError, "got the index 'a' (str); expected an integer, a slice, a list or an array of integers"),
        (1.0, TypeError, "got the index 1.0 (float)"),
        ([1.0], TypeError, "got indices of shape (1,) and dtype float64; expected a list or 1-d array of integers"),
        ([[1]], TypeError, "got indices of shape (1, 1)"),
    ],
)
def test_bad_indices_are_named(dataset, index, error, text):
    with pytest.raises(error, match=re.escape(f"{type(dataset).__name__}: {text}")):
        dataset[index]


@pytest.mark.parametrize("dataset", [Squares(5), TupleDataset(Squares(5)), SubDataset(Squares(9), 2, 7)])
def test_datasets_are_sequences(dataset):
    assert len(dataset) == 5
    assert list(dataset) == dataset[:]


def test_a_dataset_without_length_or_examples_says_what_to_define():
    class Nothing(DatasetMixin):
        pass

    with pytest.raises(TypeError, match=r"Nothing has no length; define __len__\(self\)"):
        len(Nothing())
    with pytest.raises(TypeError, match=r"Nothing has no examples; define get_example\(self, i\)"):
        Nothing().get_example(0)


@pytest.mark.parametrize(
    ("datasets", "text"),
    [((), "TupleDataset: got no datasets"), ((range(2), range(3)), "TupleDataset: the datasets have 2, 3 examples")],
)
def test_tuple_dataset_needs_equal_lengths(datasets, text):
    with pytest.raises(ValueError, match=text):
        TupleDataset(*datasets)


def test_tuple_dataset_needs_lengths():
    with pytest.raises(TypeError) as caught:
        TupleDataset([1, 2], 3)
    assert str(caught.value) == (
        "TupleDataset: dataset 1 is 3 (int), which has no length; expected an array, a list or a dataset"
    )


@pytest.mark.parametrize(
    ("start", "finish", "order", "expected"),
    [(0, 0, None, ""), (1, 3, None, "bc"), (0, 5, None, "abcde"), (1, 3, [4, 3, 2, 1, 0], "dc"), (0, 2, [4, 4], "ee")],
)
def test_sub_dataset(start, finish, order, expected):
    assert "".join(SubDataset("abcde", start, finish, order)[:]) == expected


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: SubDataset("abc", -1, 2), "SubDataset: start is -1, finish 2; expected 0 <= start <= finish <= 3"),
        (lambda: SubDataset("abc", 2, 1), "SubDataset: start is 2, finish 1"),
        (lambda: SubDataset("abc", 0, 4), "SubDataset: start is 0, finish 4"),
        (lambda: SubDataset("abc", 0, 3, [0, 1, 3]), "SubDataset: order has shape (3,) and dtype int64; expected a list of"),
        (lambda: SubDataset("abc", 0, 1, [0.5]), "SubDataset: order has shape (1,) and dtype float64"),
        (lambda: split_dataset("abc", 3), "split_dataset: split_at is 3, the dataset has 3 examples; expected 0 <= split_at < 3"),
        (lambda: split_dataset("abc", -1), "split_dataset: split_at is -1"),
        (lambda: split_dataset("", 0), "split_dataset: split_at is 0, the dataset has 0 examples"),
        (lambda: split_dataset("abc", 1, [0]), "split_dataset: order has 1 indices, the dataset 3 examples"),
        (lambda: split_dataset_random("abc", 9, seed=0), "split_dataset: split_at is 9"),
    ],
)  # fmt: skip
def test_bad_parts_are_named(call, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        call()


def test_split_dataset_keeps_every_example_once():
    first, second = split_dataset("abcde", 2, order=[4, 3, 2, 1, 0])
    assert (first[:], second[:]) == (["e", "d"], ["c", "b", "a"])


def test_a_random_split_is_chainers_for_the_same_seed():
    # numpy.random.RandomState(0).permutation(6), by which Chainer splits.
    first, second = split_dataset_random(range(6), 4, seed=0)
    assert (first[:], second[:]) == ([5, 2, 1, 3], [0, 4])


def test_a_random_split_without_seed_follows_the_process_stream():
    xp.random.seed(3)
    a = split_dataset_random(range(50), 25)[0][:]
    b = split_dataset_random(range(50), 25)[0][:]
    xp.random.seed(3)
    assert split_dataset_random(range(50), 25)[0][:] == a != b


@pytest.mark.parametrize(("ndim", "shape"), [(1, (64,)), (2, (8, 8)), (3, (1, 8, 8))])
def test_digits_have_the_asked_shape(ndim, shape):
    train, test = get_digits(ndim=ndim)
    assert (len(train), len(test)) == (1437, 360)
    for part in (train, test):
        x, t = part[0]
        assert (x.shape, x.dtype, t.dtype) == (shape, "float32", "int32")


def test_digits_are_the_real_scans_scaled_to_one():
    train, test = get_digits()
    x = np.stack([x for x, _ in train[:] + test[:]])
    t = np.stack([t for _, t in train[:] + test[:]])
    assert x.shape == (1797, 64)
    assert (x.min(), x.max()) == (0, 1)
    assert set((x * 16).ravel().tolist()) == set(range(17))
    # Counts of the ten digits, as the data set's description gives them.
    assert np.bincount(t).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_digits_are_split_alike_everywhere():
    train, test = get_digits()
    assert [int(t) for _, t in train[:10]] == [2, 8, 2, 6, 6, 7, 1, 9, 8, 5]
    again, smaller = get_digits(test_size=100)
    assert (len(again), len(smaller)) == (1697, 100)
    assert all((a[0] == b[0]).all() for a, b in zip(test[-100:], smaller[:], strict=True))


def test_digits_options():
    train, test = get_digits(withlabel=False, ndim=3, scale=255, dtype="float64")
    assert (train.shape, test.shape, train.dtype, train.max()) == ((1437, 1, 8, 8), (360, 1, 8, 8), "float64", 255)
    with ag.using_config("dtype", "float16"):
        x, t = get_digits(label_dtype="uint8")[0][0]
    assert (x.dtype, t.dtype) == ("float16", "uint8")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"ndim": 4}, "get_digits: ndim is 4; expected 1 for (64,), 2 for (8, 8) or 3 for (1, 8, 8)"),
        ({"test_size": 0}, "get_digits: test_size is 0; expected 0 < test_size < 1797, the number of scans"),
        ({"test_size": 1797}, "get_digits: test_size is 1797"),
    ],
)
def test_bad_digits_options_are_named(options, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        get_digits(**options)


def test_without_scikit_learn_the_extra_is_named():
    program = """
import sys
sys.modules["sklearn"] = sys.modules["sklearn.datasets"] = None
from catena.training.datasets import get_digits
try:
    get_digits()
except ImportError as e:
    print(e)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install catena-training[digits]" in done.stdout
