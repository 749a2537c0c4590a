"""Networks of Caffe, which this version does not read: whatever is imported from here says so."""

from __future__ import annotations


def __getattr__(name: str) -> object:
    if name != "CaffeFunction":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    raise ImportError(
        f"chainer.links.caffe.{name} is not part of this version of catena-chainer; convert the .caffemodel to .npz with "
        "Chainer 7.8.1 on Python 3.11, and load it with chainer.serializers.load_npz"
    )
