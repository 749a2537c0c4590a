"""Files for Caffe, which this version does not write."""

from __future__ import annotations

raise ImportError(
    "chainer.exporters is not part of this version of catena-chainer; save models with chainer.serializers.save_npz"
)
