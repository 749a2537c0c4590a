"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[str]:
    """Give the path of a file to write, in the folder of `path`, and put it in the place of `path` at the end.

    Whoever reads `path` finds the old content or the new, also after a crash; after an error the old one stays.
    """
    folder, name = os.path.split(path)
    # The name's end stays: its suffix may matter to whatever writes the file.
    temporary = os.path.join(folder, f".tmp_{os.getpid()}_{name}")
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.remove(temporary)
        raise
