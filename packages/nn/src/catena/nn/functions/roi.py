"""Pooling over regions of interest: a grid of bins laid over boxes in the images, one number for each bin and channel.

Boxes are constants: gradients go to the images alone. Means and samples of a box are separable, so that they are products with two
matrices a box; the greatest element is taken along one axis and then along the other.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import xparray as xp
from catena.autograd import as_array
from catena.autograd import functions as F
from catena.nn._arrays import dtype_of
from catena.nn.functions._checks import check_arrays
from catena.nn.functions._windows import Size, check_images, sizes
from catena.nn.functions.embedding import rows
from xparray import Array
from xparray._dispatch import describe, dtype_name

Host = np.ndarray[Any, Any]


# ---------------------------------------------------------------------------------------------------------- checks


def _host(x: Array) -> Host:
    return np.asarray(xp.to_device(as_array(x), "numpy"))


def _boxes(function: str, x: Array, rois: Array, roi_indices: Array, spatial_scale: float) -> tuple[Host, Host]:
    """The boxes in pixels of the images, `(n_roi, 4)`, and the numbers of the images they lie in."""
    check_arrays(function, x=x, rois=rois, roi_indices=roi_indices)
    check_images(function, x, 2)
    listed = describe(["x", "rois", "roi_indices"], [x, rois, roi_indices])
    if rois.ndim != 2 or rois.shape[1] != 4:
        raise ValueError(
            f"{function}: rois have shape {tuple(rois.shape)}, expected (n_roi, 4): y_min, x_min, y_max, x_max ({listed}); reshape them"
        )
    if tuple(roi_indices.shape) != (rois.shape[0],):
        raise ValueError(
            f"{function}: roi_indices have shape {tuple(roi_indices.shape)}, expected ({rois.shape[0]},), one for each box ({listed}); "
            "give the number of each box's image"
        )
    if dtype_of(roi_indices).kind not in "iu":
        raise TypeError(
            f"{function}: roi_indices are {dtype_name(roi_indices.dtype)}, expected integers ({listed}); "
            'convert them with xp.astype(roi_indices, "int32")'
        )
    if not spatial_scale > 0:
        raise ValueError(f"{function}: spatial_scale is {spatial_scale!r}; expected a positive number such as 1 / 16")
    numbers = _host(roi_indices).astype(np.int64)
    wrong = np.flatnonzero((numbers < 0) | (numbers >= x.shape[0]))
    if wrong.size:
        raise ValueError(
            f"{function}: box {wrong[0]} lies in image {numbers[wrong[0]]}, x has {x.shape[0]} images ({listed}); "
            f"expected numbers from 0 to {x.shape[0] - 1}"
        )
    return _host(rois).astype(np.float64) * spatial_scale, numbers


def _whole(boxes: Host, numbers_end: int) -> tuple[Host, Host]:
    """Begins and lengths, `(2, n_roi)` each, of boxes rounded to whole pixels, of which the last is within the box where it counts 1."""
    edges = np.rint(boxes).astype(np.int64).T
    return edges[:2], np.maximum(edges[2:] - edges[:2] + numbers_end, 1)


def _bins(begin: Host, length: Host, count: int, limit: int) -> tuple[Host, Host]:
    """First pixels of the bins along an axis, and those behind the last, `(n_roi, count)`, cut to the image."""
    step = length[:, None] / count
    i = np.arange(count)
    first = np.floor(i * step).astype(np.int64) + begin[:, None]
    end = np.ceil((i + 1) * step).astype(np.int64) + begin[:, None]
    return np.clip(first, 0, limit), np.clip(end, 0, limit)


# ----------------------------------------------------------------------------------------------- means and samples


def _beside(numbers: Host, x: Array) -> Array:
    array = as_array(x)
    dtype = array.dtype if numbers.dtype.kind == "f" else numbers.dtype.name
    return xp.asarray(numbers, dtype=dtype, device=xp.device_of(array))


def _product(x: Array, numbers: Host, down: Host, across: Host) -> Array:
    """down x across^T of each box's image: `(n_roi, c, a, b)` for `(n_roi, a, height)` and `(n_roi, b, width)`."""
    n, c, height, width = x.shape
    images = rows(_beside(numbers, x), F.reshape(x, shape=(n, c * height * width)), ignore_label=None)
    images = F.reshape(images, shape=(len(numbers), c, height, width))
    for matrix in (across, down):
        # x m^T, and then the axes change places: the columns are done first, the rows second.
        transposed = _beside(np.ascontiguousarray(np.swapaxes(matrix, 1, 2)[:, None]), x)
        images = F.transpose(F.matmul(images, transposed), axes=(0, 1, 3, 2))
    return images


