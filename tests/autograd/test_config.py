"""Settings: for the process, for a thread, for a block."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
from catena.autograd import TimerHook, Variable, config, global_config, using_config


@pytest.fixture(autouse=True)
def settings_restored() -> Iterator[None]:
    before = dict(global_config.__dict__)
    yield
    for name in ("train", "enable_backprop", "dtype", "user_own"):
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
    global_config.user_own = "process"
    assert config.user_own == "process"
    config.user_own = "thread"
    assert config.user_own == "thread"
    with using_config("user_own", "block"):
        assert config.user_own == "block"
        with using_config("train", False):
            assert (config.user_own, config.train) == ("block", False)
            with using_config("user_own", "inner"):
                assert config.user_own == "inner"
        assert (config.user_own, config.train) == ("block", True)
    assert config.user_own == "thread"
    del config.user_own
    assert config.user_own == "process"


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
    with pytest.raises(
        AttributeError,
        match=r"config has no setting 'trian'; it has autotune, cudnn_deterministic, .*, train, type_check, use_cudnn",
    ):
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


def test_settings_that_do_not_exist_or_make_no_sense() -> None:
    for change in (lambda: ag.using_config("trian", False).__enter__(), lambda: setattr(ag.config, "trian", False)):
        with pytest.raises(AttributeError, match="config has no setting 'trian'; it has train, enable_backprop, dtype"):
            change()
    with pytest.raises(ValueError, match=r"config.dtype: got int64; expected a floating dtype"):
        ag.config.dtype = "int64"
    with ag.using_config("user_depth", 3):
        assert ag.config.user_depth == 3


# --------------------------------------------------------------------------------------------------------- the settings one by one

DEFAULTS = {
    "train": True,
    "enable_backprop": True,
    "dtype": np.dtype("float32"),
    "debug": False,
    "in_recomputing": False,
    "type_check": True,
    "keep_graph_on_report": False,
    "stale_inputs": "raise",
    "warn_nondeterministic": False,
    "use_cudnn": "auto",
    "use_cudnn_tensor_core": "auto",
    "cudnn_deterministic": False,
    "cudnn_fast_batch_normalization": False,
    "autotune": False,
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_first_values(name: str) -> None:
    fresh = type(global_config)()
    assert getattr(fresh, name) == DEFAULTS[name]
    assert getattr(config, name) == DEFAULTS[name]
    assert set(fresh.__dict__) == set(DEFAULTS)


@pytest.mark.parametrize("name", [name for name, value in DEFAULTS.items() if isinstance(value, bool)])
def test_switches(name: str) -> None:
    with using_config(name, not DEFAULTS[name]):
        assert getattr(config, name) is not DEFAULTS[name]
    with pytest.raises(TypeError, match=f"config.{name}: got 0; expected True or False"), using_config(name, 0):
        pass


@pytest.mark.parametrize("name", ["use_cudnn", "use_cudnn_tensor_core"])
def test_levels(name: str) -> None:
    for value in ("always", "never", "auto"):
        with using_config(name, value):
            assert getattr(config, name) == value
    with pytest.raises(ValueError, match=f"config.{name}: got True; expected 'always', 'auto' or 'never'"):
        setattr(config, name, True)


def test_get_dtype() -> None:
    assert ag.get_dtype() == np.float32
    assert ag.get_dtype("float16") == np.float16
    with using_config("dtype", "float64"):
        assert ag.get_dtype() == np.float64
        assert ag.get_dtype(np.float32) == np.float32


@pytest.mark.parametrize("target", [config, global_config], ids=["config", "global_config"])
def test_show(target: Any, capsys: pytest.CaptureFixture[str]) -> None:
    global_config.user_own = [1, 2]
    target.show()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == sorted([*DEFAULTS, "user_own"])
    assert "dtype                          float32" in lines
    assert "user_own                       [1, 2]" in lines
    file = io.StringIO()
    with using_config("train", False), TimerHook():
        target.show(file)
    assert ("train                          False" in file.getvalue().splitlines()) == (target is config)
    assert "_hooks" not in file.getvalue()
