"""StandardUpdater: one iteration of training."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest

import catena.autograd as ag
import catena.nn as nn
import xparray as xp
from catena.nn.serializers import load_npz, save_npz
from catena.training import StandardUpdater, Updater
from catena.training.convert import concat_examples
from catena.training.datasets import TupleDataset
from catena.training.iterators import SerialIterator
from catena.training.optimizers import SGD, Adam, MomentumSGD


class Line(nn.Link):
    """The loss of y = w * x on a minibatch."""

    def __init__(self, w=2.0):
        super().__init__()
        with self.init_scope():
            self.w = nn.Parameter(np.array(w, "float32"))
        self.calls = []

    def __call__(self, x, t=0.0):
        self.calls.append((x, t))
        e = self.w * x - t
        return (e * e).sum()


X = np.arange(1, 6, dtype="float32")
T = 3 * X


def updater_of(model, dataset=None, batch_size=2, optimizer=None, **options):
    dataset = TupleDataset(X, T) if dataset is None else dataset
    optimizer = SGD(lr=0.01) if optimizer is None else optimizer
    return StandardUpdater(SerialIterator(dataset, batch_size, shuffle=False), optimizer.setup(model), **options)


def test_an_iteration_takes_a_minibatch_and_steps():
    model = Line()
    updater = updater_of(model)
    updater.update()
    # Gradient: sum of 2 * x * (w * x - t) over x = 1, 2.
    assert model.w.array == pytest.approx(2 - 0.01 * 2 * (2 - 3 + 2 * (4 - 6)))
    assert (updater.iteration, updater.epoch, updater.is_new_epoch) == (1, 0, False)
    assert (updater.epoch_detail, updater.previous_epoch_detail) == (0.4, 0)


def test_an_iterator_need_not_know_where_it_was_before():
    class Forgetful:
        epoch, epoch_detail, is_new_epoch = 0, 0.5, False

        def next(self):
            return [(X[0], T[0])]

    updater = StandardUpdater(Forgetful(), SGD(lr=0.01).setup(Line()))
    assert updater.previous_epoch_detail is None


def test_epochs_reach_the_optimizer():
    model = Line()
    updater = updater_of(model)
    for _ in range(5):
        updater.update()
    optimizer = updater.get_optimizer("main")
    assert (updater.epoch, updater.epoch_detail, updater.is_new_epoch) == (2, 2, True)
    assert (optimizer.epoch, optimizer.t) == (2, 5)


def test_epochs_may_be_left_to_the_program():
    model = Line()
    updater = updater_of(model, batch_size=5, auto_new_epoch=False)
    updater.update()
    optimizer = updater.get_optimizer("main")
    assert (updater.is_new_epoch, optimizer.epoch) == (True, 0)
    optimizer.new_epoch()
    assert optimizer.epoch == 1


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        pytest.param(TupleDataset(X, T), ([1, 2], [3, 6]), id="tuples"),
        pytest.param([{"t": t, "x": x} for x, t in zip(X, T, strict=True)], ([1, 2], [3, 6]), id="dicts"),
        pytest.param(X, ([1, 2], 0.0), id="arrays"),
    ],
)
def test_the_minibatch_becomes_the_loss_functions_arguments(dataset, expected):
    model = Line()
    updater_of(model, dataset).update()
    x, t = model.calls[0]
    assert (x.tolist(), t if isinstance(t, float) else t.tolist()) == expected


def test_a_loss_function_and_a_converter_of_ones_own():
    model = Line()
    seen = []

    def converter(batch, device):
        seen.append((len(batch), device))
        return concat_examples(batch, device)

    updater = updater_of(model, converter=converter, loss_func=lambda x, t: model(x, t) * 0.5)
    updater.update()
    assert seen == [(2, None)]
    assert model.w.array == pytest.approx(2 - 0.01 * (2 - 3 + 2 * (4 - 6)))


def test_an_empty_chain_list_as_loss_function_is_still_the_loss_function():
    model = Line()

    class Loss(nn.ChainList):
        def __call__(self, x, t):
            return model(x, t) * 0

    updater_of(model, loss_func=Loss()).update()
    assert model.w.array == 2


@pytest.mark.parametrize(
    ("device", "expected"), [("numba", "numba"), ("strict:device1", "strict:device1"), (-1, "numpy"), (None, "numpy")]
)
def test_model_and_minibatches_go_to_the_device(device, expected):
    model = Line()
    updater = updater_of(model, device=device)
    assert updater.device == device
    updater.update()
    assert str(model.w.device) == expected
    assert [str(xp.device_of(a)) for a in model.calls[0]] == [expected] * 2


def test_the_device_may_be_set_later():
    model = Line()
    updater = updater_of(model)
    updater.device = "strict"
    model.to_device("strict")
    updater.update()
    assert str(xp.device_of(model.calls[0][0])) == "strict"


def test_several_iterators_and_optimizers_by_name():
    one, two = Line(), Line()

    class Both(StandardUpdater):
        def update_core(self):
            x, t = concat_examples(self.get_iterator("main").next(), self.device)
            for name in ("one", "two"):
                optimizer = self.get_optimizer(name)
                optimizer.update(optimizer.target, x, t)

    main, other = SerialIterator(TupleDataset(X, T), 2), SerialIterator(X, 1)
    updater = Both({"main": main, "other": other}, {"one": SGD().setup(one), "two": Adam().setup(two)})
    updater.update()
    assert (updater.get_iterator("main"), updater.get_iterator("other")) == (main, other)
    assert list(updater.get_all_optimizers()) == ["one", "two"]
    assert one.w.array != 2 != two.w.array


def test_a_subclass_need_not_call_the_constructor():
    class Own(StandardUpdater):
        def __init__(self, iterator, optimizer, device):
            self._iterators = {"main": iterator}
            self._optimizers = {"main": optimizer}
            self.device = device
            self.iteration = 0

    model = Line()
    updater = Own(SerialIterator(TupleDataset(X, T), 5), SGD(lr=0.01).setup(model), -1)
    updater.update()
    assert int(updater.device) == -1
    assert (updater.iteration, updater.epoch, updater.get_optimizer("main").epoch) == (1, 1, 1)
    assert len(model.calls) == 1
    updater.connect_trainer(None)
    updater.finalize()


def test_finalize_closes_every_iterator():
    closed = []

    class Closing(SerialIterator):
        def finalize(self):
            closed.append(self.batch_size)

    updater = StandardUpdater({"main": Closing(X, 1), "other": Closing(X, 2)}, SGD().setup(Line()))
    updater.finalize()
    assert closed == [1, 2]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: StandardUpdater({}, SGD()), ValueError,
         "StandardUpdater: iterator is an empty dict; expected at least one iterator, under the name 'main'"),
        (lambda: StandardUpdater(SerialIterator(X, 1), {}), ValueError, "StandardUpdater: optimizer is an empty dict"),
        (lambda: StandardUpdater([1.0], SGD()), TypeError,
         "StandardUpdater: iterator 'main' is of type list; expected an iterator, such as SerialIterator(dataset, 100)"),
        (lambda: StandardUpdater(SerialIterator(X, 1), None), TypeError,
         "StandardUpdater: optimizer 'main' is of type NoneType; expected an optimizer, such as SGD().setup(model)"),
        (lambda: StandardUpdater(SerialIterator(X, 1), {"a": Line()}), TypeError, "StandardUpdater: optimizer 'a' is of type Line;"),
        (lambda: StandardUpdater(SerialIterator(X, 1), SGD(), device="numpy"), ValueError,
         "StandardUpdater: optimizer 'main' has no model to move to 'numpy'; call optimizer.setup(model) first"),
        (lambda: StandardUpdater(SerialIterator(X, 1), SGD()).update(), ValueError,
         "SGD.update: there is nothing to optimize; call optimizer.setup(model) first"),
        (lambda: StandardUpdater({"train": SerialIterator(X, 1)}, SGD().setup(Line())).update(), ValueError,
         "StandardUpdater: there is no iterator named 'main', only 'train'; give one that name, or define the method that asks"),
        (lambda: StandardUpdater(SerialIterator(X, 1), {"a": SGD(), "b": SGD()}).update(), ValueError,
         "StandardUpdater: there is no optimizer named 'main', only 'a', 'b'"),
        (lambda: updater_of(Line(), device=3), ImportError, "cupy or array_api_compat is not installed; pip install xparray"),
        (lambda: updater_of(Line(), n_accumulate=1.5), ValueError, "StandardUpdater: n_accumulate is 1.5; expected a number of minibatches"),
        (lambda: updater_of(Line(), n_accumulate=0), ValueError, "StandardUpdater: n_accumulate is 0; expected a number of minibatches"),
        (lambda: updater_of(Line()).get_optimizer("gen"), ValueError, "StandardUpdater: there is no optimizer named 'gen', only 'main'"),
        (lambda: Updater().update(), TypeError, "Updater does nothing; define update(self) in it"),
        (lambda: Updater().get_optimizer("main"), TypeError, "Updater names no optimizers; define get_all_optimizers(self)"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(call, error, text):
    with pytest.raises(error, match=re.escape(text)):
        call()


def test_an_iterator_that_ends_is_an_error_that_says_so():
    updater = StandardUpdater(SerialIterator(X, 3, repeat=False), SGD(lr=1e-9).setup(Line()))
    updater.update()
    updater.update()
    with pytest.raises(
        RuntimeError, match="the iterator 'main' has come to its end after 2 iterations; build it with repeat=True"
    ):
        updater.update()
    assert updater.iteration == 2


@pytest.mark.parametrize(("n", "batch_size"), [(1, 4), (2, 2), (4, 1)])
def test_accumulated_minibatches_make_one_update(n, batch_size):
    class Mean(Line):
        def __call__(self, x, t):
            return ((self.w * x - t) ** 2).mean()

    model = Mean()
    x = np.array([1, 2, 3, 4], "float32")
    updater = updater_of(model, TupleDataset(x, x), batch_size, n_accumulate=n)
    for _ in range(3):
        updater.update()
    whole = Mean()
    expected = SGD(lr=0.01).setup(whole)
    for _ in range(3):
        expected.update(whole, x, x)
    assert model.w.array == pytest.approx(whole.w.array, rel=1e-6)
    assert (updater.iteration, updater.epoch, updater.get_optimizer("main").epoch, updater.get_optimizer("main").t) == (
        3,
        3,
        3,
        3,
    )


def test_a_part_of_an_accumulated_update_may_build_on_an_earlier_one():
    """On its Variables, and on what was computed before the update."""

    class Pairs(Line):
        def __call__(self, x, t):
            y = self.w * x
            loss = (y * self.factor).sum() if self.last is None else (y * self.last).sum()
            self.last = y
            return loss

    model = Pairs(w=2.0)
    a = ag.Variable(np.array(3, "float32"))
    model.last, model.factor = None, ag.Variable(np.array(1, "float32")) * a
    x = np.array([1, 4], "float32")
    updater = updater_of(model, TupleDataset(x, x), 1, n_accumulate=2)
    updater.update()
    # The mean of 3 * w * x0 and w * x1 * w * x0.
    assert model.w.grad == pytest.approx((3 * 1 + 2 * 2 * 4 * 1) / 2)
    assert a.grad == pytest.approx(2 * 1 / 2)
    (model.factor * 2).backward()  # recorded before the update, so it was not freed
    assert a.grad == pytest.approx(1 + 2)
    with pytest.raises(RuntimeError, match="freed"):
        model.last.sum().backward()


def test_a_loss_scale_reaches_the_optimizers():
    model, scaled = Line(), Line()
    updater_of(model).update()
    updater = updater_of(scaled, loss_scale=64)
    updater.update()
    assert updater.get_optimizer("main").loss_scale == 64
    assert scaled.w.array == model.w.array


def test_an_optimizer_may_evaluate_the_loss_several_times():
    """As second-order methods and line searches do: what an updater gives is a closure."""

    class Halving(SGD):
        def update(self, lossfun=None, *args, **kwds):
            before = float(lossfun(*args).array)
            start = self.target.w.array.copy()
            self.target.cleargrads()
            lossfun(*args).backward()
            step = 1.0
            while True:
                self.target.w.array = start - np.float32(step) * self.target.w.grad
                if float(lossfun(*args).array) < before:
                    break
                step /= 2
            self.t += 1

    model = Line()
    updater = updater_of(model, optimizer=Halving())
    for _ in range(5):
        updater.update()
    assert model.w.array == pytest.approx(3, abs=0.1)


def test_time_spent_waiting_for_minibatches_is_counted():
    class Slow(SerialIterator):
        def next(self):
            time.sleep(0.01)
            return super().next()

    updater = StandardUpdater(Slow(TupleDataset(X, T), 2), SGD(lr=0.01).setup(Line()))
    updater.update()
    updater.update()
    assert updater.time_waiting >= 0.02


def test_keys_in_the_file_are_chainers(tmp_path):
    model = Line()
    updater = updater_of(model, optimizer=MomentumSGD(lr=0.001))
    updater.update()
    save_npz(tmp_path / "u.npz", updater)
    with np.load(tmp_path / "u.npz") as file:
        assert set(file) == {
            "iteration",
            *(f"iterator:main/{k}" for k in ("current_position", "epoch", "is_new_epoch", "previous_epoch_detail")),
            "iterator:main/sample_seed",  # ours: Chainer reads the keys it knows
            "model:main/w",
            *(f"optimizer:main/{k}" for k in ("t", "epoch", "w/t", "w/v")),
        }
        assert file["iteration"] == 1


@pytest.mark.parametrize("done", [0, 1, 3, 7])
def test_a_restored_updater_goes_on_to_the_bit(tmp_path, done):
    def build():
        model = Line()
        it = SerialIterator(TupleDataset(X, T), 2)
        return model, StandardUpdater(it, Adam(alpha=0.1).setup(model))

    model, updater = build()
    for _ in range(done):
        updater.update()
    save_npz(tmp_path / "u.npz", updater)
    other, restored = build()
    restored.update()
    load_npz(tmp_path / "u.npz", restored)
    assert restored.iteration == done
    for _ in range(20):
        updater.update()
        restored.update()
    assert other.w.array == model.w.array
    assert restored.epoch_detail == updater.epoch_detail
