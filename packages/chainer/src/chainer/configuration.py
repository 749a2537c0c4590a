"""Settings: catena's, and those of Chainer's that have no effect here.

The variables of the environment `CHAINER_DEBUG`, `CHAINER_DTYPE`, `CHAINER_TYPE_CHECK` and `CHAINER_KEEP_GRAPH_ON_REPORT` give
the first values, and `CHAINER_SEED` seeds the initializers.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import xparray.random
from catena.autograd import _config, config, global_config, using_config
from catena.autograd._config import SETTINGS, GlobalConfig, LocalConfig

__all__ = ["GlobalConfig", "LocalConfig", "config", "global_config", "using_config"]

# They chose among implementations that are no more.
WITHOUT_EFFECT = {
    "use_ideep": "never",
    "lazy_grad_sum": False,
    "schedule_func": None,
    "use_static_graph": True,
    "compute_mode": None,
}


def _anything(name: str, value: Any) -> Any:
    return value


def _switched_on(text: str) -> bool:
    return bool(int(text))


_ENVIRONMENT: dict[str, tuple[str, Callable[[str], Any]]] = {
    "CHAINER_DEBUG": ("debug", _switched_on),
    "CHAINER_TYPE_CHECK": ("type_check", _switched_on),
    "CHAINER_KEEP_GRAPH_ON_REPORT": ("keep_graph_on_report", _switched_on),
    "CHAINER_DTYPE": ("dtype", str),
}


def install() -> None:
    """Give the settings those of Chainer's that catena has not, the program's own by any name, and the environment's values."""
    _config.OWN_PREFIX = ""
    for name, value in WITHOUT_EFFECT.items():
        if name not in SETTINGS:
            SETTINGS[name] = (value, _anything)
            setattr(global_config, name, value)
    global_config.stale_inputs = (
        "warn"  # programs that train adversaries update one network before they go back through it
    )
    for variable, (name, read) in _ENVIRONMENT.items():
        if variable in os.environ:
            setattr(global_config, name, read(os.environ[variable]))
    if "CHAINER_SEED" in os.environ:
        xparray.random.seed(int(os.environ["CHAINER_SEED"]))
