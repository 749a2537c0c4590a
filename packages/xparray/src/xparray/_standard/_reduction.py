"""Functions along axes: sums and other statistics, searches, sorting, sets."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from xparray._standard._declare import call, of_one, of_one_with, of_two_with
from xparray._typing import Array

__all__ = [
    "all", "any", "argmax", "argmin", "argsort", "count_nonzero", "cumulative_prod", "cumulative_sum", "diff", "isin", "max", "mean",
    "min", "nonzero", "prod", "searchsorted", "sort", "std", "sum", "unique_all", "unique_counts", "unique_inverse", "unique_values",
    "var",
]  # fmt: skip

Axes: TypeAlias = int | tuple[int, ...] | None

# The signatures.


def _along(x: Array, /, *, axis: Axes = None, keepdims: bool = False) -> Array: ...
def _along_one(x: Array, /, *, axis: int | None = None, keepdims: bool = False) -> Array: ...
def _summing(x: Array, /, *, axis: Axes = None, dtype: Any = None, keepdims: bool = False) -> Array: ...
def _spread(x: Array, /, *, axis: Axes = None, correction: float = 0.0, keepdims: bool = False) -> Array: ...
def _cumulative(x: Array, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Array: ...
def _sorting(x: Array, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Array: ...
def _isin(x1: Array | int, x2: Array | int, /, *, invert: bool = False) -> Array: ...


# Statistics
cumulative_prod = of_one_with(_cumulative, "cumulative_prod", "Products of the elements up to each one along `axis`.")
cumulative_sum = of_one_with(_cumulative, "cumulative_sum", "Sums of the elements up to each one along `axis`.")
max = of_one_with(_along, "max", "Greatest element along `axis`.")
mean = of_one_with(_along, "mean", "Mean of the elements along `axis`.")
min = of_one_with(_along, "min", "Least element along `axis`.")
prod = of_one_with(_summing, "prod", "Product of the elements along `axis`.")
std = of_one_with(_spread, "std", "Standard deviation along `axis`: the root of the variance.")
sum = of_one_with(_summing, "sum", "Sum of the elements along `axis`.")
var = of_one_with(
    _spread, "var", "Variance along `axis`: squared deviations from the mean, summed, by n - `correction`."
)

# Truth
all = of_one_with(_along, "all", "Whether all elements along `axis` are true.")
any = of_one_with(_along, "any", "Whether one element along `axis` is true.")

# Searching
argmax = of_one_with(_along_one, "argmax", "Index of the first greatest element along `axis`.")
argmin = of_one_with(_along_one, "argmin", "Index of the first least element along `axis`.")
count_nonzero = of_one_with(_along, "count_nonzero", "Number of the elements along `axis` that are not zero.")
nonzero = of_one("nonzero", "Indices of the elements that are not zero: a tuple of arrays, one an axis.")

# Sorting; NaN counts as the greatest number.
argsort = of_one_with(_sorting, "argsort", "Indices that sort `x` along `axis`.")
sort = of_one_with(_sorting, "sort", "The elements of `x` in order along `axis`.")

# Sets: each NaN is an element of its own, -0.0 and 0.0 are one.
isin = of_two_with(
    _isin, "isin", "Whether each element of `x1` is among those of `x2`; with `invert` whether it is not."
)
unique_all = of_one(
    "unique_all", "The distinct `values`, their first `indices` in flat `x`, `inverse_indices` and `counts`."
)
unique_counts = of_one("unique_counts", "The distinct `values` of `x`, and how often each occurs: `counts`.")
unique_inverse = of_one(
    "unique_inverse", "The distinct `values` of `x`, and where each element is among them: `inverse_indices`."
)
unique_values = of_one("unique_values", "The distinct values of `x`.")


def diff(
    x: Array, /, *, axis: int = -1, n: int = 1, prepend: Array | None = None, append: Array | None = None
) -> Array:
    """Differences of neighbours along `axis`, taken `n` times; `prepend` and `append` are put before and after `x` first."""
    if prepend is append is None:
        return call("diff", (x,), x, axis=axis, n=n)
    ends = {name: end for name, end in (("prepend", prepend), ("append", append)) if end is not None}
    return call("diff", (x, prepend, append), x, axis=axis, n=n, **ends)


def searchsorted(
    x1: Array, x2: Array | float, /, *, side: Literal["left", "right"] = "left", sorter: Array | None = None
) -> Array:
    """Where each element of `x2` belongs in the vector `x1`, sorted or sorted by the indices `sorter`: before or after its equals."""
    return call("searchsorted", (x1, x2, sorter), x1, x2, side=side, sorter=sorter)
