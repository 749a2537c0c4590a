"""Chainer's names on catena's objects, for programs written for Chainer v1 to v7.

import chainer
import chainer.functions as F
import chainer.links as L

What runs, what differs and what is missing: docs/coming-from-chainer.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from catena.autograd import (
    Function,
    FunctionHook,
    FunctionNode,
    Variable,
    as_array,
    as_variable,
    force_backprop_mode,
    get_function_hooks,
    no_backprop_mode,
)
from catena.autograd import get_dtype as _get_dtype
from catena.nn import (
    Chain,
    ChainList,
    DictSummary,
    Link,
    LinkHook,
    Parameter,
    Reporter,
    Sequential,
    Summary,
    get_current_reporter,
    report,
    report_scope,
)
from catena.nn.initializers import Initializer
from catena.nn.serializers import Serializer
from catena.training.optimizers import GradientMethod, Optimizer, UpdateRule
from chainer import _legacy, _paths, configuration
from chainer._legacy import FunctionSet
from chainer._version import __version__
from chainer.backend import get_device, using_device
from chainer.backends.cuda import should_use_cudnn, should_use_cudnn_tensor_core
from chainer.configuration import config, global_config, using_config
from chainer.device_resident import DeviceResident
from chainer.distribution import Distribution, cross_entropy, kl_divergence, register_kl
from chainer.function import FunctionAdapter
from chainer.function_node import backward, grad
from chainer.serializer import AbstractSerializer, Deserializer

# Programs reach these as attributes of `chainer`, without importing them.
from chainer import (  # isort: skip
    backend,
    backends,
    computational_graph,
    dataset,
    datasets,
    distributions,
    function,
    function_hook,
    function_hooks,
    functions,
    gradient_check,
    initializer,
    initializers,
    iterators,
    link,
    link_hook,
    link_hooks,
    links,
    optimizer,
    optimizer_hooks,
    optimizers,
    reporter,
    sequential,
    serializer,
    serializers,
    testing,
    training,
    utils,
    variable,
    warnings,
)
from chainer.backends import cuda  # isort: skip


__all__ = [
    "AbstractSerializer",
    "Chain",
    "ChainList",
    "DebugMode",
    "Deserializer",
    "DeviceResident",
    "DictSummary",
    "Distribution",
    "Function",
    "FunctionAdapter",
    "FunctionHook",
    "FunctionNode",
    "FunctionSet",
    "GradientMethod",
    "Initializer",
    "Link",
    "LinkHook",
    "Optimizer",
    "Parameter",
    "Reporter",
    "Sequential",
    "Serializer",
    "Summary",
    "UpdateRule",
    "Variable",
    "__version__",
    "as_array",
    "as_variable",
    "backend",
    "backends",
    "backward",
    "computational_graph",
    "config",
    "configuration",
    "cross_entropy",
    "cuda",
    "dataset",
    "datasets",
    "disable_experimental_feature_warning",
    "distributions",
    "force_backprop_mode",
    "function",
    "function_hook",
    "function_hooks",
    "functions",
    "get_array_types",
    "get_compute_mode",
    "get_cpu_array_types",
    "get_current_reporter",
    "get_device",
    "get_dtype",
    "get_function_hooks",
    "global_config",
    "grad",
    "gradient_check",
    "initializer",
    "initializers",
    "is_arrays_compatible",
    "is_debug",
    "iterators",
    "kl_divergence",
    "link",
    "link_hook",
    "link_hooks",
    "links",
    "no_backprop_mode",
    "optimizer",
    "optimizer_hooks",
    "optimizers",
    "print_runtime_info",
    "register_kl",
    "report",
    "report_scope",
    "reporter",
    "sequential",
    "serializer",
    "serializers",
    "set_debug",
    "should_use_cudnn",
    "should_use_cudnn_tensor_core",
    "static_code",
    "static_graph",
    "testing",
    "training",
    "using_config",
    "using_device",
    "utils",
    "variable",
    "warnings",
]

configuration.install()
_legacy.install()
_paths.install()


def is_debug() -> bool:
    """Whether NaN and infinity are looked for."""
    return bool(config.debug)


def set_debug(debug: bool) -> None:
    """Look for NaN and infinity from now on, in this thread, or no longer."""
    config.debug = debug


class DebugMode:
    """A block in which debug mode is on or off; `using_config("debug", debug)` is today's spelling."""

    def __init__(self, debug: bool) -> None:
        _legacy.retired("chainer.DebugMode(debug)", "chainer.using_config('debug', debug)")
        self._block = using_config("debug", debug)

    def __enter__(self) -> None:
        self._block.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._block.__exit__(*error)


def get_array_types() -> tuple[type, ...]:
    """Types of the arrays that a Variable can hold."""
    types: tuple[type, ...] = (np.ndarray,)
    return (*types, cuda.ndarray) if cuda.available else types


def get_cpu_array_types() -> tuple[type, ...]:
    """Types of arrays in the host's memory."""
    return (np.ndarray,)


def is_arrays_compatible(arrays: Any) -> bool:
    """Whether the arrays, leaving None aside, live on one device.

    Example:
        >>> is_arrays_compatible([np.ones(2), None, np.zeros(3)])
        True
    """
    return len({backend.get_device_from_array(a) for a in arrays if a is not None}) <= 1


def get_compute_mode() -> Any:
    """The setting `compute_mode`, which has no effect."""
    return config.compute_mode


def get_dtype(dtype: Any = None, map_mixed16: Any = None) -> np.dtype[Any]:
    """The dtype given, or `config.dtype` for None; there is no mixed16, which `map_mixed16` would stand for.

    Example:
        >>> get_dtype(None, map_mixed16=np.float32)
        dtype('float32')
    """
    return _get_dtype(dtype)


def disable_experimental_feature_warning() -> None:
    """Do nothing: nothing warns that it is experimental."""


def print_runtime_info(out: Any = None) -> None:
    """Print the versions of Python, NumPy and the parts of catena."""
    import platform
    import sys
    from importlib import metadata

    out = sys.stdout if out is None else out
    print(f"Platform: {platform.platform()}", file=out)
    print(f"Python: {platform.python_version()}", file=out)
    for name in ("numpy", "xparray", "catena-autograd", "catena-nn", "catena-training", "catena-chainer"):
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            version = "not installed as a distribution"
        print(f"{name}: {version}", file=out)


def static_graph(*args: Any, **kwargs: Any) -> Any:
    """A decorator that leaves a chain's `forward` as it is: every call is recorded anew, at little cost."""
    return args[0] if args and callable(args[0]) else lambda f: f


static_code = static_graph
