"""The parameters and persistent values of two links, matched by their paths."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from catena.nn._arrays import is_array
from catena.nn._parameter import Parameter

if TYPE_CHECKING:
    from catena.nn._link import Link


def paired_params(method: str, link: Link, other: Link) -> list[tuple[Parameter, Parameter]]:
    """Each parameter of `link` with the one of the same path in `other`.

    Raises:
        ValueError: one is missing there, or has another shape; names all.
    """
    theirs = dict(other.namedparams())
    pairs, problems = [], []
    for path, mine in link.namedparams():
        its = theirs.get(path)
        if its is None:
            problems.append(f"{path} is missing")
        elif mine.is_initialized and not its.is_initialized:
            problems.append(f"{path} has no shape yet")
        elif mine.is_initialized and mine.shape != its.shape:
            problems.append(f"{path} is {its.shape}, {mine.shape} expected")
        else:
            pairs.append((mine, its))
    _raise_mismatch(method, link, other, problems)
    return pairs


def paired_persistents(method: str, link: Link, other: Link) -> list[tuple[Link, str, Any]]:
    """The owner and the name of each persistent value of `link`, with the value of the same path in `other`.

    Raises:
        ValueError: one is missing there, or has another shape; names all.
    """
    theirs = dict(other.namedpersistents())
    found, problems = [], []
    for path, owner in link.namedlinks():
        for name in owner._persistent:
            full = f"{path.rstrip('/')}/{name}"
            mine, its = getattr(owner, name), theirs.get(full)
            if full not in theirs:
                problems.append(f"{full} is missing")
            elif is_array(mine) and is_array(its) and tuple(mine.shape) != tuple(its.shape):
                problems.append(f"{full} is {tuple(its.shape)}, {tuple(mine.shape)} expected")
            else:
                found.append((owner, name, its))
    _raise_mismatch(method, link, other, problems)
    return found


def _raise_mismatch(method: str, link: Link, other: Link, problems: Iterable[str]) -> None:
    if listed := "; ".join(problems):
        raise ValueError(
            f"{type(link).__name__}.{method}: {type(other).__name__} does not match, nothing was changed: {listed}"
        )
