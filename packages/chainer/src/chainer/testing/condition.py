"""Decorators of tests that hold only often enough."""

from __future__ import annotations

import functools
import unittest
from collections.abc import Callable
from typing import Any

__all__ = ["QuietTestRunner", "repeat", "repeat_with_success_at_least", "retry"]


class QuietTestRunner:
    """Runs a suite of unittest's and prints nothing."""

    def run(self, suite: Any) -> unittest.TestResult:
        """Run the suite; its result."""
        result = unittest.TestResult()
        suite(result)
        return result


def repeat_with_success_at_least(times: int, min_success: int) -> Callable[[Any], Any]:
    """A decorator: the test runs up to `times` times, until it has held `min_success` times.

    Raises:
        ValueError: `min_success` is not between 1 and `times`.
    """
    if not 1 <= min_success <= times:
        raise ValueError(f"repeat_with_success_at_least: min_success is {min_success}; expected 1 to {times}")

    def decorate(test: Any) -> Any:
        @functools.wraps(test)
        def repeated(self: Any, *args: Any, **kwargs: Any) -> None:
            failures: list[AssertionError] = []
            successes = 0
            for i in range(times):
                if i:
                    self.tearDown()
                    self.setUp()
                try:
                    test(self, *args, **kwargs)
                    successes += 1
                except AssertionError as failure:
                    failures.append(failure)
                if successes >= min_success:
                    return
                if len(failures) > times - min_success:
                    raise failures[0]

        return repeated

    return decorate


def repeat(times: int) -> Callable[[Any], Any]:
    """A decorator: the test must hold that many times."""
    return repeat_with_success_at_least(times, times)


def retry(times: int) -> Callable[[Any], Any]:
    """A decorator: the test must hold once in that many times."""
    return repeat_with_success_at_least(times, 1)
