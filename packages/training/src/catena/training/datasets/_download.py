"""Files from the network, kept in a folder of this user: whole and checked, or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

PathLike: TypeAlias = "str | os.PathLike[str]"

_SECONDS = 30.0
_root: Path | None = None


def get_dataset_root() -> str:
    """The folder of all downloaded data: that of `set_dataset_root`, of CATENA_DATASET_ROOT, or `~/.cache/catena/datasets`."""
    if _root is not None:
        return str(_root)
    chosen = os.environ.get("CATENA_DATASET_ROOT")
    if chosen:
        return chosen
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return str(Path(cache) / "catena" / "datasets")


def set_dataset_root(path: PathLike) -> None:
    """Keep downloaded data in the folder `path` from now on."""
    global _root  # noqa: PLW0603 - a setting of the process
    _root = Path(path)


def get_dataset_directory(dataset_name: str, create_directory: bool = True) -> str:
    """The folder of one dataset, such as "mnist", within the root; it is made unless `create_directory` is False.

    Raises:
        ValueError: the name leads out of the root.
    """
    root = Path(get_dataset_root()).resolve()
    folder = (root / dataset_name).resolve()
    if not folder.is_relative_to(root) or folder == root:
        raise ValueError(
            f"get_dataset_directory: {dataset_name!r} leads out of {str(root)!r}; expected a name such as 'mnist'"
        )
    if create_directory:
        folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


def cached_download(url: str | Sequence[str], *, checksum: str | None = None) -> str:
    """The path of a file from the network, which is downloaded unless it is there already.

    The file gets its name when it is whole and checked, so that a download that was interrupted leaves nothing. Two processes may
    ask for it at once.

    Args:
        url: where it is, or several mirrors, tried one after the other.
        checksum: "sha256:<hex>" of what is expected ("md5:..." where only that is published); a file that differs is never used.

    Raises:
        OSError: no mirror gives the file whole; the message says what each did.
        ValueError: `checksum` is of another kind.
    """
    urls = [url] if isinstance(url, str) else list(url)
    kind, _, expected = (checksum or "sha256:").partition(":")
    if kind not in ("sha256", "md5"):
        raise ValueError(f"cached_download: checksum is {checksum!r:.80}; expected 'sha256:' and 64 hexadecimal digits")
    name = expected or hashlib.sha256(urls[0].encode()).hexdigest()
    folder = get_dataset_directory("_dl_cache")
    path = os.path.join(folder, name)
    if os.path.exists(path) and (not expected or _digest(path, kind) == expected.lower()):
        return path
    failures = []
    for each in urls:
        handle, temporary = tempfile.mkstemp(dir=folder, prefix="partial-")
        try:
            with open(handle, "wb") as file:
                _fetch(each, file)
            found = _digest(temporary, kind)
            if expected and found != expected.lower():
                raise OSError(f"the file's {kind} is {found}, expected {expected}: it was changed or damaged")
            os.replace(temporary, path)
            return path
        except (OSError, ValueError) as e:
            failures.append(f"{each}: {e}")
        finally:
            if os.path.exists(temporary):
                os.remove(temporary)
    raise OSError(
        f"cached_download: no file from {len(urls)} address{'es' * (len(urls) > 1)} ({'; '.join(failures)}); check the network, or "
        f"put the file at {path}"
    )


def cache_or_load_file(path: PathLike, creator: Callable[[str], Any], loader: Callable[[str], Any]) -> Any:
    """What `loader(path)` gives where the file exists; else what `creator(temporary)` does, which writes the file.

    The file gets its name when `creator` has ended without an exception.

    Example:
        >>> path = os.path.join(tempfile.mkdtemp(), "answer")
        >>> def create(temporary):
        ...     print("creating")
        ...     Path(temporary).write_text("42")
        ...     return "42"
        >>> load = lambda path: Path(path).read_text()
        >>> cache_or_load_file(path, create, load), cache_or_load_file(path, create, load)
        creating
        ('42', '42')
    """
    path = os.fspath(path)
    if os.path.exists(path):
        return loader(path)
    folder = os.path.dirname(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        new = os.path.join(temporary, os.path.basename(path))
        content = creator(new)
        if os.path.exists(new):
            os.replace(new, path)
    return content


def _fetch(url: str, file: Any) -> None:
    if url.partition("://")[0] not in ("http", "https"):
        raise ValueError("expected an address that begins with http:// or https://")
    from http.client import HTTPException  # these cost 10 ms, and bring TLS
    from urllib.request import urlopen

    try:
        with urlopen(url, timeout=_SECONDS) as response:
            length = response.headers.get("Content-Length")
            shutil.copyfileobj(response, file)
    except HTTPException as e:
        raise OSError(f"the download was cut off: {type(e).__name__}") from e
    if length is not None and file.tell() != int(length):
        raise OSError(f"the download was cut off: {file.tell()} of {length} bytes came")


def _digest(path: str, kind: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()
