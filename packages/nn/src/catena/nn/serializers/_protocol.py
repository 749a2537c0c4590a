"""The protocol that objects write themselves with, and its two ends in memory: a dict of host arrays written, and read."""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

import numpy as np

import xparray
from catena.autograd import Variable
from catena.nn._arrays import can_fill, dtype_of, is_array

HostArray = np.ndarray[Any, Any]
Ignored = str | Callable[[str], bool] | Iterable[str | Callable[[str], bool]] | None

# What stands for None in a file: an empty array of a dtype that nothing else has.
NONE = np.zeros(0, dtype=[("None", "u1")])


class Serializer(ABC):
    """What `serialize(serializer)` is given: call it with a key and the value to write, or to replace by what is read.

    An object's `serialize` stores what each call returns. When it reads, an array is filled in place and returned, a number
    or string comes back in the type of the one given, and for None comes an array, or None if there is no value. A loading
    that fails calls `serialize` once more with the values from before, so `serialize` must do nothing but store.

    Attributes:
        reading: whether values are read rather than written.
    """

    reading: bool

    @abstractmethod
    def __call__(self, key: str, value: Any) -> Any:
        """Write `value` under `key` and return it, or return what is read in its place."""

    @abstractmethod
    def __getitem__(self, key: str) -> Self:
        """The serializer of a child, whose keys come under `<key>/`."""


class _InDict(Serializer):
    """A serializer whose keys are places in a dict."""

    def __init__(self, path: str) -> None:
        self._path = path

    def _name(self, key: str) -> str:
        return self._path + key.strip("/")


class DictionarySerializer(_InDict):
    """Writes an object into a dict of host arrays: keys joined by "/", strings as 0-d arrays, None as an array of its own dtype.

    Args:
        target: dict to write into; a new one unless given.
        path: comes before each key.

    Attributes:
        target: the dict.

    Raises:
        TypeError: the object holds a value that is no array, number, string or None.
        ValueError: two values have the same key.

    Example:
        >>> from catena.nn import Link
        >>> serializer = DictionarySerializer()
        >>> serializer.save(Link(W=(2, 3)))
        >>> {key: array.shape for key, array in serializer.target.items()}
        {'W': (2, 3)}
    """

    reading = False

    def __init__(self, target: dict[str, HostArray] | None = None, path: str = "") -> None:
        super().__init__(path)
        self.target: dict[str, HostArray] = {} if target is None else target

    def save(self, obj: Any) -> None:
        """Write `obj`.

        Raises:
            TypeError: `obj` has no method `serialize`.
        """
        check_serializable(obj)
        obj.serialize(self)

    def __call__(self, key: str, value: Any) -> Any:
        """Write `value` under `key` and return it."""
        name = self._name(key)
        if name in self.target:
            raise ValueError(
                f"serialize: two values are called {name!r}; rename one of the attributes that they come from"
            )
        self.target[name] = encode(name, value)
        return value

    def __getitem__(self, key: str) -> DictionarySerializer:
        return DictionarySerializer(self.target, f"{self._name(key)}/")


def encode(name: str, value: Any) -> HostArray:
    """The host array that stands for `value` in a file.

    Raises:
        TypeError: `value` is no array, number, string or None.
    """
    if value is None:
        return NONE
    if is_array(value):
        host = np.asarray(xparray.to_device(value, "numpy"))
        if not host.dtype.hasobject:
            return host
    elif isinstance(value, bool | int | float | complex | str | np.generic):
        host = np.asarray(value)
        if not host.dtype.hasobject:
            return host
        raise TypeError(f"serialize: {name!r} is {value!r:.60}, which does not fit into 64 bits; save it as a string")
    fix = "pass its array, v.array" if isinstance(value, Variable) else "save arrays, or a string of JSON"
    raise TypeError(
        f"serialize: {name!r} is {value!r:.60} ({type(value).__name__}); expected an array, number, string or None; {fix}"
    )


class _Recorder(_InDict):
    """Notes the values of an object as they are, without copying."""

    reading = False

    def __init__(self, values: dict[str, Any], path: str = "") -> None:
        super().__init__(path)
        self.values = values

    def __call__(self, key: str, value: Any) -> Any:
        self.values[self._name(key)] = value
        return value

    def __getitem__(self, key: str) -> _Recorder:
        return _Recorder(self.values, f"{self._name(key)}/")


class _Restorer(_Recorder):
    """Gives an object the noted values back."""

    reading = True

    def __call__(self, key: str, value: Any) -> Any:
        return self.values.get(self._name(key), value)

    def __getitem__(self, key: str) -> _Restorer:
        return _Restorer(self.values, f"{self._name(key)}/")


