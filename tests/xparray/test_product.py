"""Products in tiles: against float64, whatever the layout, and the same bits whoever helps."""

import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest

from xparray._kernel import jit
from xparray._threads import num_threads, set_num_threads
from xparray.kernels.linear import affine, multiply_stacks, product

pytest.importorskip("numba", reason="numba is not installed")
from xparray.kernels.product import multiply

SHAPES = [
    (1, 16, 16),
    (9, 2000, 33),
    (64, 257, 40),
    (100, 784, 100),
    (100, 100, 784),
    (20, 256, 1024),
    (33, 17, 47),
    (515, 64, 100),
]


def matrices(m: int, k: int, n: int, order: str = "CC") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(shape, dtype=np.float32) for shape in ((m, k), (k, n)))
    return np.asarray(a, order=order[0]), np.asarray(b, order=order[1])


@pytest.mark.parametrize("order", ["CC", "CF", "FC", "FF"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_it_is_the_product_for_every_layout(shape: tuple[int, int, int], order: str) -> None:
    a, b = matrices(*shape, order)
    expected = a.astype(np.float64) @ b.astype(np.float64)
    bound = np.abs(a).astype(np.float64) @ np.abs(b)
    assert (np.abs(multiply(a, b) - expected) <= 3e-7 * np.sqrt(shape[1]) * bound).all()


@pytest.mark.parametrize("shapes", [
    ((3, 64, 257), (3, 257, 40), (3, 64, 40)),
    ((2, 64, 257), (3, 2, 257, 40), (3, 2, 64, 40)),
    ((3, 2, 64, 257), (257, 40), (3, 2, 64, 40)),
    ((2, 5, 7), (3, 2, 7, 6), (3, 2, 5, 6)),  # too small for tiles
    ((2, 64, 257), (0, 2, 257, 40), (0, 2, 64, 40)),
])  # fmt: skip
def test_stacks_are_multiplied_matrix_by_matrix(shapes: tuple[tuple[int, ...], ...]) -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(shape, dtype=np.float32) for shape in shapes[:2])
    expected = a.astype(np.float64) @ b.astype(np.float64)
    out = np.empty(shapes[2], np.float32)
    assert multiply_stacks(a, b, out) is out
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(multiply_stacks(a, b), out)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_number_of_threads_changes_no_bit(shape: tuple[int, int, int]) -> None:
    a, b = matrices(*shape)
    before, seen = num_threads(), []
    try:
        for n in (1, 2, 3):
            set_num_threads(n)
            seen += [multiply(a, b) for _ in range(20)]
    finally:
        set_num_threads(before)
    assert all((y == seen[0]).all() for y in seen)


def test_several_threads_may_multiply_at_once() -> None:
    pairs = [matrices(100 + i, 300, 64) for i in range(4)]
    expected = [multiply(a, b) for a, b in pairs]
    wrong: list[int] = []

    def work(i: int) -> None:
        wrong.extend(i for _ in range(200) if not (multiply(*pairs[i]) == expected[i]).all())

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(pairs))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_come_through(value: float) -> None:
    a, b = matrices(100, 300, 64)
    a[7, 250] = value
    with np.errstate(invalid="ignore"):
        expected = a @ b
    y = multiply(a, b)
    assert (np.isnan(y) == np.isnan(expected)).all()
    assert (np.isposinf(y) == np.isposinf(expected)).all()


REFUSED = {
    "few terms": matrices(10, 20, 20),
    "float64": tuple(x.astype(np.float64) for x in matrices(100, 300, 64)),
    "strides": (matrices(100, 600, 64)[0][:, ::2], matrices(100, 300, 64)[1]),
    "vectors": (matrices(1, 300, 64)[0][0], matrices(100, 300, 64)[1]),
    "stacks": (np.ones((2, 100, 300), np.float32), matrices(100, 300, 64)[1]),
    "narrow": matrices(1000, 300, 8),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_tiles_do_not_serve_is_numpys_product(name: str) -> None:
    a, b = REFUSED[name]
    assert (product(a, b) == a @ b).all()


def test_a_copy_of_the_dtype_is_the_dtype() -> None:
    """Arrays out of a file have one, and go on to the same bits."""
    copy = np.dtype("float32", copy=True)
    assert copy is not np.dtype("float32")
    a, b = matrices(64, 64, 64)
    assert (product(a.view(copy), b.view(copy)) == multiply(a, b)).all()


def test_read_only_arrays_multiply() -> None:
    a, b = matrices(100, 300, 64)
    a.setflags(write=False)
    np.testing.assert_allclose(product(a, b), a @ b, rtol=1e-4, atol=1e-4)


def test_kernels_use_tiles_where_numba_may_run() -> None:
    x, W = matrices(100, 784, 100)[0], matrices(784, 100, 100)[1].T.copy()
    W = np.ascontiguousarray(np.resize(W, (100, 784)))
    b = np.arange(100, dtype=np.float32)
    assert (affine(x, W, None) == multiply(x, W.T)).all()
    assert (affine(x, W, b) == multiply(x, W.T) + b).all()
    with jit(False):
        assert (affine(x, W, b) == x @ W.T + b).all()


def run(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True
    ).stdout.strip()


def test_an_unpickled_array_gives_the_same_bits() -> None:
    """It has a dtype object of its own; a run that was resumed from a file must not take another way than one that was not."""
    x, W = (np.random.default_rng(0).standard_normal(shape).astype(np.float32) for shape in ((128, 64), (64, 64)))
    again = pickle.loads(pickle.dumps(W))
    assert again.dtype is not W.dtype
    assert affine(x, again, None).tobytes() == affine(x, W, None).tobytes()


def test_a_forked_child_multiplies_with_helpers_of_its_own() -> None:
    program = """
import os, numpy as np
from xparray.kernels.product import multiply
a, b = np.ones((100, 300), "f"), np.ones((300, 64), "f")
for _ in range(10): multiply(a, b)
child = os.fork()
if child == 0:
    os._exit(0 if all((multiply(a, b) == 300).all() for _ in range(10)) else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), (multiply(a, b) == 300).all())
"""
    if not hasattr(__import__("os"), "fork"):
        pytest.skip("this system has no fork")
    assert run(program) == "0 True"


def test_a_program_ends_while_helpers_wait() -> None:
    program = """
import numpy as np
from xparray.kernels.product import multiply
multiply(np.ones((100, 300), "f"), np.ones((300, 64), "f"))
print("end")
"""
    assert run(program) == "end"
