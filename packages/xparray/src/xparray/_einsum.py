"""Sums of products named by letters: no function of the standard, but of every backend here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xparray._dispatch import SCALARS, common_backend
from xparray._typing import Array


def einsum(subscripts: str, /, *operands: Array) -> Array:
    """The sum of products that `subscripts` names, such as "ij,jk->ik"; one distinct letter an axis.

    It is no function of the standard: a library without its own aligns the operands by letter, multiplies and sums.

    Raises:
        ValueError: an operand repeats a letter, an ellipsis is used, the terms do not fit the operands, or a letter stands for
            axes of different lengths.
        TypeError: an operand is no array.

    Example:
        >>> import numpy as np
        >>> einsum("ij,jk->ik", np.eye(2), np.ones((2, 3))).shape
        (2, 3)
    """
    backend = common_backend("einsum", operands)
    for i, x in enumerate(operands):
        if type(x) in SCALARS:
            raise TypeError(
                f"einsum: operand {i} is {x!r} ({type(x).__name__}); expected an array; multiply the result by the number"
            )
    shapes = [tuple(x.shape) for x in operands]
    subscripts = explicit_subscripts(subscripts, [len(shape) for shape in shapes])
    _check_lengths(subscripts, shapes)
    if hasattr(backend.namespace, "einsum"):
        return backend.wrap(
            backend.function("einsum")(subscripts, *operands, **({"optimize": True} if backend.is_host else {}))
        )
    return backend.wrap(_einsum_by_broadcasting(backend.namespace, subscripts, operands))


def explicit_subscripts(subscripts: str, ndims: Sequence[int]) -> str:
    """`subscripts` with the output written out and without spaces, checked against the operands' numbers of axes."""
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    letters = inputs.replace(",", "")
    if not arrow:
        output = "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    fits = [len(t) for t in terms] == list(ndims) and all(c.isalpha() for c in letters) and set(output) <= set(letters)
    if not fits or any(len(set(t)) != len(t) for t in (*terms, output)):
        counts = ", ".join(map(str, ndims))
        raise ValueError(
            f"einsum: {subscripts!r} does not fit operands with {counts} axes; expected one term an operand, one distinct letter an axis"
        )
    return f"{inputs}->{output}"


def _check_lengths(subscripts: str, shapes: Sequence[tuple[int, ...]]) -> None:
    # Libraries differ in whether an axis of length one stretches; here none does, so that a gradient has its operand's shape.
    seen: dict[str, tuple[int, int]] = {}
    for i, (term, shape) in enumerate(zip(subscripts.partition("->")[0].split(","), shapes, strict=True)):
        for letter, n in zip(term, shape, strict=True):
            first, before = seen.setdefault(letter, (i, n))
            if n != before:
                listed = ", ".join(map(str, shapes))
                raise ValueError(
                    f"einsum: in {subscripts!r} the axis {letter!r} is {before} long in operand {first} and {n} long in operand {i} "
                    f"(shapes {listed}); expected equal lengths"
                )


def _einsum_by_broadcasting(ns: Any, subscripts: str, operands: Sequence[Array]) -> Array:
    inputs, output = subscripts.split("->")
    terms = inputs.split(",")
    letters = output + "".join(sorted(set("".join(terms)) - set(output)))
    product = None
    for term, x in zip(terms, operands, strict=True):
        ordered = ns.permute_dims(x, tuple(term.index(c) for c in letters if c in term))
        aligned = ns.reshape(ordered, tuple(x.shape[term.index(c)] if c in term else 1 for c in letters))
        product = aligned if product is None else product * aligned
    summed = tuple(range(len(output), len(letters)))
    return ns.sum(product, axis=summed) if summed else product
