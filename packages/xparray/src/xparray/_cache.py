"""Compiled code on disk: the folder that holds it, the files, and generated modules whose loops are compiled once per user.

A file of compiled code is used only if its seal, a digest of its content and of all that the code was made of, is right. Whoever can
write a pickle can run code: the folder belongs to the user alone, or is the one that holds the module itself.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import inspect
import os
import pickle
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
        return _is_writable(folder)
    except OSError:
        return False


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(exist_ok=True)
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


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, whatever other processes do at the same time."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as f:
            f.write(content)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


class CodeCache:
    """The compiled code of one function, a file for each signature; what numba's dispatcher asks for it and gives to it.

    A file that is missing, damaged or of other sources counts for nothing; one that cannot be written is left out.
    """

    def __init__(self, folder: Path, stem: str, identity: bytes) -> None:
        """Keep files that begin with `stem` in `folder`; `identity` is what the function was made of."""
        self.cache_path = str(folder)
        self._place = folder / stem
        self._identity = identity

    def load_overload(self, signature: Any, target: Any) -> Any:
        """The compiled function, or None."""
        from numba.core.compiler import CompileResult

        rebuild: Callable[..., Any] = CompileResult._rebuild
        path, identity = self._file(signature, target.codegen())
        try:
            content = path.read_bytes()
        except OSError:
            return None
        seal, payload = content[:32], content[32:]
        if hashlib.sha256(identity + payload).digest() != seal:
            return None
        target.refresh()
        return rebuild(target, *pickle.loads(payload))

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep a compiled function."""
        if result.library.has_dynamic_globals or result.lifted:  # they point into this process
            return
        path, identity = self._file(signature, result.codegen)
        payload = _dumps(result._reduce())
        try:
            write_bytes(path, hashlib.sha256(identity + payload).digest() + payload)
        except OSError:  # a full disk, or a folder that somebody removes while we use it
            pass

    def _file(self, signature: Any, codegen: Any) -> tuple[Path, bytes]:
        """The file for a signature on this processor, and what its seal includes."""
        kind = repr((str(signature), codegen.magic_tuple())).encode()
        name = f"{self._place.name}.{hashlib.sha256(kind).hexdigest()[:16]}.code"
        return self._place.with_name(name), self._identity + kind


def _dumps(value: Any) -> bytes:
    from numba.core import serialize

    dumps: Callable[[Any], bytes] = serialize.dumps
    return dumps(value)


def _identity(*parts: bytes | str, options: Mapping[str, Any]) -> bytes:
    """A digest of what code is made of."""
    import numba

    settings = repr(sorted((name, sorted(o) if isinstance(o, set) else o) for name, o in options.items()))
    all_parts = [numba.__version__, str(sys.implementation.cache_tag), settings, *parts]
    digest = hashlib.sha256()
    for part in all_parts:
        part = part.encode() if isinstance(part, str) else part
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.digest()


def compile_function(function: Callable[..., Any], called: bytes, **options: Any) -> Callable[..., Any]:
    """numba's dispatcher for a function of a file, whose code is kept beside that file, or else in `cache_folder`.

    Args:
        function: what to compile at its first call with arguments of a type.
        called: what the functions of other files that it calls are made of.
        options: for `numba.njit`.
    """
    import numba

    dispatcher: Any = numba.njit(**options)(function)
    cache = _cache_of(function, called, options)
    if cache is not None:
        dispatcher._cache = cache
    return dispatcher


def compile_callback(function: Callable[..., Any], signature: Any, **options: Any) -> Any:
    """A C function, as `numba.cfunc` makes it at once, whose code is kept like that of `compile_function`.

    Args:
        function: what to compile; it calls no functions of other files.
        signature: numba's signature.
        options: for the compiler.
    """
    from numba.core.ccallback import CFunc

    callback: Any = CFunc(function, (signature.args, signature.return_type), locals={}, options=options)
    cache = _cache_of(function, b"", options)
    if cache is not None:
        callback._cache = cache
    callback.compile()
    return callback


def _cache_of(function: Callable[..., Any], called: bytes, options: Mapping[str, Any]) -> CodeCache | None:
    """Where a function's code is kept; None where it has no file of its own, or there is no place for others."""
    enclosed = _dumps(tuple(cell.cell_contents for cell in function.__closure__ or ()))
    try:
        file = Path(inspect.getfile(function))
        identity = _identity(file.read_bytes(), function.__code__.co_code, enclosed, called, options=options)
        folder = file.parent / "__pycache__"
        if not _is_writable(folder):
            folder = cache_folder()
    except OSError:
        return None
    which = hashlib.sha256(f"{file} {function.__qualname__}".encode() + enclosed).hexdigest()[:16]
    return CodeCache(folder, f"{file.stem}.{function.__name__}.{which}", identity)


def compile_module(
    name: str, text: str, signatures: Mapping[str, Any], called: Mapping[str, Any] | None = None, **options: Any
) -> dict[str, Any]:
    """Run the module `text` and compile the functions that `signatures` names, from the disk where they are there.

    Args:
        name: an identifier, the beginning of the files' names.
        text: Python source of the module.
        signatures: function of the module -> numba signature; the only one it will have.
        called: functions of such modules that this one calls.
        options: for `numba.njit`.

    Returns:
        The module's names; a compiled function stands where its source did.

    Raises:
        numba.core.errors.NumbaError: numba cannot compile a function.
    """
    import numba

    called = called or {}
    identity = _identity(text, *(f"{n} {f.__module__}" for n, f in called.items()), options=options)
    stem = f"{name}_{identity.hex()[:24]}"
    module = ModuleType(f"xparray_loops_{stem}")
    sys.modules[module.__name__] = module  # where numba looks for the names of a function that it takes from the disk
    names = module.__dict__
    names.update(called)
    exec(compile(text, f"<{stem}>", "exec", dont_inherit=True), names)
    try:
        folder: Path | None = cache_folder()
    except OSError:
        folder = None
    for f in signatures:
        names[f] = numba.njit(**options)(names[f])
        if folder is not None:
            names[f]._cache = CodeCache(folder, f"{stem}.{f}", identity)
    for f, signature in signatures.items():
        names[f].compile(signature)
        names[f].disable_compile()
    return names