def check_serializable(obj: Any) -> None:
    """Raise TypeError if `obj` has no method `serialize`."""
    if not callable(getattr(obj, "serialize", None)) or isinstance(obj, type):
        raise TypeError(
            f"serializers: got {obj!r:.60} ({type(obj).__name__}); "
            "expected an object with a method serialize(serializer), such as a Link, an optimizer or a Trainer"
        )


def recorded(obj: Any) -> dict[str, Any]:
    """The values that `obj` would write, by key, as they are."""
    check_serializable(obj)
    values: dict[str, Any] = {}
    obj.serialize(_Recorder(values))
    return values


def loadable(function: str, obj: Any, instead: str) -> dict[str, Any]:
    """The values of an object that is to be loaded, as they are now.

    Raises:
        TypeError: it cannot be, a dict among them; `instead` gives one.
    """
    if isinstance(obj, Mapping):
        raise TypeError(f"{function}: obj is a dict; {instead} gives the arrays of a file by key")
    return recorded(obj)


class _Source:
    """A dict that is being read: what was used of it, what did not fit, and how to take back what was written."""

    def __init__(self, arrays: Mapping[str, HostArray], strict: bool, ignored: Ignored) -> None:
        self.arrays = arrays
        self.strict = strict
        given = [] if ignored is None else [ignored] if isinstance(ignored, str) or callable(ignored) else list(ignored)
        self._names = {name for name in given if isinstance(name, str)}
        self._tests = [test for test in given if not isinstance(test, str)]
        self._written: list[tuple[Any, Any]] = []
        self.may_lack: Callable[[str], Any] = lambda name: False
        self.begin()
        self.collecting = False

    def begin(self) -> None:
        """From here on what does not fit is noted, rather than raised at once."""
        self.collecting = True
        self.used: set[str] = set()
        self.missing: list[str] = []
        self.misfits: list[str] = []

    def ignores(self, name: str) -> bool:
        return name in self._names or any(test(name) for test in self._tests)

    def lacks(self, name: str) -> None:
        if not self.strict or self.may_lack(name):
            return
        if not self.collecting:
            raise ValueError(f"serialize: {name!r} is missing in what is read")
        self.missing.append(name)

    def misfit(self, text: str) -> None:
        if not self.collecting:
            raise ValueError(f"serialize: {text}")
        self.misfits.append(text)

    def fill(self, name: str, array: Any, stored: HostArray) -> None:
        """Write the values called `name` into `array`."""
        dtype = dtype_of(array)
        if stored.shape != tuple(array.shape):
            self.misfit(f"{name} has shape {stored.shape}, expected {tuple(array.shape)}")
        elif not can_fill(stored.dtype, dtype):
            self.misfit(f"{name} is {stored.dtype}, expected {dtype}")
        elif isinstance(array, np.ndarray) and not array.flags.writeable:
            self.misfit(f"{name} would go into an array that is read-only")
        else:
            new = xparray.to_device(stored.astype(dtype, copy=False), xparray.device_of(array))
            if self.collecting:
                self._written.append((array, xparray.asarray(array, copy=True)))
            array[...] = new

    def take_back(self) -> None:
        """Undo `fill`, the last first."""
        while self._written:
            array, old = self._written.pop()
            array[...] = old

    def unexpected(self, path: str) -> list[str]:
        if not self.strict:
            return []
        return [n for n in self.arrays if n.startswith(path) and n not in self.used and not self.ignores(n)]


