"""Finding what went wrong: the first function to make NaN or infinity, and arrays that were changed while a graph needed them."""

from __future__ import annotations

import linecache
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

import numpy as np

import xparray as xp
from catena.autograd._config import scoped
from catena.autograd._variable import Variable, as_array
from xparray import Array
from xparray._dispatch import dtype_name

# Modules whose frames are not the user's call: ours, and NumPy's between np.sum(v) and ours.
_INSIDE = ("catena.", "xparray", "numpy.")
_INSTALLED = ("site-packages", "dist-packages")

Given: TypeAlias = Sequence[tuple[str, Any]]  # names and arrays


@contextmanager
def detect_anomaly(*, inf: bool = True) -> Iterator[None]:
    """A block in which the first function to make NaN or infinity raises, in forward as in backward, instead of handing it on.

    The error names the function, the shapes, dtypes and ranges of what it was given, and the line that called it. It is found under
    `backward`, `grad` and all transforms; of a backward whose forward ran outside of the block, the line is not known. Every result is
    looked at, so this is for searching, not for training. `config.debug` does the same.

    Args:
        inf: look for infinities too. One that a function was given, as with a mask of -inf, it may hand on.

    Raises:
        FloatingPointError: a function made NaN or infinity, or was given NaN.

    Example:
        >>> from catena.autograd import functions as F
        >>> x = Variable(np.array([1.0, 0.0]))
        >>> with np.errstate(divide="ignore"), detect_anomaly():  # doctest: +ELLIPSIS
        ...     y = F.log(x)
        Traceback (most recent call last):
        FloatingPointError: log: made infinity: its result, (2,) float64, has 1 infinite, the first at [1]; given x: (2,) float64 ...
    """
    with scoped("_anomaly", Anomaly(inf)):
        yield


class Fault(NamedTuple):
    """What is wrong with an array, in words: what its maker did, what it has, and what to do if it is meant."""

    deed: str
    has: str
    hint: str


class Anomaly(NamedTuple):
    """The search for NaN, and for infinities where `inf` is True."""

    inf: bool = True

    def in_result(self, name: str, given: Given, y: Any, called: str) -> None:
        """Raise where a result of the function `name` is no number."""
        results = y if type(y) is tuple else (y,)
        for i, part in enumerate(results):
            if fault := self.fault(part, given):
                what = f"result {i}" if len(results) > 1 else "its result"
                raise _error(
                    f"{name}: {fault.deed}: {what}, {_kind(part)}, has {fault.has}; {_listed(given)}", called, fault
                )

    def in_cotangent(self, name: str, g: Any, called: str) -> None:
        """Raise where what comes to a function's backward is no number: it began so, or sums of numbers overflowed."""
        for part in g if isinstance(g, tuple) else (g,):
            if fault := self.fault(part, ()):
                text = f"backward of {name}: it was given a gradient, {_kind(part)}, that has {fault.has}"
                raise _error(f"{text}: the sum of several overflowed, or backward began with it", called, fault)

    def in_gradients(self, name: str, names: Sequence[str], given: Given, gxs: Any, called: str) -> None:
        """Raise where a gradient that a function's rules made is no number."""
        for input_name, gx in zip(names, gxs, strict=False):
            if fault := self.fault(gx, given):
                text = f"backward of {name}: {fault.deed}: the gradient in {input_name}, {_kind(gx)}, has {fault.has}"
                raise _error(f"{text}; {_listed(given)}", called, fault)

    def in_leaf(self, g: Any) -> None:
        """Raise where a leaf's gradient, the sum of what came to it, is no number."""
        if fault := self.fault(g, ()):
            raise _error(
                f"backward: the gradient of a leaf, {_kind(g)}, has {fault.has}: the sum of several overflowed",
                "",
                fault,
            )

    def fault(self, y: Any, given: Given) -> Fault | None:
        """What is wrong with `y`; None where nothing is, or where an infinity was among what was given."""
        if (faults := _faults(y)) is None:
            return None
        nans, infinities, first = faults
        at = f", the first at [{', '.join(map(str, first))}]" if first else ""
        others = [f for _, x in given if (f := _faults(x)) is not None]
        if nans:
            return Fault("was given NaN" if any(f[0] for f in others) else "made NaN", f"{nans} NaN{at}", "")
        if self.inf and not others:
            return Fault(
                "made infinity", f"{infinities} infinite{at}", "detect_anomaly(inf=False) lets infinities pass"
            )
        return None


