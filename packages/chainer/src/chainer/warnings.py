"""Categories of warnings."""

from __future__ import annotations

__all__ = ["PerformanceWarning"]


class PerformanceWarning(UserWarning):
    """Something is slower than it could be."""
