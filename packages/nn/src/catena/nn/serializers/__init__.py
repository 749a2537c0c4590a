"""Files of models, optimizers and trainers: one protocol that writes and reads, and the formats behind it.

An object takes part by one method, which serves both directions:

    def serialize(self, serializer):
        self.t = serializer("t", self.t)                    # writes t and gives it back, or reads it
        self.child.serialize(serializer["child"])           # goes under "child/..."

Reading is strict, and all or nothing: when a file does not fit, the object is left as it was.
"""

from __future__ import annotations

from catena.nn.serializers._protocol import DictionaryDeserializer, DictionarySerializer, Serializer
from catena.nn.serializers.hdf5 import HDF5Deserializer, HDF5Serializer, load_hdf5, save_hdf5
from catena.nn.serializers.npz import NpzDeserializer, load_npz, save_npz
from catena.nn.serializers.safetensors import load_safetensors, save_safetensors

__all__ = [
    "DictionaryDeserializer",
    "DictionarySerializer",
    "HDF5Deserializer",
    "HDF5Serializer",
    "NpzDeserializer",
    "Serializer",
    "load_hdf5",
    "load_npz",
    "load_safetensors",
    "save_hdf5",
    "save_npz",
    "save_safetensors",
]
