"""Types that annotations share."""

from __future__ import annotations

from typing import Any, TypeAlias

# Arrays come from libraries with no common base class; the functions say in their docstrings what they take.
Array: TypeAlias = Any
