"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[str]:
    """Give the path of a file to write, in the folder of `path`, and put it in the place of `path` at the end.

    Whoever reads `path` finds the old content or the new, also after a crash; after an error the old one stays. Where `path` is
    a symbolic link, the file that it leads to is replaced.
    """
    target = os.path.realpath(path)
    # The suffix stays: it may matter to whatever writes the file.
    suffix = os.path.splitext(target)[1]
    temporary = os.path.join(os.path.dirname(target), f".{secrets.token_hex(8)}{suffix}")
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError as error:
        error.add_note(f"{target!r} was not written; what stood there before is as it was")
        raise
    finally:
        with suppress(FileNotFoundError):
            os.remove(temporary)