def _means(first: Host, end: Host, limit: int) -> Host:
    """The matrix that takes the means of bins: `(n_roi, count, limit)`; zeros for an empty bin."""
    pixels = np.arange(limit)
    inside = (pixels >= first[..., None]) & (pixels < end[..., None])
    return inside / np.maximum(end - first, 1)[..., None]


def _samples(begin: Host, end: Host, count: int, ratio: int | None, limit: int) -> tuple[Host, Host]:
    """Places of samples in bins along an axis, `(n_roi, count, most)`, and whether each one counts.

    A bin has `ratio` samples, or as many as it is long, rounded up; those that the longest has and it has not do not count,
    nor do those more than a pixel outside of the image.
    """
    step = np.maximum(end - begin, 1.0) / count
    each = np.ceil(step).astype(np.int64) if ratio is None else np.full(len(step), ratio)
    k = np.arange(max(each, default=1))
    within = begin[:, None, None] + (np.arange(count)[:, None] + (k + 0.5) / each[:, None, None]) * step[:, None, None]
    counts = (k < each[:, None, None]) & (within >= -1) & (within <= limit)
    return within, np.broadcast_to(counts, within.shape)


def _interpolation(at: Host, limit: int) -> Host:
    """The matrix that reads between pixels: `(*at.shape, limit)`, two weights a row; places outside are moved to the edge."""
    at = np.clip(at, 0, limit - 1)
    return np.maximum(0, 1 - np.abs(at[..., None] - np.arange(limit)))


def _ratios(function: str, sampling_ratio: Any) -> tuple[int | None, int | None]:
    pair = sampling_ratio if isinstance(sampling_ratio, tuple | list) else (sampling_ratio, sampling_ratio)
    if len(pair) != 2 or not all(r is None or (type(r) is int and r >= 1) for r in pair):
        raise ValueError(
            f"{function}: sampling_ratio is {sampling_ratio!r}; expected an integer from 1, None, or one of these for each axis"
        )
    return pair[0], pair[1]


# -------------------------------------------------------------------------------------------------------- greatest


def _greatest(x: Array, numbers: Host, begin: Host, length: Host, outsize: tuple[int, int]) -> Array:
    """The greatest pixel of each bin, 0 for an empty one: along the columns, then along the rows."""
    n, c, height, width = x.shape
    oh, ow = outsize
    down, across = (_members(*_bins(begin[i], length[i], outsize[i], (height, width)[i])) for i in (0, 1))
    lines = F.reshape(F.transpose(x, axes=(0, 2, 3, 1)), shape=(n * height, width * c))
    at = np.where(down < 0, -1, down + numbers[:, None, None] * height)
    of_rows = F.max(rows(_beside(at, x), lines, ignore_label=-1), axis=2)
    pixels = F.reshape(of_rows, shape=(len(numbers) * oh * width, c))
    line = np.arange(len(numbers) * oh).reshape(-1, oh, 1, 1)
    at = np.where(across[:, None] < 0, -1, across[:, None] + line * width)
    y = F.max(rows(_beside(at, x), pixels, ignore_label=-1), axis=3)
    return F.reshape(F.transpose(y, axes=(0, 3, 1, 2)), shape=(len(numbers), c, oh, ow))


def _members(first: Host, end: Host) -> Host:
    """The pixels of each bin, `(n_roi, count, most)`, the last repeated where there are fewer; -1 for an empty bin."""
    k = np.arange(max(int(np.max(end - first, initial=1)), 1))
    members = np.minimum(first[..., None] + k, end[..., None] - 1)
    return np.where((end > first)[..., None], members, -1)


# ------------------------------------------------------------------------------------------------------- functions


