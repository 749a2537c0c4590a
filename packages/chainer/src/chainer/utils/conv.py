"""Sizes of convolutions, and the patches that they read."""

from __future__ import annotations

from typing import Any

from xparray import Array
from xparray.kernels import window

__all__ = [
    "col2im",
    "col2im_cpu",
    "col2im_gpu",
    "get_conv_outsize",
    "get_deconv_outsize",
    "im2col",
    "im2col_cpu",
    "im2col_gpu",
]


def get_conv_outsize(size: int, k: int, s: int, p: int, cover_all: bool = False, d: int = 1) -> int:
    """The length of a convolution's result: (size + 2p - dk) // s + 1 with dk = k + (k - 1)(d - 1).

    Args:
        size: of the input.
        k: of the window.
        s: stride.
        p: padding at each end.
        cover_all: whether every element of the input is in a window.
        d: dilation.

    Example:
        >>> get_conv_outsize(10, 3, 2, 0), get_conv_outsize(10, 3, 2, 0, cover_all=True)
        (4, 5)
    """
    dk = k + (k - 1) * (d - 1)
    return (size + 2 * p - dk + (s - 1 if cover_all else 0)) // s + 1


def get_deconv_outsize(size: int, k: int, s: int, p: int, cover_all: bool = False, d: int = 1) -> int:
    """The length of an input of which a convolution makes `size`; see `get_conv_outsize`.

    Example:
        >>> get_deconv_outsize(4, 3, 2, 0)
        9
    """
    dk = k + (k - 1) * (d - 1)
    return s * (size - 1) + dk - (s - 1 if cover_all else 0) - 2 * p


def im2col(
    img: Array, kh: int, kw: int, sy: int, sx: int, ph: int, pw: int, cover_all: bool = False,
    dy: int = 1, dx: int = 1, out_h: int | None = None, out_w: int | None = None,
) -> Any:  # fmt: skip
    """The patches `(n, c, kh, kw, out_h, out_w)` of images `(n, c, h, w)`, padded with zeros.

    Example:
        >>> import numpy as np
        >>> im2col(np.arange(4.0).reshape(1, 1, 2, 2), 2, 2, 1, 1, 0, 0).ravel()
        array([0., 1., 2., 3.])
    """
    h, w = img.shape[2:]
    out_h = get_conv_outsize(h, kh, sy, ph, cover_all, dy) if out_h is None else out_h
    out_w = get_conv_outsize(w, kw, sx, pw, cover_all, dx) if out_w is None else out_w
    return window.im2col(img, ksize=(kh, kw), stride=(sy, sx), pad=(ph, pw), dilate=(dy, dx), size=(out_h, out_w))


def im2col_cpu(
    img: Array, kh: int, kw: int, sy: int, sx: int, ph: int, pw: int, pval: float = 0, cover_all: bool = False,
    dy: int = 1, dx: int = 1, out_h: int | None = None, out_w: int | None = None,
) -> Any:  # fmt: skip
    """The patches of images that are padded with `pval`; see `im2col`."""
    # The padding of the kernel is zeros: the patches of the images less the value, plus the value.
    return im2col(img - pval, kh, kw, sy, sx, ph, pw, cover_all, dy, dx, out_h, out_w) + pval


def col2im(col: Array, sy: int, sx: int, ph: int, pw: int, h: int, w: int, dy: int = 1, dx: int = 1) -> Any:
    """The images `(n, c, h, w)` of which each pixel is the sum of what the patches hold of it."""
    return window.col2im(col, stride=(sy, sx), pad=(ph, pw), dilate=(dy, dx), size=(h, w))


im2col_gpu = im2col
col2im_cpu = col2im_gpu = col2im
