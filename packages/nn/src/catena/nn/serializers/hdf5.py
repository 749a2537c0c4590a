"""HDF5 files in Chainer's layout: groups along the object's tree, arrays at the leaves.

Needs h5py: `pip install catena-nn[hdf5]`. A file of `save_hdf5` begins with a block of text, which HDF5 leaves to
users: what kind of object it holds, and a checksum of all that follows, since libraries of HDF5 do not survive every damaged file.
Links to other places or files, which HDF5 knows, are not followed.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Mapping
from typing import IO, Any

import numpy as np

from catena.nn.serializers._files import check_path, check_target, existing, missing_extra, replacing
from catena.nn.serializers._kinds import about_of, load_arrays, parsed
from catena.nn.serializers._protocol import (
    NONE,
    DictionaryDeserializer,
    DictionarySerializer,
    HostArray,
    Ignored,
    loadable,
)

Path = str | os.PathLike[str]
BLOCK = 512
SIGNATURE = b"\x89HDF\r\n\x1a\n"
# Deflate makes nothing smaller than this.
MOST_COMPRESSED = 1100


def _h5py(function: str) -> Any:
    try:
        import h5py
    except ImportError as e:
        raise missing_extra(function, "h5py", "hdf5") from e
    return h5py


class HDF5Serializer(DictionarySerializer):
    """Writes an object into a group of an open HDF5 file: a group a child, None as an empty dataset.

    Args:
        group: h5py's Group or File.
        compression: level of gzip, 0 to 9, for arrays of two elements and more; None for no compression.

    Attributes:
        target: what was written, by key.

    Raises:
        TypeError: a value is no array, number, string or None, or has a dtype that HDF5 does not know.
        ValueError: two values have the same key.
        ImportError: h5py is not installed.

    Example:
        >>> import io, h5py
        >>> from catena.nn import Chain, Link
        >>> with h5py.File(io.BytesIO(), "w") as file:
        ...     HDF5Serializer(file).save(Chain(l1=Link(W=(2, 3))))
        ...     file["l1/W"].shape
        (2, 3)
    """

    def __init__(self, group: Any, compression: int | None = 4) -> None:
        super().__init__()
        self._h5py = _h5py("HDF5Serializer")
        self.group = group
        self.compression = compression

    def __call__(self, key: str, value: Any) -> Any:
        """Write `value` under `key` and return it."""
        super().__call__(key, value)
        self._write(self._name(key))
        return value

    def _write(self, name: str) -> None:
        array = self.target[name]
        options: dict[str, Any] = {} if array.size <= 1 else {"compression": self.compression}
        if array is NONE:
            self.group.create_dataset(name, data=self._h5py.Empty("f"))
        elif array.dtype.kind == "U":
            data = array.astype(object)
            self.group.create_dataset(name, data=data, dtype=self._h5py.string_dtype(), **options)
        elif array.dtype.kind in "biufc":
            self.group.create_dataset(name, data=array, **options)
        else:
            raise TypeError(f"serialize: {name!r} is {array.dtype}, which HDF5 does not know; save numbers or strings")

    def __getitem__(self, key: str) -> HDF5Serializer:
        name = self._name(key)
        self.group.require_group(name)  # Chainer looks for the groups of links without parameters too
        child = HDF5Serializer(self.group, self.compression)
        child.target, child._path = self.target, f"{name}/"
        return child


class HDF5Deserializer(DictionaryDeserializer):
    """Reads an object from a group of an open HDF5 file, all or nothing.

    Args:
        group: h5py's Group or File.
        strict: whether missing and unexpected keys are errors; else what is missing stays as it is.

    Raises:
        ValueError: the group holds what is no array.
        ImportError: h5py is not installed.

    Example:
        >>> import io, h5py
        >>> from catena.nn import Link
        >>> link = Link(W=(2,))
        >>> with h5py.File(io.BytesIO(), "w") as file:
        ...     file["W"] = [1.0, 2.0]
        ...     HDF5Deserializer(file).load(link)
        >>> link.W.array
        array([1., 2.], dtype=float32)
    """

    def __init__(self, group: Any, strict: bool = True) -> None:
        super().__init__(dict(_arrays(_h5py("HDF5Deserializer"), group)), strict=strict)


def save_hdf5(filename: Path, obj: Any, compression: int | None = 4) -> None:
    """Save an object, such as a Link, an optimizer or a Trainer, to an HDF5 file with the keys that Chainer gives it.

    A file that exists is replaced once the new one is complete, and stays when writing fails.

    Args:
        filename: path, taken as it is.
        obj: object with a method `serialize`, or a dict of arrays, numbers and strings.
        compression: level of gzip, 0 to 9, for arrays of two elements and more; None for no compression.

    Raises:
        TypeError: `obj` has no method `serialize`, or holds a value that cannot be written; or `filename` is no path.
        FileNotFoundError: there is no folder for the file.
        ImportError: h5py is not installed.

    Example:
        >>> import tempfile
        >>> from catena.nn import Link
        >>> link, other = Link(W=(2, 3)), Link(W=(2, 3))
        >>> link.W.array[...] = 1
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_hdf5(f"{folder}/my.h5", link)
        ...     load_hdf5(f"{folder}/my.h5", other)
        >>> float(other.W.array.sum())
        6.0
    """
    h5py = _h5py("save_hdf5")
    check_path("save_hdf5", filename, "model.h5")
    check_target("save_hdf5", filename)
    with replacing(filename) as path:
        with h5py.File(path, "w", userblock_size=BLOCK) as file:
            serializer = HDF5Serializer(file, compression)
            if isinstance(obj, Mapping):
                for key, value in obj.items():
                    serializer(str(key), value)
            else:
                serializer.save(obj)
        about = about_of(obj, serializer.target)
        with open(path, "rb+") as stream:
            about = {key: value[:50] if isinstance(value, str) else value for key, value in about.items()}
            text = json.dumps({"catena": about | {"checksum": _checksum(stream)}}, ensure_ascii=False)
            stream.seek(0)
            stream.write(text.encode().ljust(BLOCK - 1) + b"\n")


def load_hdf5(filename: Path, obj: Any, path: str = "", strict: bool = True, ignore_names: Ignored = None) -> None:
    """Load an object from an HDF5 file, Chainer's too, all or nothing: after an error the object is as it was.

    Args:
        filename: path.
        obj: object with a method `serialize`, made as the one that was saved.
        path: read the keys under this path only, such as "predictor/".
        strict: whether missing and unexpected keys are errors; else what is missing stays as it is.
        ignore_names: keys to leave alone: full names, functions from a name to whether it is one, or several of these.

    Raises:
        ValueError: the file is damaged, holds another kind of object, or does not fit; the message names every key.
        TypeError: `obj` has no method `serialize`, or `filename` is no path.
        FileNotFoundError: there is no such file.
        ImportError: h5py is not installed.
    """
    h5py = _h5py("load_hdf5")
    check_path("load_hdf5", filename, "model.h5")
    values = loadable("load_hdf5", obj, "h5py.File(filename)")
    origin = existing("load_hdf5", filename)
    arrays, about = _read(h5py, filename, origin)
    load_arrays(origin, arrays, about, obj, values, path, strict, ignore_names)


def _read(h5py: Any, filename: Path, origin: str) -> tuple[dict[str, HostArray], dict[str, Any]]:
    """All arrays of the file by key, and what it says of itself; everything is read and checked."""
    try:
        about = _about(filename)
        arrays = _content(h5py, filename)
    except (ValueError, RuntimeError, KeyError, TypeError, MemoryError, OverflowError) as e:
        raise ValueError(f"{origin} cannot be read, it is damaged or no HDF5 file: {e}") from e
    return arrays, about


def _content(h5py: Any, filename: Path) -> dict[str, HostArray]:
    try:
        with h5py.File(filename, "r") as file:
            return dict(_arrays(h5py, file))
    except OSError as e:  # the file could be opened before: this one is about what is in it
        raise ValueError(str(e)) from e


def _about(filename: Path) -> dict[str, Any]:
    """What the first block says, after a look at the checksum; nothing for other programs' files, Chainer's among them."""
    with open(filename, "rb") as stream:
        block = stream.read(BLOCK)
        if block.startswith(SIGNATURE):
            return {}
        about = parsed(block).get("catena")
        if not isinstance(about, dict) or about.get("checksum") != _checksum(stream):
            raise ValueError("its content does not have the checksum that it was saved with")
    return about


def _checksum(stream: IO[bytes]) -> int:
    """Of all that comes after the first block."""
    stream.seek(BLOCK)
    total = 0
    while part := stream.read(1 << 20):
        total = zlib.crc32(part, total)
    return total


def _arrays(
    h5py: Any, group: Any, prefix: str = "", seen: frozenset[Any] = frozenset()
) -> Iterator[tuple[str, HostArray]]:
    """The arrays in a group and in those below, by key."""
    place = h5py.h5o.get_info(group.id).addr
    if place in seen:
        raise ValueError(f"{prefix!r} holds itself")
    for key in group:
        name = prefix + key
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise ValueError(f"{name!r} leads to another place, which is not followed")
        item = group[key]
        if isinstance(item, h5py.Group):
            yield from _arrays(h5py, item, f"{name}/", seen | {place})
        elif isinstance(item, h5py.Dataset):
            yield name, _array(h5py, name, item)
        else:
            raise ValueError(f"{name!r} is no array")


def _array(h5py: Any, name: str, dataset: Any) -> HostArray:
    if dataset.shape is None:
        return NONE
    if dataset.is_virtual or dataset.external:
        raise ValueError(f"{name!r} lies in another file, which is not read")
    if dataset.nbytes > MOST_COMPRESSED * dataset.id.get_storage_size():
        raise ValueError(f"{name!r} has fewer bytes than {dataset.shape} {dataset.dtype} needs")
    if h5py.check_string_dtype(dataset.dtype) is not None:
        return np.asarray(dataset.asstr()[()], dtype=str)
    if dataset.dtype.kind not in "biufc":
        raise ValueError(f"{name!r} is {dataset.dtype}, which no file of save_hdf5 has")
    return np.asarray(dataset[()])
