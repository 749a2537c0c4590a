"""The base classes of serializers."""

from __future__ import annotations

from catena.nn.serializers import Serializer

__all__ = ["AbstractSerializer", "Deserializer", "Serializer"]

AbstractSerializer = Serializer


class Deserializer(Serializer):
    """A serializer that reads."""

    reading = True
