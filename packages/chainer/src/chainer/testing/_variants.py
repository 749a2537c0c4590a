"""One test class, many variants: for each of several parameters, or for each backend."""

from __future__ import annotations

import functools
import itertools
import sys
import types
import unittest
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self

from catena.autograd import using_config
from chainer import backend
from chainer.backends import cuda

Variants = Callable[[type], Iterator[type]]


class _Cases(list[type]):
    """The classes that stand for the one that was decorated; another decorator makes variants of each."""


def _decorator(variants: Variants) -> Callable[[Any], Any]:
    """A decorator of a test class that puts its variants into the class's module."""

    def decorate(base: Any) -> Any:
        cases = _Cases()
        for cls in base if isinstance(base, _Cases) else [base]:
            names = vars(sys.modules[cls.__module__])
            names.pop(cls.__name__, None)
            for variant in variants(cls):
                cases.append(variant)
                names[variant.__name__] = variant
        return cases

    return decorate


def _subclass(base: type, name: str, members: dict[str, Any]) -> type:
    return type(name, (base,), {"__module__": base.__module__, "__doc__": base.__doc__, **members})


def _tests_of(base: type) -> list[str]:
    return [name for name in dir(base) if name.startswith("test") and callable(getattr(base, name))]


def parameterize(*params: dict[str, Any]) -> Callable[[Any], Any]:
    """A decorator of a test class: one class for each dict, with its values as attributes.

    Example:
        >>> @parameterize({"n": 1}, {"n": 2})
        ... class TestIt(unittest.TestCase):
        ...     pass
        >>> [cls.n for cls in TestIt]
        [1, 2]
    """

    def variants(base: type) -> Iterator[type]:
        for i, param in enumerate(params):
            # A function as an attribute of a class would become a method.
            members = {k: staticmethod(v) if isinstance(v, types.FunctionType) else v for k, v in param.items()}
            named = {name: _naming(getattr(base, name), param) for name in _tests_of(base)}
            yield _subclass(base, f"{base.__name__}_param_{i}", {**members, **named})

    return _decorator(variants)


def _naming(method: Any, param: dict[str, Any]) -> Any:
    """The test, whose failure names the parameters."""

    @functools.wraps(method)
    def test(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except Exception as error:
            error.add_note(f"with the parameters {param!r}")
            raise

    return test


def from_pytest_parameterize(names: str, values: Iterable[Any]) -> list[dict[str, Any]]:
    """The dicts for `parameterize` of names and values as pytest writes them.

    Example:
        >>> from_pytest_parameterize("a,b", [(1, 2), (3, 4)])
        [{'a': 1, 'b': 2}, {'a': 3, 'b': 4}]
    """
    keys = [name.strip() for name in names.split(",")]
    rows = ((row if isinstance(row, list | tuple) else (row,)) for row in values)
    return [dict(zip(keys, row, strict=True)) for row in rows]


def parameterize_pytest(names: str, values: Iterable[Any]) -> Callable[[Any], Any]:
    """`parameterize`, with names and values as pytest writes them."""
    return parameterize(*from_pytest_parameterize(names, values))


def product(parameter: Any) -> list[dict[str, Any]]:
    """A dict for each choice of one value a key; or, of a list of dicts' lists, each choice of one dict a list, joined.

    Example:
        >>> product({"x": [1, 2], "y": [3]})
        [{'x': 1, 'y': 3}, {'x': 2, 'y': 3}]
    """
    if isinstance(parameter, dict):
        keys = sorted(parameter)
        return [dict(zip(keys, row, strict=True)) for row in itertools.product(*(parameter[k] for k in keys))]
    return product_dict(*parameter)


def product_dict(*parameters: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each choice of one dict a list, joined.

    Example:
        >>> product_dict([{"x": 1}, {"x": 2}], [{"y": 3}])
        [{'x': 1, 'y': 3}, {'x': 2, 'y': 3}]
    """
    return [{k: v for part in row for k, v in part.items()} for row in itertools.product(*parameters)]


_DEFAULTS: dict[str, Any] = {
    "use_cuda": False,
    "use_chainerx": False,
    "cuda_device": None,
    "chainerx_device": None,
    "use_cudnn": "never",
    "cudnn_deterministic": False,
    "cudnn_fast_batch_normalization": False,
    "autotune": False,
    "use_ideep": "never",
}
_SETTINGS = ("use_cudnn", "cudnn_deterministic", "cudnn_fast_batch_normalization", "autotune", "use_ideep")


class BackendConfig:
    """Where a test runs: a device, and settings that hold in the `with` block of this object.

    Example:
        >>> config = BackendConfig({})
        >>> config.xp.__name__, str(config.device)
        ('numpy', '@numpy')
    """

    def __init__(self, params: dict[str, Any]) -> None:
        unknown = params.keys() - _DEFAULTS.keys()
        if unknown:
            raise ValueError(f"BackendConfig: unknown {sorted(unknown)}; there are {sorted(_DEFAULTS)}")
        self.params = {**_DEFAULTS, **params}
        self._blocks: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "params" or name not in self.params:
            raise AttributeError(name)
        return self.params[name]

    @property
    def device(self) -> backend.Device:
        """The device of the arrays."""
        return backend.GpuDevice(self.cuda_device or 0) if self.use_cuda else backend.CpuDevice()

    @property
    def xp(self) -> Any:
        """The namespace of the arrays."""
        return self.device.xp

    def get_array(self, value: Any) -> Any:
        """An array, or several, on the device."""
        return self.device.send(value)

    def why_skipped(self) -> str:
        """Why a test cannot run there; "" where it can."""
        if self.use_chainerx:
            return "ChainerX is not part of catena"
        return "there is no GPU" if self.use_cuda and not cuda.available else ""

    def __enter__(self) -> Self:
        self._blocks = [using_config(name, self.params[name]) for name in _SETTINGS]
        for block in self._blocks:
            block.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        for block in reversed(self._blocks):
            block.__exit__(*error)

    def __repr__(self) -> str:
        given = ", ".join(f"{k!r}: {v!r}" for k, v in self.params.items() if v != _DEFAULTS[k])
        return f"<BackendConfig {{{given}}}>"


def inject_backend_tests(method_names: list[str] | None, params: list[dict[str, Any]]) -> Callable[[Any], Any]:
    """A decorator of a test class: one class for each dict, whose tests get the BackendConfig as first argument.

    Args:
        method_names: the tests that get it; all where None.
        params: of `BackendConfig`.
    """

    def variants(base: type) -> Iterator[type]:
        tests = _tests_of(base)
        injected = [name for name in tests if method_names is None or name in method_names]
        if method_names is not None:
            yield _subclass(base, base.__name__, dict.fromkeys(injected))
        for i, param in enumerate(params):
            config = BackendConfig(param)
            members: dict[str, Any] = dict.fromkeys(name for name in tests if name not in injected)
            members |= {name: _on(getattr(base, name), config) for name in injected}
            yield _subclass(base, f"{base.__name__}_backend_{i}", members)

    return _decorator(variants)


def _on(method: Any, config: BackendConfig) -> Any:
    def test(self: Any, *args: Any, **kwargs: Any) -> Any:
        return method(self, config, *args, **kwargs)

    # Not wrapped: pytest would look for the argument that is given here.
    test.__name__, test.__doc__ = method.__name__, method.__doc__
    return unittest.skipIf(bool(config.why_skipped()), config.why_skipped())(test)
