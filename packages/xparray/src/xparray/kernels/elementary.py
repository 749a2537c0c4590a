"""Elementary functions on tagged arrays: one jitted loop each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

JITTED: dict[str, Callable[..., Any]] = {}
