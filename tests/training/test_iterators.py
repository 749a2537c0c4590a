"""SerialIterator: minibatches, epochs, orders, and going on after a stop."""

from __future__ import annotations

import copy
import re
from itertools import islice

import numpy as np
import pytest

import xparray as xp
from catena.nn.serializers import load_npz, save_npz
from catena.training.iterators import Iterator, OrderSampler, SerialIterator, ShuffleOrderSampler


def trace(iterator, n):
    """Of the next `n` minibatches: examples, epoch, is_new_epoch, epoch_detail, previous_epoch_detail."""
    return [
        (b, iterator.epoch, iterator.is_new_epoch, round(iterator.epoch_detail, 6), round(iterator.previous_epoch_detail, 6))
        for b in islice(iterator, n)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("n", "batch_size", "expected"),
    [
        pytest.param(4, 2, [([0, 1], 0, False, 0.5, 0), ([2, 3], 1, True, 1, 0.5), ([0, 1], 1, False, 1.5, 1)], id="divides"),
        pytest.param(5, 2, [([0, 1], 0, False, 0.4, 0), ([2, 3], 0, False, 0.8, 0.4), ([4, 0], 1, True, 1.2, 0.8),
                            ([1, 2], 1, False, 1.6, 1.2), ([3, 4], 2, True, 2, 1.6)], id="wraps"),
        pytest.param(2, 5, [([0, 1, 0, 1, 0], 2, True, 2.5, 0), ([1, 0, 1, 0, 1], 5, True, 5, 2.5)], id="several epochs at once"),
        pytest.param(1, 1, [([0], 1, True, 1, 0), ([0], 2, True, 2, 1)], id="one example"),
    ],
)  # fmt: skip
def test_repeating_fills_up_from_the_next_epoch(n, batch_size, expected):
    assert trace(SerialIterator(range(n), batch_size, shuffle=False), len(expected)) == expected


@pytest.mark.parametrize(
    ("n", "batch_size", "expected"),
    [
        (4, 2, [([0, 1], 0, False, 0.5, 0), ([2, 3], 1, True, 1, 0.5)]),
        (5, 2, [([0, 1], 0, False, 0.4, 0), ([2, 3], 0, False, 0.8, 0.4), ([4], 1, True, 1, 0.8)]),
        (2, 5, [([0, 1], 1, True, 1, 0)]),
    ],
)
def test_without_repeat_the_last_minibatch_is_smaller(n, batch_size, expected):
    it = SerialIterator(range(n), batch_size, repeat=False, shuffle=False)
    assert trace(it, 99) == expected
    for _ in range(2):
        with pytest.raises(StopIteration):
            it.next()
    it.reset()
    assert trace(it, 99) == expected


def test_before_the_first_minibatch():
    it = SerialIterator(range(3), 2)
    assert (it.epoch, it.is_new_epoch, it.epoch_detail, it.previous_epoch_detail) == (0, False, 0, None)
    assert (it.current_position, it.repeat, it.batch_size) == (0, True, 2)


@pytest.mark.parametrize("batch_size", [1, 3, 4, 7, 20])
def test_shuffling_shows_each_example_once_an_epoch(batch_size):
    it = SerialIterator(range(7), batch_size)
    seen = [e for b in islice(it, 28) for e in b]
    epochs = [seen[i : i + 7] for i in range(0, len(seen) - 6, 7)]
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1


def test_a_shuffled_pass_without_repeat():
    it = SerialIterator(range(7), 3, repeat=False)
    passes = []
    for _ in range(2):
        passes.append([e for b in it for e in b])
        it.reset()
    assert sorted(passes[0]) == sorted(passes[1]) == list(range(7))


def test_the_process_seed_sets_the_orders():
    def orders():
        a, b = SerialIterator(range(20), 20), SerialIterator(range(20), 20)
        return [a.next(), b.next(), a.next()]

    xp.random.seed(5)
    first = orders()
    assert first[0] != first[1]
    xp.random.seed(5)
    assert orders() == first


def test_an_iterator_leaves_the_process_stream_alone_once_it_is_made():
    it = SerialIterator(range(20), 5)
    before = xp.random.get_generator().state
    list(islice(it, 20))
    assert xp.random.get_generator().state == before


@pytest.mark.parametrize("random_state", [7, xp.random.default_rng(7)])
def test_a_shuffle_of_ones_own_seed(random_state):
    it = SerialIterator(range(20), 20, order_sampler=ShuffleOrderSampler(random_state))
    again = SerialIterator(range(20), 20, order_sampler=ShuffleOrderSampler(7))
    assert [it.next(), it.next()] == [again.next(), again.next()]


def test_a_shuffle_seeded_by_a_random_state_of_numpy():
    orders = [ShuffleOrderSampler(np.random.RandomState(seed))(np.arange(20), 0).tolist() for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2] and sorted(orders[2]) == list(range(20))


def test_an_order_sampler_sees_the_order_that_ends_and_where_the_minibatch_began():
    calls = []

    def backwards(order, position):
        calls.append((order.tolist(), position))
        return order[::-1]

    it = SerialIterator("abc", 2, order_sampler=backwards)
    assert ["".join(b) for b in islice(it, 3)] == ["cb", "aa", "bc"]
    assert calls == [([0, 1, 2], 0), ([2, 1, 0], 2), ([0, 1, 2], 1)]


def test_an_order_sampler_may_choose_some_examples():
    it = SerialIterator("abcd", 2, order_sampler=lambda order, position: np.array([3, 3, 0]))
    assert ["".join(b) for b in islice(it, 3)] == ["dd", "ad", "da"]
    assert it.epoch == 2