def roi_average_pooling_2d(x: Array, rois: Array, roi_indices: Array, outsize: Size, spatial_scale: float) -> Array:
    """The means of bins of boxes with edges rounded to whole pixels; an empty bin gives 0.

    Args:
        x: images, `(n, channels, height, width)`.
        rois: boxes, `(n_roi, 4)`: y_min, x_min, y_max, x_max.
        roi_indices: integers, `(n_roi,)`: the number of each box's image.
        outsize: bins along each axis, or one number for both.
        spatial_scale: by which boxes are multiplied to be in pixels of x.

    Returns:
        `(n_roi, channels, *outsize)`.

    Raises:
        TypeError: an argument is no array, or roi_indices are no integers.
        ValueError: the shapes do not fit together, a box lies in no image, or a number is out of range.

    Source: R. Girshick, Fast R-CNN, ICCV 2015, with means.

    Example:
        >>> import numpy as np
        >>> x = np.arange(16.0).reshape(1, 1, 4, 4)
        >>> roi_average_pooling_2d(x, np.array([[0.0, 0.0, 2.0, 4.0]]), np.array([0]), (1, 2), 1.0).tolist()
        [[[[2.5, 4.5]]]]
    """
    name = "roi_average_pooling_2d"
    boxes, numbers = _boxes(name, x, rois, roi_indices, spatial_scale)
    count = sizes(name, "outsize", outsize, 2)
    begin, length = _whole(boxes, 0)
    down, across = (_means(*_bins(begin[i], length[i], count[i], x.shape[2 + i]), x.shape[2 + i]) for i in (0, 1))
    return _product(x, numbers, down, across)


def roi_max_pooling_2d(x: Array, rois: Array, roi_indices: Array, outsize: Size, spatial_scale: float) -> Array:
    """The greatest pixels of bins of boxes with edges rounded to whole pixels; an empty bin gives 0.

    The arguments, the result's shape and what is raised are those of `roi_average_pooling_2d`.

    Source: R. Girshick, Fast R-CNN, ICCV 2015.

    Example:
        >>> import numpy as np
        >>> x = np.arange(16.0).reshape(1, 1, 4, 4)
        >>> roi_max_pooling_2d(x, np.array([[0.0, 0.0, 2.0, 4.0]]), np.array([0]), (1, 2), 1.0).tolist()
        [[[[5.0, 7.0]]]]
    """
    name = "roi_max_pooling_2d"
    boxes, numbers = _boxes(name, x, rois, roi_indices, spatial_scale)
    oh, ow = sizes(name, "outsize", outsize, 2)
    return _greatest(x, numbers, *_whole(boxes, 0), (oh, ow))


def roi_pooling_2d(x: Array, rois: Array, outh: int, outw: int, spatial_scale: float) -> Array:
    """`roi_max_pooling_2d` of boxes in an older layout, whose last pixels are within the box.

    Args:
        x: images, `(n, channels, height, width)`.
        rois: boxes, `(n_roi, 5)`: the image's number, x_min, y_min, x_max, y_max.
        outh: bins from top to bottom.
        outw: bins from left to right.
        spatial_scale: by which boxes are multiplied to be in pixels of x.

    Returns:
        `(n_roi, channels, outh, outw)`.

    Raises:
        TypeError: x or rois is no array.
        ValueError: the shapes do not fit together, a box lies in no image, or a number is out of range.

    Source: R. Girshick, Fast R-CNN, ICCV 2015.

    Example:
        >>> import numpy as np
        >>> x = np.arange(16.0).reshape(1, 1, 4, 4)
        >>> roi_pooling_2d(x, np.array([[0.0, 0.0, 0.0, 3.0, 1.0]]), 1, 2, 1.0).tolist()
        [[[[5.0, 7.0]]]]
    """
    name = "roi_pooling_2d"
    check_arrays(name, x=x, rois=rois)
    if rois.ndim != 2 or rois.shape[1] != 5:
        raise ValueError(
            f"{name}: rois have shape {tuple(rois.shape)}, expected (n_roi, 5): the image's number, x_min, y_min, x_max, y_max "
            f"({describe(['x', 'rois'], [x, rois])}); reshape them"
        )
    given = _host(rois)
    boxes, numbers = _boxes(name, x, given[:, [2, 1, 4, 3]], given[:, 0].astype(np.int64), spatial_scale)
    oh, ow = sizes(name, "outh", outh, 1)[0], sizes(name, "outw", outw, 1)[0]
    return _greatest(x, numbers, *_whole(boxes, 1), (oh, ow))