def _error(text: str, called: str, fault: Fault) -> FloatingPointError:
    return FloatingPointError("; ".join(part for part in (text, called, fault.hint) if part))


def _faults(y: Any) -> tuple[int, int, tuple[int, ...]] | None:
    """How many NaN and infinities are in an array or number, and where the first stands; None where all is finite."""
    if type(y) in (float, complex):
        y = np.asarray(y)
    if not hasattr(y, "dtype") or not dtype_name(y.dtype).startswith(("float", "complex")):
        return None
    array = as_array(y)
    if bool(xp.all(xp.isfinite(array))):
        return None
    host = np.asarray(xp.to_device(array, "numpy"))
    wrong = ~np.isfinite(host)
    nans = int(np.count_nonzero(np.isnan(host)))
    first = tuple(int(i) for i in np.argwhere(np.isnan(host) if nans else wrong)[0])
    return nans, int(np.count_nonzero(wrong)) - nans, first


def _kind(x: Any) -> str:
    return f"{tuple(x.shape)} {dtype_name(x.dtype)}"


def _listed(given: Given) -> str:
    return f"given {', '.join(described(name, x) for name, x in given) or 'nothing'}"


def described(name: str, x: Any) -> str:
    """A name with shape, dtype and range of an array: "x: (2,) float64 in [0, 1], 1 NaN"; anything else as it is."""
    if isinstance(x, Variable) or hasattr(x, "dtype"):
        x = np.asarray(xp.to_device(as_array(x), "numpy"))
        values = np.abs(x) if x.dtype.kind == "c" else x
        finite = values[np.isfinite(values)] if x.dtype.kind in "fc" else values
        text = f"{name}: {x.shape} {x.dtype}"
        if finite.size and x.dtype.kind != "b":
            text += (
                f"{' of absolute values' if x.dtype.kind == 'c' else ''} in [{finite.min():.6g}, {finite.max():.6g}]"
            )
        nans = int(np.count_nonzero(np.isnan(values))) if x.dtype.kind in "fc" else 0
        infinities = x.size - finite.size - nans
        return text + (f", {nans} NaN" if nans else "") + (f", {infinities} infinite" if infinities else "")
    if isinstance(x, tuple | list) and any(hasattr(part, "dtype") for part in x):
        return ", ".join(described(f"{name}[{i}]", part) for i, part in enumerate(x) if part is not None)
    return f"{name}={x!r:.60}"


def call_site() -> str:
    """Where the user's code called what runs: "train.py:42 in loss: y = F.log(x)"."""
    frame = sys._getframe(1)
    outside = None
    while frame is not None:
        if not frame.f_globals.get("__name__", "").startswith(_INSIDE):
            outside = outside or frame
            if not any(part in frame.f_code.co_filename for part in _INSTALLED):
                return _line(frame)
        frame = frame.f_back  # type: ignore[assignment]
    return _line(outside) if outside is not None else ""


def _line(frame: Any) -> str:
    path, number = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(path, number, frame.f_globals).strip()
    return f"{path}:{number} in {frame.f_code.co_name}" + (f": {text}" if text else "")


def arrays_in(saved: Any, place: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Array]]:
    """Each array within what a node kept, with its place there."""
    if isinstance(saved, tuple | list):
        for i, part in enumerate(saved):
            yield from arrays_in(part, (*place, i))
    elif hasattr(saved, "dtype") and hasattr(saved, "shape"):
        yield place, saved


def checksum_of(x: Array) -> int:
    """A number that other bytes would hardly have."""
    return zlib.crc32(np.ascontiguousarray(xp.to_device(x, "numpy")).reshape(-1).view(np.uint8).data)
