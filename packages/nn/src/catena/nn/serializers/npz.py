"""`.npz` files: a zip of `.npy` arrays under Chainer's keys, which NumPy opens too. Nothing in one is ever unpickled.

What kind of object a file holds stands in the zip's comment, so that the keys are the object's alone.
"""

from __future__ import annotations

import errno
import io
import json
import math
import os
import pickletools
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from catena.nn.serializers._files import check_target, existing, no_file, replacing
from catena.nn.serializers._kinds import about_of, load_arrays, parsed
from catena.nn.serializers._protocol import (
    NONE,
    DictionaryDeserializer,
    DictionarySerializer,
    HostArray,
    Ignored,
    encode,
    loadable,
)

File = str | os.PathLike[str] | IO[bytes]
_SMALL = 16_000_000
"""Bytes of a file that is put together in memory first: zipfile goes back and forth for every array."""


class NpzDeserializer(DictionaryDeserializer):
    """Reads an object from what `numpy.load` gives for an `.npz` file.

    Args:
        npz: the arrays by key.
        path: read the keys under this path only.
        strict: whether missing and unexpected keys are errors; else what is missing stays as it is.
        ignore_names: keys to leave alone: full names, functions from a name to whether it is one, or several of these.

    Example:
        >>> from catena.nn import Link
        >>> link, file = Link(W=(2, 3)), io.BytesIO()
        >>> save_npz(file, Link(W=(2, 3)))
        >>> _ = file.seek(0)
        >>> with np.load(file) as arrays:
        ...     NpzDeserializer(arrays).load(link)
    """

    def __init__(
        self, npz: Mapping[str, HostArray], path: str = "", strict: bool = True, ignore_names: Ignored = None
    ) -> None:
        super().__init__(npz, path, strict, ignore_names)


def save_npz(file: File, obj: Any, compression: bool = True) -> None:
    """Save an object, such as a Link, an optimizer or a Trainer, to an `.npz` file.

    A file that exists is replaced once the new one is complete, and stays when writing fails. The same object always gives
    the same bytes.

    Args:
        file: path, taken as it is (no ".npz" is added), or a file open for writing bytes.
        obj: object with a method `serialize`, or a dict of arrays, numbers and strings.
        compression: deflate the arrays, which is slower and smaller.

    Raises:
        TypeError: `obj` has no method `serialize`, or holds a value that is no array, number, string or None; or `file`
            is neither a path nor an open file.
        FileNotFoundError: there is no folder for the file.

    Example:
        >>> import tempfile
        >>> from catena.nn import Link
        >>> link, other = Link(W=(2, 3)), Link(W=(2, 3))
        >>> link.W.array[...] = 1
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_npz(f"{folder}/my.model", link)
        ...     load_npz(f"{folder}/my.model", other)
        >>> float(other.W.array.sum())
        6.0
    """
    comment = b""
    if isinstance(obj, Mapping):
        arrays = {str(key): encode(str(key), value) for key, value in obj.items()}
    else:
        serializer = DictionarySerializer()
        serializer.save(obj)
        arrays = serializer.target
        comment = json.dumps({"catena": about_of(obj, arrays)}).encode()
    if isinstance(file, str | os.PathLike):
        check_target("save_npz", file)
        with replacing(file) as path, open(path, "xb") as stream:
            if sum(array.nbytes for array in arrays.values()) < _SMALL:
                together = io.BytesIO()
                _write(together, arrays, comment, compression)
                stream.write(together.getbuffer())
            else:
                _write(stream, arrays, comment, compression)
    elif not hasattr(file, "write"):
        raise TypeError(no_file("save_npz", file, "a path or a file open for writing bytes", "model.npz"))
    else:
        _write(file, arrays, comment, compression)


def load_npz(file: File, obj: Any, path: str = "", strict: bool = True, ignore_names: Ignored = None) -> None:
    """Load an object from an `.npz` file, all or nothing: after an error the object is as it was.

    Arrays are filled in place, cast to the dtype they have; a parameter without a shape gets the file's. A value that was
    None when it was saved is left as it is.

    Args:
        file: path, or a file open for reading bytes.
        obj: object with a method `serialize`, made as the one that was saved.
        path: read the keys under this path only, such as "predictor/" or "updater/model:main/".
        strict: whether missing and unexpected keys are errors; else what is missing stays as it is.
        ignore_names: keys to leave alone: full names, functions from a name to whether it is one, or several of these.

    Raises:
        ValueError: the file is damaged, holds another kind of object, or does not fit; the message names every key.
        TypeError: `obj` has no method `serialize`, or `file` is neither a path nor an open file.
        FileNotFoundError: there is no such file.

    Example:
        >>> from catena.nn import Link
        >>> file = io.BytesIO()
        >>> save_npz(file, Link(W=(2, 3)))
        >>> load_npz(file, Link(W=(2, 4)))
        Traceback (most recent call last):
        ...
        ValueError: load_npz: the file does not fit this Link, which was left as it was
          not fitting: W has shape (2, 3), expected (2, 4)
          make the Link with the sizes and dtypes it had when it was saved
    """
    values = loadable("load_npz", obj, "numpy.load(file)")
    if isinstance(file, str | os.PathLike):
        origin = existing("load_npz", file)
        with open(file, "rb") as stream:
            arrays, about = _read(stream, origin)
    elif not hasattr(file, "read"):
        raise TypeError(no_file("load_npz", file, "a path or a file open for reading bytes", "model.npz"))
    else:
        origin = "load_npz: the file"
        arrays, about = _read(file, origin)
    load_arrays(origin, arrays, about, obj, values, path, strict, ignore_names)