def test_an_example_that_cannot_be_read_leaves_the_iterator_where_it_was():
    class Flaky(list):
        fails = True

        def __getitem__(self, i):
            if self.fails and i == 1:
                raise OSError("unreadable")
            return super().__getitem__(i)

    data = Flaky("abc")
    it = SerialIterator(data, 2, shuffle=False)
    with pytest.raises(OSError, match="unreadable"):
        it.next()
    data.fails = False
    assert trace(it, 1) == [(["a", "b"], 0, False, 0.666667, 0)]


def test_a_copy_goes_its_own_way():
    it = SerialIterator(range(4), 2, repeat=False, shuffle=False)
    it.next()
    other = copy.copy(it)
    other.reset()
    assert (list(other), list(it)) == ([[0, 1], [2, 3]], [[2, 3]])


def test_it_closes_as_a_context():
    with SerialIterator(range(4), 2) as it:
        assert isinstance(it, Iterator)
        assert iter(it) is it


@pytest.mark.parametrize(
    ("args", "options", "error", "text"),
    [
        (([], 1), {}, ValueError, "SerialIterator: the dataset is empty; expected at least one example"),
        ((iter("ab"), 1), {}, TypeError,
         "SerialIterator: dataset is of type str_ascii_iterator, which has no length; expected a list, an array or a dataset"),
        (("ab", 0), {}, ValueError, "SerialIterator: batch_size is 0; expected a positive number of examples a minibatch"),
        (("ab", -3), {}, ValueError, "SerialIterator: batch_size is -3"),
        (("ab", 1.0), {}, TypeError, "SerialIterator: batch_size is 1.0 (float); expected a positive integer"),
        (("ab", None), {}, TypeError, "SerialIterator: batch_size is None (NoneType)"),
        (("ab", 1), {"shuffle": True, "order_sampler": OrderSampler()}, ValueError,
         "SerialIterator: got shuffle=True and an order_sampler, which both set the order; leave shuffle out"),
        (("ab", 1), {"order_sampler": 3}, TypeError,
         "SerialIterator: order_sampler is 3 (int); expected a callable such as ShuffleOrderSampler(seed)"),
        (("ab", 1), {"order_sampler": lambda order, position: [0, 2]}, ValueError,
         "SerialIterator: order_sampler returned [0, 2] of shape (2,) and dtype int64; expected a 1-d array of integers from 0 to 1"),
        (("ab", 1), {"order_sampler": lambda order, position: []}, ValueError, "order_sampler returned [] of shape (0,)"),
        (("ab", 1), {"order_sampler": lambda order, position: [0.5]}, ValueError, "order_sampler returned [0.5]"),
        (("ab", 1), {"order_sampler": OrderSampler()}, TypeError, "OrderSampler gives no order; define __call__(self,"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(args, options, error, text):
    with pytest.raises(error, match=re.escape(text)):
        SerialIterator(*args, **options)


def test_orders_must_keep_their_length():
    lengths = iter([2, 3])
    it = SerialIterator("abc", 2, order_sampler=lambda order, position: np.arange(next(lengths)))
    with pytest.raises(ValueError, match="order_sampler returned 3 indices after 2; expected as many in each epoch"):
        it.next()


def test_a_dataset_that_becomes_empty_is_an_error_and_no_endless_loop():
    data = ["a"]
    it = SerialIterator(data, 1, shuffle=False)
    data.clear()
    with pytest.raises(ValueError, match="SerialIterator: the dataset has become empty"):
        it.next()


def test_an_iterator_of_ones_own():
    class Three(Iterator):
        left = 3

        def __next__(self):
            if not self.left:
                raise StopIteration
            self.left -= 1
            return [self.left]

    it = Three()
    assert [it.next(), *it] == [[2], [1], [0]]
    with pytest.raises(TypeError, match=r"Iterator yields nothing; define __next__\(self\)"):
        Iterator().next()


@pytest.mark.parametrize("options", [{}, {"shuffle": False}, {"repeat": False}], ids=["shuffled", "in order", "once"])
@pytest.mark.parametrize("done", [0, 1, 2, 3, 5])
def test_a_restored_iterator_goes_on_alike_for_all_epochs(tmp_path, options, done):
    it = SerialIterator(range(7), 3, **options)
    list(islice(it, done))
    save_npz(tmp_path / "it.npz", it)
    expected = trace(it, 20)
    other = SerialIterator(range(7), 3, **options)
    other.next()
    load_npz(tmp_path / "it.npz", other)
    assert trace(other, 20) == expected


def test_keys_in_the_file_are_chainers_and_the_states_of_the_streams(tmp_path):
    it = SerialIterator(range(7), 3)
    it.next()
    save_npz(tmp_path / "it.npz", it)
    with np.load(tmp_path / "it.npz") as file:
        assert {"current_position", "epoch", "is_new_epoch", "order", "previous_epoch_detail"} <= set(file)
        assert set(file) - {"current_position", "epoch", "is_new_epoch", "order", "previous_epoch_detail"} == {
            "order_sampler/random_state",
            "sample_seed",
        }
        assert (file["current_position"], file["epoch"], file["previous_epoch_detail"]) == (3, 0, 0)


@pytest.mark.parametrize("shuffle", [True, False])
def test_a_file_of_another_dataset_changes_nothing(tmp_path, shuffle):
    it = SerialIterator(range(7), 3, shuffle=shuffle)
    list(islice(it, 2))
    save_npz(tmp_path / "it.npz", it)
    other = SerialIterator(range(5), 3, shuffle=shuffle)
    twin = copy.deepcopy(other)
    with pytest.raises(ValueError, match=r"(?s)order|resume with the dataset that the file was saved with"):
        load_npz(tmp_path / "it.npz", other)
    assert trace(other, 9) == trace(twin, 9)
