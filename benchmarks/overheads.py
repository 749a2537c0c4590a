"""What a function of xparray costs over NumPy's of the same name: one call of each of the standard's, on ten elements.

Both libraries run the same text. Its names: `a` ascending and `b` ones, `h` small numbers, `c` complex ones, `i` integers, `w` indices,
`t` truth values, `v` a vector of three, `m` a matrix of two rows of five, `s` a square one of three rows, `p` a positive definite one.
"""

from __future__ import annotations

from timeit import Timer
from typing import Any

import numpy as np

import xparray as xp

CALLS = """
abs(a) acos(b) acosh(a) add(a,b) asin(b) asinh(a) atan(a) atan2(a,b) atanh(h) bitwise_and(i,i) bitwise_invert(i) bitwise_left_shift(i,i)
bitwise_or(i,i) bitwise_right_shift(i,i) bitwise_xor(i,i) ceil(a) clip(a,2.0,5.0) conj(c) copysign(a,b) cos(a) cosh(a) divide(a,b)
equal(a,b) exp(a) expm1(a) floor(a) floor_divide(a,b) greater(a,b) greater_equal(a,b) hypot(a,b) imag(c) isfinite(a) isinf(a) isnan(a)
less(a,b) less_equal(a,b) log(a) log1p(a) log2(a) log10(a) logaddexp(a,b) logical_and(t,t) logical_not(t) logical_or(t,t)
logical_xor(t,t) maximum(a,b) minimum(a,b) multiply(a,b) negative(a) nextafter(a,b) not_equal(a,b) positive(a) pow(a,b) real(c)
reciprocal(a) remainder(a,b) round(a) sign(a) signbit(a) sin(a) sinh(a) sqrt(a) square(a) subtract(a,b) tan(a) tanh(a) trunc(a)
where(t,a,b)

all(t) any(t) argmax(a) argmin(a) argsort(a) count_nonzero(a) cumulative_prod(b) cumulative_sum(a) diff(a) isin(a,b) max(a) mean(a)
min(a) nonzero(t) prod(a) searchsorted(a,b) sort(a) std(a) sum(a) unique_all(a) unique_counts(a) unique_inverse(a) unique_values(a)
var(a)

broadcast_arrays(a,m0) broadcast_shapes((2,1),(5,)) broadcast_to(a,(2,10)) concat((a,b)) expand_dims(a,axis=0) flip(a) matmul(m,mt)
matrix_transpose(m) moveaxis(m,0,1) permute_dims(m,(1,0)) repeat(a,2) reshape(a,(2,5)) roll(a,1) squeeze(m0,axis=0) stack((a,b))
take(a,w) take_along_axis(a,w) tensordot(m,mt,axes=1) tile(a,(2,)) unstack(m) vecdot(a,b)

arange(10) asarray(a) empty(10) empty_like(a) eye(3) from_dlpack(a) full(10,2.0) full_like(a,2.0) linspace(0.0,1.0,10) meshgrid(w,w)
ones(10) ones_like(a) tril(s) triu(s) zeros(10) zeros_like(a)

astype(a,f4) can_cast(f4,f8) finfo(f4) iinfo(i4) isdtype(f4,"integral") result_type(a,f4) __array_namespace_info__()

linalg.cholesky(p) linalg.cross(v,v) linalg.det(s) linalg.diagonal(s) linalg.eig(s) linalg.eigh(p) linalg.eigvals(s) linalg.eigvalsh(p)
linalg.inv(s) linalg.matmul(m,mt) linalg.matrix_norm(s) linalg.matrix_power(s,2) linalg.matrix_rank(s) linalg.matrix_transpose(s)
linalg.outer(v,v) linalg.pinv(s) linalg.qr(s) linalg.slogdet(s) linalg.solve(s,v) linalg.svd(s) linalg.svdvals(s)
linalg.tensordot(m,mt,axes=1) linalg.trace(s) linalg.vecdot(a,b) linalg.vector_norm(a)

fft.fft(c) fft.fftfreq(10) fft.fftn(c) fft.fftshift(a) fft.hfft(c) fft.ifft(c) fft.ifftn(c) fft.ifftshift(a) fft.ihfft(a) fft.irfft(c)
fft.irfftn(c) fft.rfft(a) fft.rfftfreq(10) fft.rfftn(a)
""".split()

BOUND = 0.5e-6


def arguments() -> dict[str, Any]:
    """The arrays of the calls."""
    a, s = np.arange(1.0, 11.0), np.arange(9.0).reshape(3, 3) + 3 * np.eye(3)
    return {
        "a": a,
        "b": np.ones(10),
        "h": a / 20,
        "c": a + 1j,
        "i": np.arange(10),
        "w": np.array([3, 1, 2]),
        "t": a > 3,
        "m": a.reshape(2, 5),
        "mt": a.reshape(5, 2),
        "m0": a.reshape(1, 10),
        "s": s,
        "p": s @ s.T,
        "v": a[:3],
        "f4": np.dtype("float32"),
        "f8": np.dtype("float64"),
        "i4": np.dtype("int32"),
    }


def name_of(call: str) -> str:
    """The function that a call's text names."""
    return call.partition("(")[0]


def overheads(rounds: int, repeats: int = 100) -> dict[str, tuple[float, float]]:
    """Seconds of NumPy's call and how many more xparray's takes, by the call's text; each the least of many turns."""
    found = {}
    names = arguments()
    for text in CALLS:
        name, _, rest = text.partition("(")
        timers = [Timer(f"f({rest}", globals={**names, "f": _function(library, name)}) for library in (np, xp)]
        least = [float("inf")] * 2
        for _ in range(40 * rounds):
            least = [min(s, timer.timeit(repeats) / repeats) for s, timer in zip(least, timers, strict=True)]
        found[text] = (least[0], least[1] - least[0])
    return found


def _function(library: Any, name: str) -> Any:
    for part in name.split("."):
        library = getattr(library, part)
    return library


def show(rounds: int) -> None:
    """Print the dearest calls, and every one over the bound."""
    found = sorted(overheads(rounds).items(), key=lambda item: -item[1][1])
    over = sum(extra > BOUND for _, (_, extra) in found)
    print(f"\n{len(found)} functions on ten elements, {over} over +0.50 us; the dearest:")
    print(f"{'':32s} {'NumPy, us':>10s} {'over, us':>9s}")
    for text, (base, extra) in found[: max(15, over)]:
        print(f"{text:32s} {base * 1e6:10.2f} {extra * 1e6:+9.2f}")
    print(f"median {found[len(found) // 2][1][1] * 1e6:+.2f} us")
