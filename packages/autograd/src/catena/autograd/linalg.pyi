# Made by tests/types/stubs.py; do not edit.
# mypy: disable-error-code=overload-overlap
# pyright: reportOverlappingOverload=false
from typing import Any, Literal, overload

import numpy as np

from catena.autograd import Variable
from catena.autograd.functions import _Array, _In
from catena.autograd.functions import cholesky as cholesky
from catena.autograd.functions import det as det
from catena.autograd.functions import inv as inv
from catena.autograd.functions import matrix_transpose as matrix_transpose
from catena.autograd.functions import tensordot as tensordot
from catena.autograd.functions import vecdot as vecdot
from catena.autograd.ops.decompositions import EigResult, QRResult, SVDResult
from catena.autograd.ops.linalg import SlogdetResult
from catena.autograd.ops.reduction import Axis

@overload
def cross(a: _Array, b: _Array, axis: int = -1) -> np.ndarray[Any, Any]: ...
@overload
def cross(a: _In, b: _In, axis: int = -1) -> Variable: ...
@overload
def diagonal(x: _Array, /, *, offset: int = 0) -> np.ndarray[Any, Any]: ...
@overload
def diagonal(x: Variable, /, *, offset: int = 0) -> Variable: ...
def eig(x: _In, /) -> EigResult: ...
def eigh(x: _In, /) -> EigResult: ...
@overload
def eigvals(x: _Array) -> np.ndarray[Any, Any]: ...
@overload
def eigvals(x: Variable) -> Variable: ...
@overload
def eigvalsh(x: _Array) -> np.ndarray[Any, Any]: ...
@overload
def eigvalsh(x: Variable) -> Variable: ...
@overload
def matmul(a: _Array, b: _Array) -> np.ndarray[Any, Any]: ...
@overload
def matmul(a: _In, b: _In) -> Variable: ...
@overload
def matrix_norm(
    x: _Array, /, *, keepdims: bool = False, ord: float | Literal["fro", "nuc"] | None = "fro"
) -> np.ndarray[Any, Any]: ...
@overload
def matrix_norm(
    x: Variable, /, *, keepdims: bool = False, ord: float | Literal["fro", "nuc"] | None = "fro"
) -> Variable: ...
@overload
def matrix_power(x: _Array, n: int, /) -> np.ndarray[Any, Any]: ...
@overload
def matrix_power(x: Variable, n: int, /) -> Variable: ...
def matrix_rank(x: _In, /, *, rtol: _In | float | None = None) -> Any: ...
@overload
def outer(a: _Array, b: _Array, /) -> np.ndarray[Any, Any]: ...
@overload
def outer(a: _In, b: _In, /) -> Variable: ...
@overload
def pinv(x: _Array, rtol: _Array | float | None = None) -> np.ndarray[Any, Any]: ...
@overload
def pinv(x: _In, rtol: _In | float | None = None) -> Variable: ...
def qr(x: _In, /, *, mode: Literal["reduced", "complete"] = "reduced") -> QRResult: ...
def slogdet(x: _In, /) -> SlogdetResult: ...
@overload
def solve(a: _Array, b: _Array) -> np.ndarray[Any, Any]: ...
@overload
def solve(a: _In, b: _In) -> Variable: ...
def svd(x: _In, /, *, full_matrices: bool = True) -> SVDResult: ...
@overload
def svdvals(x: _Array) -> np.ndarray[Any, Any]: ...
@overload
def svdvals(x: Variable) -> Variable: ...
@overload
def trace(x: _Array, /, *, offset: int = 0, dtype: Any = None) -> np.ndarray[Any, Any]: ...
@overload
def trace(x: Variable, /, *, offset: int = 0, dtype: Any = None) -> Variable: ...
@overload
def vector_norm(x: _Array, /, *, axis: Axis = None, keepdims: bool = False, ord: float = 2) -> np.ndarray[Any, Any]: ...
@overload
def vector_norm(x: Variable, /, *, axis: Axis = None, keepdims: bool = False, ord: float = 2) -> Variable: ...

__all__ = [
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]
