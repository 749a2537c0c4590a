"""Networks of Caffe, which this version does not read: whatever is imported from here says so."""

from __future__ import annotations

import functools

from chainer._paths import member as _member

__getattr__ = functools.partial(_member, __name__)
