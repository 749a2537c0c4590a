"""Settings: for the process, for a thread, for a block."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
from catena.autograd import Variable, config, global_config, using_config


@pytest.fixture(autouse=True)
def settings_restored() -> Iterator[None]:
    before = dict(global_config.__dict__)
    yield
    for name in ("train", "enable_backprop", "dtype", "own"):
        delattr(config, name)
    global_config.__dict__.clear()
    global_config.__dict__.update(before)


def in_a_thread(f: Callable[[], Any]) -> Any:
    got: list[Any] = []
    thread = threading.Thread(target=lambda: got.append(f()))
    thread.start()
    thread.join()
    return got[0]


def test_defaults() -> None:
    assert config.train is True
    assert config.enable_backprop is True
    assert config.dtype == np.float32


def test_block_over_thread_over_process() -> None:
    global_config.own = "process"
    assert config.own == "process"
    config.own = "thread"
    assert config.own == "thread"
    with using_config("own", "block"):
        assert config.own == "block"
        with using_config("train", False):
            assert (config.own, config.train) == ("block", False)
            with using_config("own", "inner"):
                assert config.own == "inner"
        assert (config.own, config.train) == ("block", True)
    assert config.own == "thread"
    del config.own
    assert config.own == "process"


def test_block_ends_with_an_error_too() -> None:
    with pytest.raises(KeyError), using_config("train", False):
        raise KeyError
    assert config.train is True


def test_threads_have_their_own_values() -> None:
    config.train = False
    assert in_a_thread(lambda: config.train) is True
    with using_config("enable_backprop", False):
        assert in_a_thread(lambda: config.enable_backprop) is True
    global_config.train = False
    assert in_a_thread(lambda: config.train) is False


@pytest.mark.parametrize("given", ["float64", np.float64, np.dtype("float64")])
def test_dtype_is_a_dtype(given: Any) -> None:
    with using_config("dtype", given):
        assert config.dtype == np.dtype("float64")
        assert isinstance(config.dtype, np.dtype)


@pytest.mark.parametrize("target", [config, global_config], ids=["config", "global_config"])
@pytest.mark.parametrize("name", ["train", "enable_backprop"])
def test_switches_are_booleans(target: Any, name: str) -> None:
    with pytest.raises(TypeError, match=f"config.{name}: got 1; expected True or False"):
        setattr(target, name, 1)
    assert getattr(config, name) is True
    with pytest.raises(TypeError, match=f"config.{name}: got 'no'; expected True or False"), using_config(name, "no"):
        pass


def test_unknown_setting_is_named() -> None:
    with pytest.raises(AttributeError, match=r"config has no setting 'trian'; it has dtype, enable_backprop, train"):
        _ = config.trian


def recorded() -> bool:
    return (Variable(np.ones(2)) * 2).requires_grad


def test_modes() -> None:
    assert recorded()
    with ag.no_backprop_mode():
        assert not recorded()
        with ag.force_backprop_mode():
            assert recorded()
        assert not recorded()
    assert recorded()


def test_recording_switched_off_for_a_thread() -> None:
    config.enable_backprop = False
    assert not recorded()
    assert in_a_thread(recorded)
    with ag.force_backprop_mode():
        assert recorded()
    del config.enable_backprop
    assert recorded()


def test_recording_switched_off_for_the_process() -> None:
    global_config.enable_backprop = False
    assert not recorded()
    assert not in_a_thread(recorded)
    config.enable_backprop = True
    assert recorded()


def test_no_backprop_mode_keeps_nothing_and_backward_says_why() -> None:
    with ag.no_backprop_mode():
        y = Variable(np.ones(())) * 2
    assert y.node is None
    with pytest.raises(
        ValueError, match="depends on nothing that needs a gradient; was it made within no_backprop_mode"
    ):
        y.backward()


def test_second_order_records_even_within_no_backprop_mode() -> None:
    x = Variable(3.0)
    y = x**3
    with ag.no_backprop_mode():
        g = ag.grad(y, x, create_graph=True)
    assert float(ag.grad(g, x)) == 18.0
