"""What functions of windows ask of their arguments: sizes for each axis, and images that have room for a window."""

from __future__ import annotations

from typing import Any

import numpy as np

from catena.nn.functions._checks import check_arrays
from xparray import Array
from xparray._dispatch import describe
from xparray.kernels.window import Sizes, count_windows, length_of_windows

Size = int | tuple[int, ...]
_INTEGERS = (int, np.integer)


def sizes(function: str, name: str, value: Any, n: int, least: int = 1) -> Sizes:
    """`value`, one integer or one for each of `n` axes, as a tuple of n.

    Raises:
        ValueError: it is neither, or one is below `least`.
    """
    if type(value) is int and value >= least:
        return (value,) * n
    given = (value,) * n if isinstance(value, _INTEGERS) else tuple(value) if isinstance(value, list | tuple) else ()
    if len(given) != n or not all(isinstance(v, _INTEGERS) and not isinstance(v, bool) and v >= least for v in given):
        several = f", or {n} of them in a tuple" if n > 1 else ", or a tuple of one"
        raise ValueError(f"{function}: {name} is {value!r}; expected an integer from {least}{several}")
    return tuple(int(v) for v in given)


def check_images(function: str, x: Array, n: int) -> None:
    """Raise unless x is an array of images with `n` axes, `(n, channels, *lengths)`.

    Raises:
        TypeError: x is no array.
        ValueError: x has another number of axes.
    """
    check_arrays(function, x=x)
    if x.ndim != n + 2:
        axes = ("length", "height, width", "depth, height, width")[n - 1] if n <= 3 else "*lengths"
        fix = "give a single image a batch axis with x[None]" if x.ndim == n + 1 else "reshape x"
        raise ValueError(
            f"{function}: x has {x.ndim} axes, expected {n + 2}, (n, channels, {axes}) ({describe('x', [x])}); {fix}"
        )


def counts(
    function: str, x: Array, ksize: Sizes, stride: Sizes, pad: Sizes, dilate: Sizes, cover_all: bool = False
) -> Sizes:
    """How many windows there are along each axis of the images x.

    Raises:
        ValueError: along one there is none.
    """
    n = tuple(
        [
            count_windows(length, k, s, p, dilate=d, cover_all=cover_all)
            for length, k, s, p, d in zip(x.shape[2:], ksize, stride, pad, dilate, strict=True)
        ]
    )
    if min(n) < 1:
        window = tuple((k - 1) * d + 1 for k, d in zip(ksize, dilate, strict=True))
        raise ValueError(
            f"{function}: a window of {window} does not fit into images of {tuple(x.shape[2:])} with pad {pad} "
            f"({describe('x', [x])}); give larger images, a smaller window or more pad"
        )
    return n


def lengths_back(
    function: str,
    x: Array,
    ksize: Sizes,
    stride: Sizes,
    pad: Sizes,
    dilate: Sizes,
    outsize: Any = None,
    cover_all: bool = False,
) -> Sizes:
    """The lengths of the images whose windows are the elements of x: `outsize`, or the least.

    Raises:
        ValueError: images of `outsize`, or of any size, have another number of windows.
    """
    least, most = [
        tuple(
            length_of_windows(m, k, s, p, dilate=d, cover_all=covers)
            for m, k, s, p, d in zip(x.shape[2:], ksize, stride, pad, dilate, strict=True)
        )
        for covers in (True, False)
    ]
    if outsize is None:
        size = least if cover_all else most
        if min(size) < 1:
            raise ValueError(
                f"{function}: the result would have the lengths {size} ({describe('x', [x])}); "
                f"give larger images, a larger window or less pad than {pad}"
            )
        return size
    size = sizes(function, "outsize", outsize, len(ksize))
    if not all(low <= n < high + s for low, n, high, s in zip(least, size, most, stride, strict=True)):
        allowed = ", ".join(
            f"{max(low, 1)} to {high + s - 1}" for low, high, s in zip(least, most, stride, strict=True)
        )
        raise ValueError(
            f"{function}: outsize is {outsize}, of which {tuple(x.shape[2:])} are not the windows "
            f"({describe('x', [x])}); give lengths from {allowed}"
        )
    return size
