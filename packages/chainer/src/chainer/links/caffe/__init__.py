"""Networks of Caffe, which this version does not read."""

from __future__ import annotations

raise ImportError(
    "chainer.links.caffe: CaffeFunction is not part of this version of catena-chainer; convert the .caffemodel to .npz with "
    "Chainer 7.8.1 on Python 3.11, and load it with chainer.serializers.load_npz"
)