# ------------------------------------------------------------------------- writing


def _write(stream: IO[bytes], arrays: Mapping[str, HostArray], comment: bytes, compression: bool) -> None:
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED if compression else zipfile.ZIP_STORED) as archive:
        archive.comment = comment
        for name, array in arrays.items():
            # The date is fixed, so that the bytes depend on the values alone.
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = archive.compression
            with archive.open(entry, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


# ------------------------------------------------------------------------- reading


def _read(stream: IO[bytes], origin: str) -> tuple[dict[str, HostArray], dict[str, Any]]:
    """All arrays of the file by key, and what its comment says; everything is read and checked."""
    if not stream.seekable():
        stream = io.BytesIO(stream.read())
    try:
        with zipfile.ZipFile(stream) as archive:
            about = _about(archive.comment)
            arrays = {}
            for entry in archive.infolist():
                name = entry.filename.removesuffix(".npy")
                if name == entry.filename:
                    raise ValueError(f"it holds {name!r}, which is no .npy array, so it is no file of save_npz")
                if name in arrays:
                    raise ValueError(f"it holds {name!r} twice")
                if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise ValueError(f"{name!r} is compressed in a way that no .npz file is")
                arrays[name] = _array(name, archive.read(entry))
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error, struct.error, RuntimeError, OSError) as e:
        if isinstance(e, OSError) and e.errno != errno.EINVAL:  # that one comes of places before the file's beginning
            raise
        raise ValueError(f"{origin} cannot be read, it is damaged or no .npz file: {e}") from e
    return arrays, about


def _about(comment: bytes) -> dict[str, Any]:
    """What `save_npz` wrote into the comment; nothing for other programs' files, Chainer's among them."""
    if not comment.startswith(b'{"catena"'):
        return {}
    about = parsed(comment).get("catena")
    return about if isinstance(about, dict) else {}


_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def _array(name: str, data: bytes) -> HostArray:
    """The array in the bytes of an `.npy` file, on those bytes."""
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f"{name!r} has version {version} of the .npy format; expected 1.0 or 2.0")
    shape, fortran, dtype = _HEADERS[version](stream)
    start = stream.tell()
    if dtype.hasobject:
        if shape == () and dtype == np.dtype(object) and _is_pickled_none(data[start:]):
            return NONE
        raise ValueError(f"{name!r} is pickled, which is not read, since a pickle can run any program")
    count = math.prod(shape)
    if any(n < 0 for n in shape) or len(data) - start != count * dtype.itemsize:
        raise ValueError(f"{name!r} has {len(data) - start} bytes, its header says {shape} {dtype}")
    if not count:
        return np.zeros(shape, dtype)
    flat: HostArray = np.frombuffer(data, dtype, offset=start)
    return flat.reshape(shape, order="F" if fortran else "C")


# A 0-d object array that holds None, word by word as pickle spells it: NumPy, and so Chainer, writes None like this.
_PICKLED_NONE = [
    *("numpy.core.multiarray", "_reconstruct", "numpy", "ndarray", 0, "b", "REDUCE"),
    *(1, "numpy", "dtype", "O8", 0, 1, "REDUCE", 3, "|", "NONE", "NONE", "NONE", -1, -1, 63, "BUILD"),
    *(0, "NONE", "APPEND", "BUILD", "STOP"),
]
_BRACKETS = frozenset(
    "PROTO FRAME MEMOIZE PUT BINPUT MARK TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_TUPLE EMPTY_LIST LIST STACK_GLOBAL".split()
)
_WORDS: dict[str, list[Any]] = {
    "NEWFALSE": [0],
    "NEWTRUE": [1],
    "GET": ["numpy"],
    "BINGET": ["numpy"],
}  # "numpy" is what comes twice


def _is_pickled_none(data: bytes) -> bool:
    """Whether the bytes are the pickle of a 0-d object array of None and nothing else; they are compared, never run."""
    words: list[Any] = []
    last = -1
    for opcode, argument, position in pickletools.genops(data):
        last = position or 0
        if opcode.name == "GLOBAL":
            words += str(argument).replace("._core.", ".core.").split(" ")
        elif opcode.name in _WORDS:
            words += _WORDS[opcode.name]
        elif isinstance(argument, bytes | str):
            text = argument.decode("latin1") if isinstance(argument, bytes) else argument
            words.append(text.replace("._core.", ".core."))
        elif opcode.name not in _BRACKETS:
            words.append(opcode.name if argument is None else argument)
    if words[4:10] == [0, "_codecs", "encode", "b", "latin1", "REDUCE"]:
        words[5:10] = ["b"]  # how the older protocols spell bytes
    return last + 1 == len(data) and words == _PICKLED_NONE
