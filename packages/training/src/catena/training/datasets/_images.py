"""Datasets of image files, plain or inside zip files, read when asked for (`pip install catena-training[images]`)."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np

from catena.autograd import config
from catena.training.datasets._combined import ConcatenatedDataset
from catena.training.datasets._containers import DatasetMixin
from catena.training.datasets._per_process import PerProcess

PathLike: TypeAlias = "str | os.PathLike[str]"


class ImageDataset(DatasetMixin):
    """Image files: example `i` is an array `(channels, height, width)`; grey images have one channel.

    Args:
        paths: the files' paths, or the path of a text file with one path a line.
        root: the folder that the paths begin in.
        dtype: of the arrays, whose values are the file's, 0 to 255 as a rule; `config.dtype` (float32) unless given.

    Raises:
        ImportError: Pillow is not installed.
        OSError: on reading an example that is no image.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> root = tempfile.mkdtemp()
        >>> Image.new("RGB", (5, 4), (255, 0, 0)).save(f"{root}/red.png")
        >>> x = ImageDataset(["red.png"], root)[0]
        >>> x.shape, x.dtype, x[:, 0, 0].tolist()
        ((3, 4, 5), dtype('float32'), [255.0, 0.0, 0.0])
    """

    def __init__(self, paths: PathLike | Sequence[PathLike], root: PathLike = ".", dtype: Any = None) -> None:
        self._paths = _lines(paths) if isinstance(paths, str | os.PathLike) else [os.fspath(p) for p in paths]
        self._root = os.fspath(root)
        self._dtype = config.dtype if dtype is None else np.dtype(dtype)

    def __len__(self) -> int:
        return len(self._paths)

    def get_example(self, i: int) -> np.ndarray[Any, Any]:
        """Image number `i`, `(channels, height, width)`."""
        return read_image(os.path.join(self._root, self._paths[i]), self._dtype)


class LabeledImageDataset(DatasetMixin):
    """Image files with labels: example `i` is the tuple of an array `(channels, height, width)` and a 0-d array.

    Args:
        pairs: tuples of path and integer label; or the path of a text file with a path, a blank and a label a line.
        root: the folder that the paths begin in.
        dtype: of the images; `config.dtype` (float32) unless given.
        label_dtype: of the labels.

    Raises:
        ImportError: Pillow is not installed.
        ValueError: a line of the text file, or a pair, is no path and label.

    Example:
        >>> LabeledImageDataset([("cat.jpg", 0), ("dog.jpg", 1)], root="photos")
        <...LabeledImageDataset object at ...>
    """

    def __init__(
        self,
        pairs: PathLike | Iterable[tuple[PathLike, int]],
        root: PathLike = ".",
        dtype: Any = None,
        label_dtype: Any = np.int32,
    ) -> None:
        self._pairs = _labeled(pairs) if isinstance(pairs, str | os.PathLike) else [_pair(p) for p in pairs]
        self._root = os.fspath(root)
        self._dtype = config.dtype if dtype is None else np.dtype(dtype)
        self._label_dtype = np.dtype(label_dtype)

    def __len__(self) -> int:
        return len(self._pairs)

    def get_example(self, i: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Image number `i`, `(channels, height, width)`, and its label."""
        path, label = self._pairs[i]
        return read_image(os.path.join(self._root, path), self._dtype), np.array(label, self._label_dtype)


