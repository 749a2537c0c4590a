"""What a workload is: the same small computation written once for each contestant."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple


class Contest(NamedTuple):
    """One contestant ready to run, with its own copy of the data and of the initial values."""

    step: Callable[[], Any]
    """One step; this call is what gets timed."""
    read: Callable[[Any], tuple[float, ...]]
    """The numbers that every contestant must agree on, from what `step` returned: the loss, or value and gradient."""


Build = Callable[[], Contest]


class Disagreement(ValueError):
    """A contestant computes something else than the others."""


@dataclass(frozen=True)
class Contestant:
    """How one library runs a workload: `build` makes it ready, `module` is what has to be importable."""

    name: str
    build: Build
    module: str
    distributions: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that its process starts with, for what a library reads only then."""

    def absent(self) -> str | None:
        """Why this contestant cannot run here, or None."""
        if importlib.util.find_spec(self.module) is None:
            return f"{self.module} is not installed (pip install {self.distributions[0]})"
        return None

    def versions(self) -> dict[str, str]:
        """The versions of the distributions that decide this contestant's speed."""
        return {name: _version(name) for name in self.distributions}


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed as a distribution"


@dataclass(frozen=True)
class Workload:
    """One computation, its contestants, and the ratio to torch eager that ours is to stay under."""

    name: str
    title: str
    target: float
    tolerance: float
    """Largest relative difference allowed between two contestants' numbers at the same step."""
    steps: int = 100
    """At most so many steps are compared: few where one step takes long, or where all compute the same."""
    counted: bool = True
    """Whether the ratio is one of those whose geometric mean is printed."""
    contestants: dict[str, Contestant] = field(default_factory=dict)

    def contestant(
        self,
        name: str,
        *,
        module: str,
        distributions: Sequence[str],
        environment: Mapping[str, str] | None = None,
    ) -> Callable[[Build], Build]:
        """Register the decorated function as the contestant `name`."""

        def register(build: Build) -> Build:
            self.contestants[name] = Contestant(name, build, module, tuple(distributions), dict(environment or {}))
            return build

        return register

    # The contestants that most workloads have.

    def torch(self, build: Build) -> Build:
        """Register torch, eager."""
        return self.torch_as("torch")(build)

    def torch_as(self, name: str, environment: Mapping[str, str] | None = None) -> Callable[[Build], Build]:
        """Register a form of torch that is tuned for this workload."""
        return self.contestant(name, module="torch", distributions=["torch"], environment=environment)

    def numpy(self, build: Build) -> Build:
        """Register NumPy with the gradients written by hand."""
        return self.contestant("numpy", module="numpy", distributions=["numpy"])(build)

    def hips(self, build: Build) -> Build:
        """Register HIPS autograd, the package `autograd`."""
        return self.contestant("hips", module="autograd", distributions=["autograd", "numpy"])(build)

    def catena(self, build: Build) -> Build:
        """Register catena's public API, written as its users write it."""
        return self.contestant("catena", module="catena", distributions=["catena-training", "numpy", "numba"])(build)

    def compare(self, numbers: Mapping[str, Sequence[Sequence[float]]]) -> dict[str, float]:
        """Hold each contestant's numbers, step by step, against those of `numpy`, or of the first where it is missing.

        Returns the largest relative difference of each. Raises Disagreement where one exceeds the tolerance.
        """
        reference = "numpy" if "numpy" in numbers else next(iter(numbers))
        worst = dict.fromkeys(numbers, 0.0)
        for name, steps in numbers.items():
            for index, (mine, theirs) in enumerate(zip(steps, numbers[reference], strict=True), start=1):
                for a, b in zip(mine, theirs, strict=True):
                    difference = abs(a - b) / max(abs(b), 1e-30)
                    if not (math.isfinite(a) and difference <= self.tolerance):
                        raise Disagreement(
                            f"{self.name}: {name} and {reference} part at step {index}: {mine} and {theirs}, relative "
                            f"difference {difference:.1e}, tolerance {self.tolerance:.0e}; they do not compute the same"
                        )
                    worst[name] = max(worst[name], difference)
        return worst
