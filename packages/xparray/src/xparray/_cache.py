"""Compiled code on disk: the folder that holds it, and generated modules whose loops numba compiles once per user.

numba keeps compiled code as pickles, and whoever can write a pickle can run code: the folder belongs to the user alone.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any


def cache_folder() -> Path:
    """The folder for this user's compiled code; made at need, with access for the user alone.

    It is `XPARRAY_CACHE_DIR`, or else `xparray` in the platform's folder for caches (`~/.cache` on Linux). Where that folder
    belongs to somebody else, can be written by others or cannot be written at all, a temporary folder of this process serves.

    Raises:
        OSError: there is no place for a temporary folder either.

    Example:
        >>> cache_folder().is_dir()
        True
    """
    folder = _wanted_folder()
    if folder is not None and _is_ours(folder):
        return folder
    return _process_folder()


def _wanted_folder() -> Path | None:
    named = os.environ.get("XPARRAY_CACHE_DIR")
    if named:
        return Path(named)
    try:
        home = Path.home()
    except RuntimeError:  # no home folder is known
        return None
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "xparray" / "Cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "xparray"
    base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return (base if base.is_absolute() else home / ".cache") / "xparray"


def _is_ours(folder: Path) -> bool:
    """Whether only this user can write to `folder`; makes it where it is missing."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if sys.platform != "win32":  # there the folders of a user's profile are theirs by inheritance
            info, link = folder.stat(), folder.lstat()
            if info.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or {info.st_uid, link.st_uid} != {os.geteuid()}:
                return False
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


@functools.cache
def _process_folder() -> Path:
    folder, owner = tempfile.mkdtemp(prefix="xparray-"), os.getpid()

    def remove() -> None:
        if os.getpid() == owner:  # a forked child runs this too, while its parent still needs the folder
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return Path(folder)


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all, whatever other processes do at the same time."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as f:
            f.write(text)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def compile_module(name: str, text: str, signatures: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    """Run the module `text` and compile the functions that `signatures` names, from the disk where they are there.

    Args:
        name: an identifier, the beginning of the file's name.
        text: Python source of the module.
        signatures: function of the module -> numba signature; the only one it will have.
        options: for `numba.njit`.

    Returns:
        The module's names; a compiled function stands where its source did.

    Raises:
        numba.core.errors.NumbaError: numba cannot compile a function.
    """
    import numba

    identity = "\0".join([text, numba.__version__, str(sys.implementation.cache_tag), repr(sorted(options.items()))])
    stem = f"{name}_{hashlib.sha256(identity.encode()).hexdigest()[:24]}"
    try:
        path = cache_folder() / f"{stem}.py"
        if _text_of(path) != text:
            write_text(path, text)
        return _compile(path, text, signatures, options)
    except OSError:  # a full disk, or a folder that somebody removes while we use it: compile in memory
        return _run(f"<{stem}>", text, {f: numba.njit(signature, **options) for f, signature in signatures.items()})


def _text_of(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return None


def _run(filename: str, text: str, wrappers: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    module = ModuleType(f"xparray_loops_{Path(filename).stem}")
    sys.modules[module.__name__] = module  # where numba looks for the names of a function that it takes from the disk
    names = module.__dict__
    # The text in memory runs, never a file: a changed .py or .pyc on disk has no say in what is computed.
    exec(compile(text, filename, "exec", dont_inherit=True), names)
    names.update({f: wrap(names[f]) for f, wrap in wrappers.items()})
    return names


def _compile(path: Path, text: str, signatures: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    import numba

    names = _run(str(path), text, dict.fromkeys(signatures, numba.njit(cache=True, **options)))
    loops = [names[f] for f in signatures]
    stored = Path(loops[0].stats.cache_path)
    seal = path.with_suffix(".sha256")
    # numba trusts what it finds: code that is not what was sealed after its compilation is thrown away first.
    if _text_of(seal) != _digests(stored, path.stem):
        for file in stored.glob(f"{path.stem}.*.nb[ci]"):
            file.unlink(missing_ok=True)
    for f, signature in signatures.items():
        names[f].compile(signature)
        names[f].disable_compile()
    if any(loop.stats.cache_misses for loop in loops):
        write_text(seal, _digests(stored, path.stem))
    return names


def _digests(folder: Path, stem: str) -> str:
    files = sorted(folder.glob(f"{stem}.*.nb[ci]"))
    return "".join(f"{hashlib.sha256(f.read_bytes()).hexdigest()}  {f.name}\n" for f in files)
