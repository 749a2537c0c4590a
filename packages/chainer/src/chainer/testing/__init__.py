"""Helpers for tests of programs, functions and links."""

from __future__ import annotations

from chainer.testing import attr, condition
from chainer.testing._cases import (
    FunctionTestCase,
    FunctionTestError,
    InitializerArgument,
    LinkInitializersTestCase,
    LinkTestCase,
    LinkTestError,
    unary_math_function_unittest,
)
from chainer.testing._helpers import (
    assert_allclose,
    assert_warns,
    fix_random,
    generate_matrix,
    generate_seed,
    get_trainer_with_mock_updater,
    patch,
    run_module,
    save_and_load,
    save_and_load_hdf5,
    save_and_load_npz,
    with_requires,
    without_requires,
)
from chainer.testing._variants import (
    BackendConfig,
    from_pytest_parameterize,
    inject_backend_tests,
    parameterize,
    parameterize_pytest,
    product,
    product_dict,
)

__all__ = [
    "BackendConfig",
    "FunctionTestCase",
    "FunctionTestError",
    "InitializerArgument",
    "LinkInitializersTestCase",
    "LinkTestCase",
    "LinkTestError",
    "assert_allclose",
    "assert_warns",
    "attr",
    "condition",
    "fix_random",
    "from_pytest_parameterize",
    "generate_matrix",
    "generate_seed",
    "get_trainer_with_mock_updater",
    "inject_backend_tests",
    "parameterize",
    "parameterize_pytest",
    "patch",
    "product",
    "product_dict",
    "run_module",
    "save_and_load",
    "save_and_load_hdf5",
    "save_and_load_npz",
    "unary_math_function_unittest",
    "with_requires",
    "without_requires",
]
