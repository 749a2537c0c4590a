"""Links and chains of them."""

from __future__ import annotations

from catena.nn import Chain, ChainList, Link

__all__ = ["Chain", "ChainList", "Link"]
