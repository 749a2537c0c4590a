"""The base class of extensions, and their priorities."""

from __future__ import annotations

from catena.training import PRIORITY_EDITOR, PRIORITY_READER, PRIORITY_WRITER, Extension, make_extension

__all__ = ["PRIORITY_EDITOR", "PRIORITY_READER", "PRIORITY_WRITER", "Extension", "make_extension"]