def roi_average_align_2d(
    x: Array,
    rois: Array,
    roi_indices: Array,
    outsize: Size,
    spatial_scale: float,
    sampling_ratio: int | tuple[int | None, int | None] | None = None,
) -> Array:
    """The means of samples in bins of boxes, each read between pixels by bilinear interpolation: no edge is rounded.

    Args:
        x: images, `(n, channels, height, width)`.
        rois: boxes, `(n_roi, 4)`: y_min, x_min, y_max, x_max.
        roi_indices: integers, `(n_roi,)`: the number of each box's image.
        outsize: bins along each axis, or one number for both.
        spatial_scale: by which boxes are multiplied to be in pixels of x.
        sampling_ratio: samples along each axis of a bin, or one number for both; None for the bin's length, rounded up.

    Returns:
        `(n_roi, channels, *outsize)`; a sample more than a pixel outside of the image counts as 0.

    Raises:
        TypeError: an argument is no array, or roi_indices are no integers.
        ValueError: the shapes do not fit together, a box lies in no image, or a number is out of range.

    Source: K. He et al., Mask R-CNN, ICCV 2017.

    Example:
        >>> import numpy as np
        >>> x = np.arange(16.0).reshape(1, 1, 4, 4)
        >>> roi_average_align_2d(x, np.array([[0.0, 0.0, 2.0, 2.0]]), np.array([0]), 1, 1.0).tolist()
        [[[[5.0]]]]
    """
    name = "roi_average_align_2d"
    boxes, numbers = _boxes(name, x, rois, roi_indices, spatial_scale)
    outs, ratios = sizes(name, "outsize", outsize, 2), _ratios(name, sampling_ratio)
    matrices = []
    for i in (0, 1):
        limit = x.shape[2 + i]
        at, counted = _samples(boxes[:, i], boxes[:, 2 + i], outs[i], ratios[i], limit)
        step = np.maximum(boxes[:, 2 + i] - boxes[:, i], 1.0) / outs[i]
        each = np.ceil(step) if ratios[i] is None else np.full(len(step), float(ratios[i] or 1))
        matrices.append(np.sum(_interpolation(at, limit) * counted[..., None], axis=2) / each[:, None, None])
    return _product(x, numbers, *matrices)


def roi_max_align_2d(
    x: Array,
    rois: Array,
    roi_indices: Array,
    outsize: Size,
    spatial_scale: float,
    sampling_ratio: int | tuple[int | None, int | None] | None = None,
) -> Array:
    """The greatest of samples in bins of boxes, each read between pixels by bilinear interpolation: no edge is rounded.

    The arguments, the result's shape and what is raised are those of `roi_average_align_2d`; samples more than a pixel outside of the
    image do not count, and a bin without others gives 0.

    Source: K. He et al., Mask R-CNN, ICCV 2017, with maxima.

    Example:
        >>> import numpy as np
        >>> x = np.arange(16.0).reshape(1, 1, 4, 4)
        >>> roi_max_align_2d(x, np.array([[0.0, 0.0, 2.0, 2.0]]), np.array([0]), 1, 1.0).tolist()
        [[[[7.5]]]]
    """
    name = "roi_max_align_2d"
    boxes, numbers = _boxes(name, x, rois, roi_indices, spatial_scale)
    outs, ratios = sizes(name, "outsize", outsize, 2), _ratios(name, sampling_ratio)
    matrices, most = [], []
    for i in (0, 1):
        limit = x.shape[2 + i]
        at, counted = _samples(boxes[:, i], boxes[:, 2 + i], outs[i], ratios[i], limit)
        # A sample that does not count becomes one that does, which changes no maximum; a bin without any has zeros.
        one = np.take_along_axis(at, np.argmax(counted, axis=2)[..., None], axis=2)
        weights = _interpolation(np.where(counted, at, one), limit) * np.any(counted, axis=2)[..., None, None]
        most.append(at.shape[2])
        matrices.append(weights.reshape(len(at), outs[i] * at.shape[2], limit))
    y = _product(x, numbers, *matrices)
    y = F.reshape(y, shape=(len(numbers), x.shape[1], outs[0], most[0], outs[1], most[1]))
    return F.max(y, axis=(3, 5))
