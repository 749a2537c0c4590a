"""Files for Caffe, which this version does not write: whatever is imported from here says so."""

from __future__ import annotations


def __getattr__(name: str) -> object:
    if name != "caffe":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    raise ImportError(
        f"chainer.exporters.{name} is not part of this version of catena-chainer; save models with chainer.serializers.save_npz"
    )
