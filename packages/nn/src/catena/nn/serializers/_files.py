"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

_under_way: set[str] = set()


@contextmanager
def replacing(path: str | os.PathLike[str], *, durable: bool = True) -> Iterator[str]:
    """Give the path of a file to write, in the folder of `path`, and put it in the place of `path` at the end.

    Whoever reads `path` finds the old content or the new; after an error the old one stays. So it is also after a crash of the machine
    if it is `durable`, for which the disk is waited for, some milliseconds. Where `path` is a symbolic link, the file that it leads to is
    replaced. Within a block that gave `path`, it is given as it is.
    """
    target = os.path.realpath(path)
    if target in _under_way:
        yield target
        return
    # The suffix stays: it may matter to whatever writes the file.
    suffix = os.path.splitext(target)[1]
    temporary = os.path.join(os.path.dirname(target), f".{secrets.token_hex(8)}{suffix}")
    _under_way.add(temporary)
    try:
        yield temporary
        if durable:
            with open(temporary, "rb+") as file:
                os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError as error:
        error.add_note(f"{target!r} was not written; what stood there before is as it was")
        raise
    finally:
        _under_way.discard(temporary)
        with suppress(FileNotFoundError):
            os.remove(temporary)


def check_target(function: str, file: str | os.PathLike[str]) -> None:
    """Raise if no file can be written at `file`."""
    folder = os.path.dirname(os.path.realpath(file))
    if not os.path.isdir(folder):
        raise FileNotFoundError(
            f"{function}: there is no folder {folder!r} for {os.fspath(file)!r}; make it with os.makedirs"
        )
    if os.path.isdir(file):
        raise IsADirectoryError(f"{function}: {os.fspath(file)!r} is a folder; give the name of a file in it")


def existing(function: str, file: str | os.PathLike[str]) -> str:
    """What messages call the file to read.

    Raises:
        FileNotFoundError: there is none.
    """
    origin = f"{function}: {os.fspath(file)!r}"
    if not os.path.exists(file):
        raise FileNotFoundError(f"{origin} does not exist (the working folder is {os.getcwd()!r}); check the path")
    return origin


def no_file(function: str, file: Any, expected: str, example: str) -> str:
    """The message for what is no file."""
    return f"{function}: file is {file!r:.60} ({type(file).__name__}), expected {expected}; pass a name such as {example!r}"


def check_path(function: str, file: Any, example: str) -> None:
    """Raise if `file` is no path; some libraries write to files of the file system alone."""
    if not isinstance(file, str | os.PathLike):
        raise TypeError(no_file(function, file, "a path", example))


def missing_extra(function: str, library: str, extra: str) -> ImportError:
    """The error for an optional library that is not there."""
    return ImportError(f"{function}: {library} is not installed; pip install catena-nn[{extra}]")
