"""Datasets of lines of text and of pickles, found by their places in the file."""

from __future__ import annotations

import io
import os
import pickle
from array import array
from collections.abc import Callable, Sequence
from typing import IO, Any, Self, TypeAlias

from catena.training.datasets._containers import DatasetMixin
from catena.training.datasets._per_process import PerProcess

PathLike: TypeAlias = "str | os.PathLike[str]"


class TextDataset(DatasetMixin):
    """Lines of text files that need not fit in memory: example `i` is line `i`, or the tuple of the files' lines `i`.

    The files are read once, for the places of their lines. Lines keep their ends.

    Args:
        paths: a path, or several of files with equally many lines, such as sentences and their translations.
        encoding: of the files, UTF-8 unless given; or one for each file.
        errors: what to do with bytes that are no text, as for `open`; or one for each file.
        newline: what ends a line, as for `open`; or one for each file.
        filter_func: called with each example's line or lines; those for which it is false are left out.

    Raises:
        ValueError: there are no paths, as many options as paths are not given, or the files differ in their number of lines.

    Example:
        >>> import tempfile
        >>> path = tempfile.mktemp()
        >>> with open(path, "w") as file:
        ...     _ = file.write("one\\ntwo\\n\\nthree")
        >>> TextDataset(path, filter_func=str.strip)[:]
        ['one\\n', 'two\\n', 'three']
    """

    def __init__(
        self,
        paths: PathLike | Sequence[PathLike],
        encoding: str | Sequence[str | None] | None = None,
        errors: str | Sequence[str | None] | None = None,
        newline: str | Sequence[str | None] | None = None,
        filter_func: Callable[..., Any] | None = None,
    ) -> None:
        self._single = isinstance(paths, str | os.PathLike)
        names = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
        if not names:
            raise ValueError("TextDataset: got no paths; expected at least one")
        n = len(names)
        options = zip(
            _each("encoding", encoding, n), _each("errors", errors, n), _each("newline", newline, n), strict=True
        )
        self._files = [_TextFile(name, *option) for name, option in zip(names, options, strict=True)]
        counts = [len(file.places) for file in self._files]
        if len(set(counts)) > 1:
            raise ValueError(
                f"TextDataset: the files have {', '.join(map(str, counts))} lines; expected the same number in each"
            )
        self._kept: Sequence[int] = range(counts[0])
        if filter_func is not None:
            lines = (tuple(file.line(i) for file in self._files) for i in self._kept)
            self._kept = array("q", [i for i, each in enumerate(lines) if filter_func(*each)])

    def __len__(self) -> int:
        return len(self._kept)

    def get_example(self, i: int) -> str | tuple[str, ...]:
        """Line number `i` of those kept, or the tuple of the files' lines."""
        lines = tuple([file.line(self._kept[i]) for file in self._files])
        return lines[0] if self._single else lines

    def close(self) -> None:
        """Close the files; reading an example opens them again."""
        for file in self._files:
            file.close()


class _TextFile:
    """A file of text and the places where its lines begin."""

    def __init__(self, path: PathLike, encoding: str | None, errors: str | None, newline: str | None) -> None:
        self._file = PerProcess(open, os.path.abspath(path), "r", -1, encoding or "utf-8", errors, newline)
        self.places = array("Q")
        with self._file as file:
            place = file.tell()
            while file.readline():
                self.places.append(place)
                place = file.tell()

    def line(self, i: int) -> str:
        with self._file as file:
            file.seek(self.places[i])
            return file.readline()

    def close(self) -> None:
        self._file.close()


def _each(name: str, option: str | Sequence[str | None] | None, n: int) -> Sequence[str | None]:
    """`option` for each of `n` files."""
    if option is None or isinstance(option, str):
        return [option] * n
    if len(option) != n:
        raise ValueError(
            f"TextDataset: {name} has {len(option)} entries for {n} files; expected one, or one for each file"
        )
    return option


