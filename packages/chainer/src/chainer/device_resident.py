"""What lives on a device: in catena every link does."""

from __future__ import annotations

from catena.nn import Link

__all__ = ["DeviceResident"]

DeviceResident = Link