class DictionaryDeserializer(_InDict):
    """Reads an object from host arrays by key, as DictionarySerializer wrote them.

    Args:
        source: arrays by key, such as what `numpy.load` gives for an `.npz` file.
        path: comes before each key; a path without "/" at its end means the same.
        strict: whether missing and unexpected keys are errors; else what is missing stays as it is.
        ignore_names: keys to leave alone: full names, functions from a name to whether it is one, or several of these.

    Example:
        >>> from catena.nn import Link
        >>> link = Link(W=(2,))
        >>> DictionaryDeserializer({"W": np.array([1.0, 2.0])}).load(link)
        >>> link.W.array
        array([1., 2.], dtype=float32)
    """

    reading = True

    def __init__(
        self, source: Mapping[str, HostArray], path: str = "", strict: bool = True, ignore_names: Ignored = None
    ) -> None:
        super().__init__(f"{path.strip('/')}/" if path.strip("/") else "")
        self._source = _Source(source, strict, ignore_names)

    def allow_missing(self, optional: Callable[[str], Any]) -> None:
        """Leave values as they are whose keys the source lacks, where `optional(key)` is true."""
        self._source.may_lack = optional

    def load(self, obj: Any, *, origin: str = "the source") -> None:
        """Read `obj`, all or nothing.

        Args:
            obj: object with a method `serialize`.
            origin: what the error calls the source.

        Raises:
            ValueError: keys are missing, unexpected, or have another shape or dtype; names all, and leaves `obj` as it was.
            TypeError: `obj` has no method `serialize`.
        """
        source = self._source
        if source.collecting:  # a part of an object that is being loaded
            obj.serialize(self)
            return
        before = recorded(obj)
        source.begin()
        complete = False
        try:
            obj.serialize(self)
            unexpected = source.unexpected(self._path)
            if source.missing or source.misfits or unexpected:
                raise ValueError(self._complaint(obj, origin, unexpected))
            complete = True
        finally:
            source.collecting = False
            if not complete:
                source.take_back()
                obj.serialize(_Restorer(before))

    def __call__(self, key: str, value: Any) -> Any:
        """What the source holds under `key`, in the place of `value`; `value` itself if nothing or None."""
        name, source = self._name(key), self._source
        if source.ignores(name):
            return value
        if name not in source.arrays:
            source.lacks(name)
            return value
        source.used.add(name)
        stored = source.arrays[name]
        if stored.dtype == NONE.dtype or (stored.dtype == object and not stored.ndim and stored.item() is None):
            return value
        if is_array(value):
            source.fill(name, value, stored)
            return value
        return self._decode(name, value, stored)

    def _decode(self, name: str, value: Any, stored: HostArray) -> Any:
        if value is None:
            return (
                str(stored)
                if stored.dtype.kind == "U" and not stored.ndim
                else stored.astype(stored.dtype.newbyteorder("="))
            )
        wanted = "string" if isinstance(value, str) else str(np.asarray(value).dtype)
        if stored.ndim:
            self._source.misfit(f"{name} has shape {stored.shape}, expected a single {wanted}")
        elif not _fits(value, stored.dtype):
            self._source.misfit(
                f"{name} is {'string' if stored.dtype.kind == 'U' else stored.dtype}, expected {wanted}"
            )
        else:
            return type(value)(stored.item())
        return value

    def __getitem__(self, key: str) -> DictionaryDeserializer:
        child = DictionaryDeserializer({}, self._name(key))
        child._source = self._source
        return child

    def _complaint(self, obj: Any, origin: str, unexpected: list[str]) -> str:
        source, kind = self._source, type(obj).__name__
        lines = [f"{origin} does not fit this {kind}, which was left as it was"]
        if source.missing:
            lines.append(f"missing: {_listed(source.missing, unexpected)}")
        if unexpected:
            lines.append(f"unexpected: {_listed(unexpected, source.missing)}")
        if source.misfits:
            lines.append(f"not fitting: {_listed(source.misfits)}")
        return "\n  ".join([*lines, self._advice(kind, unexpected)])

    def _advice(self, kind: str, unexpected: list[str]) -> str:
        source = self._source
        if source.missing:
            wanted = source.missing[0].removeprefix(self._path)
            for found in source.arrays:
                prefix = found.removesuffix(wanted)
                if prefix not in (found, self._path) and prefix.endswith("/"):
                    if all(prefix + name.removeprefix(self._path) in source.arrays for name in source.missing):
                        return f"the keys of this {kind} are there under {prefix!r}: pass path={prefix!r}"
            for found in unexpected:
                prefix = wanted.removesuffix(found)
                if prefix != wanted and prefix.endswith("/") and all(prefix + n in source.missing for n in unexpected):
                    return f"the keys are those of the part {prefix!r} of this {kind}: load into that part"
        if source.misfits:
            return f"make the {kind} with the sizes and dtypes it had when it was saved"
        return f"make the {kind} as it was when it was saved, or pass strict=False to read the keys that both have"


def _fits(value: Any, dtype: np.dtype[Any]) -> bool:
    """Whether a stored number or string of the given dtype can be read in the place of `value`."""
    if isinstance(value, str) or dtype.kind == "U":
        return isinstance(value, str) and dtype.kind == "U"
    if type(value) is int:
        return dtype.kind in "iub"
    return np.can_cast(dtype, np.asarray(value).dtype, "safe")


def _listed(names: list[str], others: Iterable[str] = (), most: int = 10) -> str:
    """The names, each with the nearest of the others, where one is near."""
    others = list(others)
    shown = []
    for name in names[:most]:
        near = difflib.get_close_matches(name, others, n=1, cutoff=0.7) if len(others) <= 1000 else []
        shown.append(f"{name} (there is {near[0]})" if near else name)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(shown) + more