class PickleDataset(DatasetMixin):
    """Pickled objects in a file, one after the other, as `PickleDatasetWriter` writes them; read when asked for.

    A pickle may run any code when it is read. Unless `allow_pickle` is given, only arrays, numbers, strings and containers of them
    are read, and whatever else a file asks for is refused before it runs.

    Args:
        reader: a file opened for reading bytes.
        allow_pickle: whether to read objects of any class, and so to run any code of the file's author.

    Raises:
        pickle.UnpicklingError: the file asks for another class, or is damaged; the message says in which example.

    Example:
        >>> import io
        >>> import numpy as np
        >>> file = io.BytesIO()
        >>> with PickleDatasetWriter(file) as writer:
        ...     writer.write((np.arange(3), "a"))
        ...     writer.write((np.arange(2), "b"))
        ...     dataset = PickleDataset(io.BytesIO(file.getvalue()))
        >>> dataset[1]
        (array([0, 1]), 'b')
    """

    def __init__(self, reader: IO[bytes], *, allow_pickle: bool = False) -> None:
        name = getattr(reader, "name", None)
        self._reader: IO[bytes] | None = reader
        self._file: PerProcess[Any]
        if isinstance(name, str):
            self._file = PerProcess(open, os.path.abspath(name), "rb")
        else:
            reader.seek(0)
            self._file = PerProcess(io.BytesIO, reader.read())
        self._load = pickle.load if allow_pickle else load_data
        self._places = array("Q")
        with self._file as file:
            end = file.seek(0, os.SEEK_END)
            place = file.seek(0)
            while place < end:
                self._places.append(place)
                self._read(file, len(self._places) - 1)
                place = file.tell()

    def __len__(self) -> int:
        return len(self._places)

    def get_example(self, i: int) -> Any:
        """Object number `i`."""
        with self._file as file:
            file.seek(self._places[i])
            return self._read(file, i)

    def _read(self, file: IO[bytes], i: int) -> Any:
        try:
            return self._load(file)
        except (pickle.UnpicklingError, EOFError) as e:
            raise pickle.UnpicklingError(f"PickleDataset: example {i} cannot be read: {e}") from e

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        if self._reader is not None:
            self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_reader": None}


class PickleDatasetWriter:
    """Writes objects to a file, one pickle after the other.

    Args:
        writer: a file opened for writing bytes.
        protocol: of the pickles.
    """

    def __init__(self, writer: IO[bytes], protocol: int = pickle.HIGHEST_PROTOCOL) -> None:
        self._writer = writer
        self._protocol = protocol

    def write(self, x: Any) -> None:
        """Add an example; one that cannot be pickled adds nothing."""
        self._writer.write(pickle.dumps(x, self._protocol))

    def flush(self) -> None:
        """Hand what was written to the system."""
        self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def open_pickle_dataset(path: PathLike, *, allow_pickle: bool = False) -> PickleDataset:
    """The `PickleDataset` in the file at `path`; `allow_pickle` runs any code of the file's author."""
    reader = open(path, "rb")
    try:
        return PickleDataset(reader, allow_pickle=allow_pickle)
    except BaseException:
        reader.close()
        raise


def open_pickle_dataset_writer(path: PathLike, protocol: int = pickle.HIGHEST_PROTOCOL) -> PickleDatasetWriter:
    """A `PickleDatasetWriter` to a new file at `path`."""
    return PickleDatasetWriter(open(path, "wb"), protocol)


# What NumPy, and Python for a few of its own types, name in the pickles of plain data.
_DATA = {
    ("builtins", "bytearray"), ("builtins", "complex"), ("builtins", "frozenset"), ("builtins", "range"), ("builtins", "set"),
    ("builtins", "slice"), ("collections", "OrderedDict"), ("_codecs", "encode"), ("numpy", "dtype"), ("numpy", "ndarray"),
    *((f"numpy.{core}.{module}", name)
      for core in ("core", "_core")
      for module, name in (("multiarray", "_reconstruct"), ("multiarray", "scalar"), ("numeric", "_frombuffer"))),
}  # fmt: skip


class _DataUnpickler(pickle.Unpickler):
    """Refuses all classes and functions but those that plain data needs."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _DATA or (module == "numpy.dtypes" and name.endswith("DType")):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(
            f"it asks for {module}.{name}, which could run any code; if you trust the file's author, pass allow_pickle=True"
        )


def load_data(file: IO[bytes], encoding: str = "ASCII") -> Any:
    """The next pickled object in `file`, if it is made of plain data; `encoding` is that of the strings of Python 2.

    Raises:
        pickle.UnpicklingError: the file asks for something else.
    """
    return _DataUnpickler(file, encoding=encoding).load()
