"""Comparisons, random numbers, files and marks for tests."""

from __future__ import annotations

import functools
import os
import tempfile
import unittest
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Any

import numpy as np

import xparray as xp
from catena.autograd import as_array
from catena.nn import serializers
from catena.training import Trainer


def patch(target: str, *args: Any, **kwargs: Any) -> Any:
    """`unittest.mock.patch`: within the block, or the decorated test, what stands under that name is another object."""
    from unittest import mock  # which brings asyncio

    return mock.patch(target, *args, **kwargs)


def assert_allclose(x: Any, y: Any, atol: float = 1e-5, rtol: float = 1e-4, verbose: bool = True) -> None:
    """Raise AssertionError unless |x - y| <= atol + rtol |y| in each element, wherever the arrays or Variables live."""
    host_x, host_y = (np.asarray(xp.to_device(xp.asarray(as_array(a)), "numpy")) for a in (x, y))
    np.testing.assert_allclose(host_x, host_y, atol=atol, rtol=rtol, verbose=verbose)


@contextmanager
def assert_warns(expected: type[Warning]) -> Iterator[None]:
    """A block that must warn in that category."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        yield
    if not any(issubclass(w.category, expected) for w in seen):
        raise AssertionError(f"{expected.__name__} was expected; there were {[str(w.message) for w in seen]}")


def _is_installed(requirement: str) -> bool:
    """Whether a requirement such as "numpy>=2" holds."""
    names = requirement.replace(">", " ").replace("<", " ").replace("=", " ").replace("!", " ").split()
    try:
        found = metadata.version(names[0])
    except metadata.PackageNotFoundError:
        return False
    for clause in requirement[len(names[0]) :].split(","):
        clause = clause.strip()
        if clause:
            operator = clause[:2] if clause[1] == "=" else clause[:1]
            a, b = _numbers(found), _numbers(clause[len(operator) :])
            holds = {">=": a >= b, "<=": a <= b, "==": a == b, "!=": a != b, ">": a > b, "<": a < b}[operator]
            if not holds:
                return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.strip().split(".") if part.isdigit())


def with_requires(*requirements: str) -> Callable[[Any], Any]:
    """A decorator that skips a test unless the requirements, such as "numpy>=2", hold."""
    return unittest.skipUnless(all(map(_is_installed, requirements)), f"requires {', '.join(requirements)}")


def without_requires(*requirements: str) -> Callable[[Any], Any]:
    """A decorator that skips a test where the requirements hold."""
    return unittest.skipIf(all(map(_is_installed, requirements)), f"requires not {', '.join(requirements)}")


def generate_seed() -> int:
    """A seed from NumPy's global generator."""
    return int(np.random.randint(0, 2**31))


def generate_matrix(shape: tuple[int, ...], dtype: Any = float, *, singular_values: Any) -> Any:
    """Random matrices `(..., m, n)` with given singular values `(..., min(m, n))`.

    Example:
        >>> np.round(np.linalg.svd(generate_matrix((2, 3), singular_values=[3.0, 1.0]), compute_uv=False), 6)
        array([3., 1.])
    """
    singular_values = np.asarray(singular_values)
    if len(shape) < 2:
        raise ValueError(f"generate_matrix: shape is {shape}; expected at least two axes")
    draws = np.random.randn(*shape)
    if np.dtype(dtype).kind == "c":
        draws = draws + 1j * np.random.randn(*shape)
    u, _, v = np.linalg.svd(draws, full_matrices=False)
    return ((u * singular_values[..., None, :]) @ v).astype(dtype)


def fix_random(*, setup_method: str = "setUp", teardown_method: str = "tearDown") -> Callable[[Any], Any]:
    """A decorator of a test, or of a test class: NumPy's and xparray's random numbers are the same in each run."""

    def decorate(tested: Any) -> Any:
        if not isinstance(tested, type):

            @functools.wraps(tested)
            def test(*args: Any, **kwargs: Any) -> Any:
                with _fixed():
                    return tested(*args, **kwargs)

            return test
        before, after = getattr(tested, setup_method, None), getattr(tested, teardown_method, None)

        def set_up(self: Any) -> None:
            self._fixed_random = _fixed()
            self._fixed_random.__enter__()
            if before is not None:
                before(self)

        def tear_down(self: Any) -> None:
            if after is not None:
                after(self)
            self._fixed_random.__exit__(None, None, None)

        setattr(tested, setup_method, set_up)
        setattr(tested, teardown_method, tear_down)
        return tested

    return decorate


@contextmanager
def _fixed() -> Iterator[None]:
    of_numpy, generator = np.random.get_state(), xp.random.get_generator()
    of_xparray = generator.state
    np.random.seed(0)
    xp.random.seed(0)
    try:
        yield
    finally:
        np.random.set_state(of_numpy)
        xp.random.get_generator().state = of_xparray


def save_and_load(src: Any, dst: Any, filename: str, saver: Callable[..., Any], loader: Callable[..., Any]) -> None:
    """Save `src` to a file that is removed again, and load `dst` from it."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, filename)
        saver(path, src)
        loader(path, dst)


def save_and_load_npz(src: Any, dst: Any) -> None:
    """Save `src` to an `.npz` file that is removed again, and load `dst` from it."""
    save_and_load(src, dst, "tmp.npz", serializers.save_npz, serializers.load_npz)


def save_and_load_hdf5(src: Any, dst: Any) -> None:
    """Save `src` to an HDF5 file that is removed again, and load `dst` from it."""
    hdf5: Any = serializers
    save_and_load(src, dst, "tmp.h5", hdf5.save_hdf5, hdf5.load_hdf5)


class _CountingUpdater:
    """An updater that counts iterations and trains nothing."""

    def __init__(self, iter_per_epoch: float) -> None:
        self.iteration = self.epoch = 0
        self.epoch_detail = 0.0
        self.previous_epoch_detail: float | None = 0.0
        self.is_new_epoch = False
        self.iter_per_epoch = iter_per_epoch
        from unittest import mock

        self.optimizer = mock.MagicMock()

    def connect_trainer(self, trainer: Any) -> None:
        pass

    def finalize(self) -> None:
        pass

    def get_all_optimizers(self) -> dict[str, Any]:
        return {}

    def get_optimizer(self, name: str) -> Any:
        return self.optimizer

    def update(self) -> None:
        self.previous_epoch_detail = self.epoch_detail
        self.iteration += 1
        self.epoch_detail = self.iteration / self.iter_per_epoch
        self.is_new_epoch = int(self.epoch_detail) != self.epoch
        self.epoch = int(self.epoch_detail)

    def serialize(self, serializer: Any) -> None:
        self.iteration = int(serializer("iteration", self.iteration))


def get_trainer_with_mock_updater(
    stop_trigger: Any = (10, "iteration"), iter_per_epoch: float = 10, extensions: Any = None
) -> Trainer:
    """A trainer that counts iterations and trains nothing, for tests of extensions and triggers."""
    updater: Any = _CountingUpdater(iter_per_epoch)
    return Trainer(updater, stop_trigger, out=tempfile.mkdtemp(), extensions=extensions)


def run_module(name: str, file: str) -> None:
    """Run the tests of a file with pytest, where the file is the program: `run_module(__name__, __file__)` at its end."""
    if name == "__main__":
        import pytest

        pytest.main([file, "-vvs", "-x"])
