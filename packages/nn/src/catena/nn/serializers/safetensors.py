"""safetensors files, which many libraries read: a header of JSON, then the arrays as they are.

Needs safetensors: `pip install catena-nn[safetensors]`. Strings and the keys of None stand in the header's metadata, with the kind
of object that the file holds.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from catena.nn.serializers._files import check_path, check_target, existing, missing_extra, replacing
from catena.nn.serializers._kinds import about_of, load_arrays, parsed
from catena.nn.serializers._protocol import NONE, DictionarySerializer, HostArray, Ignored, encode, loadable

Path = str | os.PathLike[str]
DTYPES = frozenset("bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64".split())


def _library(function: str) -> Any:
    try:
        import safetensors.numpy
    except ImportError as e:
        raise missing_extra(function, "safetensors", "safetensors") from e
    return safetensors


def save_safetensors(filename: Path, obj: Any) -> None:
    """Save an object, such as a Link, an optimizer or a Trainer, to a safetensors file under the keys of `save_npz`.

    A file that exists is replaced once the new one is complete, and stays when writing fails.

    Args:
        filename: path, taken as it is.
        obj: object with a method `serialize`, or a dict of arrays, numbers and strings.

    Raises:
        TypeError: `obj` has no method `serialize`, or holds a value that cannot be written, complex numbers and arrays of strings
            among them; or `filename` is no path.
        FileNotFoundError: there is no folder for the file.
        ImportError: safetensors is not installed.

    Example:
        >>> import tempfile
        >>> from catena.nn import Link
        >>> link, other = Link(W=(2, 3)), Link(W=(2, 3))
        >>> link.W.array[...] = 1
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_safetensors(f"{folder}/my.safetensors", link)
        ...     load_safetensors(f"{folder}/my.safetensors", other)
        >>> float(other.W.array.sum())
        6.0
    """
    library = _library("save_safetensors")
    check_path("save_safetensors", filename, "model.safetensors")
    check_target("save_safetensors", filename)
    if isinstance(obj, Mapping):
        arrays = {str(key): encode(str(key), value) for key, value in obj.items()}
    else:
        serializer = DictionarySerializer()
        serializer.save(obj)
        arrays = serializer.target
    nones = [name for name, array in arrays.items() if array is NONE]
    texts = {name: str(array) for name, array in arrays.items() if array.dtype.kind == "U" and not array.ndim}
    numbers = {name: array for name, array in arrays.items() if name not in {*nones, *texts}}
    about = about_of(obj, arrays) | {"checksum": _checksum(arrays), "none": nones, "text": texts}
    metadata = {"catena": json.dumps(about)}  # one entry: the library writes several in any order
    with replacing(filename) as path:
        library.numpy.save_file({name: _plain(name, x) for name, x in numbers.items()}, path, metadata)


def _plain(name: str, array: HostArray) -> HostArray:
    """The array in the order and the byte order of the file."""
    if array.dtype.name not in DTYPES:
        raise TypeError(f"serialize: {name!r} is {array.dtype}, which safetensors does not know; use save_npz")
    return np.asarray(array, array.dtype.newbyteorder("<"), order="C")


def load_safetensors(
    filename: Path, obj: Any, path: str = "", strict: bool = True, ignore_names: Ignored = None
) -> None:
    """Load an object from a safetensors file, all or nothing: after an error the object is as it was.

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
        ImportError: safetensors is not installed.
    """
    library = _library("load_safetensors")
    check_path("load_safetensors", filename, "model.safetensors")
    values = loadable("load_safetensors", obj, "safetensors.numpy.load_file(filename)")
    origin = existing("load_safetensors", filename)
    arrays, about = _read(library, filename, origin)
    load_arrays(origin, arrays, about, obj, values, path, strict, ignore_names)


def _read(library: Any, filename: Path, origin: str) -> tuple[dict[str, HostArray], dict[str, Any]]:
    """All arrays of the file by key, and what it says of itself; everything is read and checked."""
    with open(filename, "rb"):  # raises here where the file cannot be opened
        pass
    try:
        with library.safe_open(filename, framework="np") as file:
            metadata = file.metadata() or {}
            about = parsed(metadata["catena"]) if "catena" in metadata else {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}
        arrays |= {str(name): NONE for name in about.get("none", ())}
        arrays |= {str(name): np.asarray(str(text)) for name, text in dict(about.get("text", {})).items()}
        if "catena" in metadata and about.get("checksum") != _checksum(arrays):
            raise ValueError("its content does not have the checksum that it was saved with")
    except (library.SafetensorError, ValueError, OSError, TypeError, AttributeError, RecursionError) as e:
        raise ValueError(f"{origin} cannot be read, it is damaged or no safetensors file: {e}") from e
    return arrays, about


def _checksum(arrays: Mapping[str, HostArray]) -> int:
    """A number that depends on all keys, shapes, dtypes and values: the format does not guard its content."""
    total = 0
    for name in sorted(arrays):
        array = arrays[name]
        text = array.dtype.kind == "U"
        head = f"{name} {array.shape} {'text' if text else array.dtype.newbyteorder('<').str}"
        body = (
            repr(array.tolist()).encode() if text else array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        )
        total = zlib.crc32(body, zlib.crc32(head.encode(), total))
    return total