class ZippedImageDataset(DatasetMixin):
    """The image files of a zip file, in the order of their names: `(channels, height, width)` each.

    Every process and thread opens the file for itself. What is in it besides png, jpg, jpeg, bmp, gif, tif and webp files is left out.

    Args:
        zipfilename: the zip file's path.
        dtype: of the images; `config.dtype` (float32) unless given.

    Raises:
        ImportError: Pillow is not installed.
    """

    def __init__(self, zipfilename: PathLike, dtype: Any = None) -> None:
        self._archive = PerProcess(zipfile.ZipFile, os.path.abspath(zipfilename))
        with self._archive as archive:
            self._names = sorted(name for name in archive.namelist() if Path(name).suffix.lower() in _SUFFIXES)
        self._dtype = config.dtype if dtype is None else np.dtype(dtype)

    def __len__(self) -> int:
        return len(self._names)

    def get_example(self, i: int) -> np.ndarray[Any, Any]:
        """Image number `i`, `(channels, height, width)`."""
        return _from_zip(self._archive, self._names[i], self._dtype)


class MultiZippedImageDataset(ConcatenatedDataset):
    """The image files of several zip files, one after the other, each a `ZippedImageDataset`.

    Args:
        zipfilenames: the zip files' paths.
        dtype: of the images; `config.dtype` (float32) unless given.
    """

    def __init__(self, zipfilenames: Iterable[PathLike], dtype: Any = None) -> None:
        super().__init__(*(ZippedImageDataset(name, dtype) for name in zipfilenames))


class LabeledZippedImageDataset(DatasetMixin):
    """Image files in a zip file, with labels: tuples of an array `(channels, height, width)` and a 0-d array.

    Args:
        zipfilename: the zip file's path.
        labelfilename: a text file with a name in the zip file, a blank and a label a line.
        dtype: of the images; `config.dtype` (float32) unless given.
        label_dtype: of the labels.

    Raises:
        ImportError: Pillow is not installed.
        ValueError: a line of the text file is no name and label.
    """

    def __init__(
        self, zipfilename: PathLike, labelfilename: PathLike, dtype: Any = None, label_dtype: Any = np.int32
    ) -> None:
        self._archive = PerProcess(zipfile.ZipFile, os.path.abspath(zipfilename))
        self._pairs = _labeled(labelfilename)
        self._dtype = config.dtype if dtype is None else np.dtype(dtype)
        self._label_dtype = np.dtype(label_dtype)

    def __len__(self) -> int:
        return len(self._pairs)

    def get_example(self, i: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Image number `i`, `(channels, height, width)`, and its label."""
        name, label = self._pairs[i]
        return _from_zip(self._archive, name, self._dtype), np.array(label, self._label_dtype)


def _from_zip(archive: PerProcess[zipfile.ZipFile], name: str, dtype: Any) -> np.ndarray[Any, Any]:
    with archive as file:
        data = file.read(name)
    return read_image(io.BytesIO(data), dtype, f"{name} of a zip file")


_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"}


def read_image(file: str | IO[bytes], dtype: Any, name: str = "") -> np.ndarray[Any, Any]:
    """The image in a file, `(channels, height, width)`.

    Raises:
        ImportError: Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as e:
        raise ImportError(
            "catena.training.datasets: Pillow, which reads images, is not installed; pip install catena-training[images]"
        ) from e
    try:
        with Image.open(file) as image:
            pixels = np.asarray(image)
    except OSError as e:  # Pillow does not always say of what file
        e.add_note(f"This was the image {name or file}.")
        raise
    planes = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    return np.array(planes, dtype, order="C")


def _lines(path: PathLike) -> list[str]:
    with open(path, encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip()]


def _labeled(path: PathLike) -> list[tuple[str, int]]:
    pairs = []
    for line in _lines(path):
        name, _, label = line.rpartition(" ")
        if not name or not label.lstrip("-").isdecimal():
            raise ValueError(
                f"datasets: {os.fspath(path)!r} holds the line {line!r:.80}; expected a path, a blank and an integer label"
            )
        pairs.append((name.strip(), int(label)))
    return pairs


def _pair(pair: Any) -> tuple[str, int]:
    try:
        path, label = pair
        return os.fspath(path), int(label)
    except (TypeError, ValueError):
        raise ValueError(
            f"LabeledImageDataset: got the pair {pair!r:.80}; expected a tuple of a path and an integer label"
        ) from None
