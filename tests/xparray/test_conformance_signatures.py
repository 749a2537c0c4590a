"""Names and signatures of the array API standard 2025.12, as array-api-strict has them, and its questions about the namespace."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import array_api_strict
import numpy as np
import pytest

import xparray as xp

DEVICES = ["numpy", "numba", "strict"]
DTYPES = {
    "bool": ["bool"],
    "signed integer": ["int8", "int16", "int32", "int64"],
    "unsigned integer": ["uint8", "uint16", "uint32", "uint64"],
    "real floating": ["float32", "float64"],
    "complex floating": ["complex64", "complex128"],
}
DTYPES["integral"] = DTYPES["signed integer"] + DTYPES["unsigned integer"]
DTYPES["numeric"] = DTYPES["integral"] + DTYPES["real floating"] + DTYPES["complex floating"]
ALL_DTYPES = DTYPES["bool"] + DTYPES["numeric"]

# What array-api-strict has for itself, and what it leaves out of its lists.
ITS_OWN = {"ArrayAPIStrictFlags", "Device", "__version__", "get_array_api_strict_flags"}
ITS_OWN |= {"reset_array_api_strict_flags", "set_array_api_strict_flags"}
UNLISTED = {"linalg": ["eig", "eigvals"], "fft": [], "": ["fft", "linalg"]}


def names(extension: str) -> list[str]:
    module = getattr(array_api_strict, extension) if extension else array_api_strict
    return sorted({*module.__all__, *UNLISTED[extension]} - ITS_OWN)


def pairs(extension: str) -> dict[str, tuple[Any, Any]]:
    """By name: what xparray has, and what array-api-strict has."""
    ours, theirs = (getattr(m, extension) if extension else m for m in (xp, array_api_strict))
    dot = f"{extension}." if extension else ""
    return {dot + name: (getattr(ours, name, None), getattr(theirs, name)) for name in names(extension)}


EVERYTHING = {**pairs(""), **pairs("linalg"), **pairs("fft")}
FUNCTIONS = {
    name: pair for name, pair in EVERYTHING.items() if callable(pair[1]) and not isinstance(pair[1], ModuleType)
}


def parameters(f: Any) -> list[tuple[str, Any, Any]]:
    """Name, kind and default of each; keyword-only ones in the order of the alphabet, since theirs tells nothing."""
    found = [
        # array-api-strict tells apart whether None was given; the standard's default is None.
        (p.name, p.kind, None if "Undef" in type(p.default).__name__ else p.default)
        for p in inspect.signature(f).parameters.values()
    ]
    return sorted(found, key=lambda p: (p[1], p[0] if p[1] is inspect.Parameter.KEYWORD_ONLY else ""))


def test_the_standard_is_large() -> None:
    assert (len(names("")), len(names("linalg")), len(names("fft")), len(FUNCTIONS)) == (157, 25, 14, 175)


@pytest.mark.parametrize("extension", ["", "linalg", "fft"])
def test_every_name_is_there_and_listed(extension: str) -> None:
    module = getattr(xp, extension) if extension else xp
    assert [name for name in names(extension) if not hasattr(module, name)] == []
    assert set(names(extension)) <= set(module.__all__)
    assert len(module.__all__) == len(set(module.__all__))
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
    if extension:
        assert set(module.__all__) == set(names(extension))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signature(name: str) -> None:
    ours, theirs = FUNCTIONS[name]
    assert parameters(ours) == parameters(theirs)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_know_their_names_and_say_what_they_do(name: str) -> None:
    f = FUNCTIONS[name][0]
    extension, _, own = name.rpartition(".")
    assert f.__name__ == own
    assert f.__doc__
    if own not in xp.__all__:  # `matmul` and the like are the same in both places
        assert f.__module__ == f"xparray.{extension}"


@pytest.mark.parametrize("name", ["matmul", "matrix_transpose", "tensordot", "vecdot"])
def test_what_linalg_shares_with_the_namespace(name: str) -> None:
    assert getattr(xp.linalg, name) is getattr(xp, name)


@pytest.mark.parametrize("name", ["e", "inf", "nan", "newaxis", "pi"])
def test_constants(name: str) -> None:
    ours, theirs = EVERYTHING[name]
    assert ours == theirs or (np.isnan(ours) and np.isnan(theirs))
    assert type(ours) is type(theirs)


@pytest.mark.parametrize("name", ALL_DTYPES)
def test_dtypes_are_numpys(name: str) -> None:
    dtype = getattr(xp, name)
    assert dtype is getattr(np, name)
    for device in ("numpy", "numba"):
        assert xp.zeros(1, dtype=dtype, device=device).dtype == dtype
    assert xp.zeros(1, dtype=dtype, device="strict").dtype == getattr(array_api_strict, name)


# --------------------------------------------------------------------------------------------- questions to the namespace

INFO = xp.__array_namespace_info__()


def test_version() -> None:
    assert xp.__array_api_version__ == "2025.12"


def test_the_answers_signatures() -> None:
    theirs = array_api_strict.__array_namespace_info__()
    for name in ("capabilities", "default_device", "default_dtypes", "devices", "dtypes"):
        assert parameters(getattr(INFO, name)) == parameters(getattr(theirs, name))


def test_capabilities() -> None:
    found = INFO.capabilities()
    assert sorted(found) == ["boolean indexing", "data-dependent shapes", "max dimensions"]
    assert found["boolean indexing"] is found["data-dependent shapes"] is True
    assert xp.zeros((1,) * found["max dimensions"]).ndim == found["max dimensions"]
    with pytest.raises(ValueError, match="maximum"):
        xp.zeros((1,) * (found["max dimensions"] + 1))


def test_devices_are_those_that_creation_takes() -> None:
    devices = INFO.devices()
    assert type(devices) is tuple
    assert {"numpy", "numba", "strict", "strict:device1", "strict:device2"} <= {str(d) for d in devices}
    assert INFO.default_device() in devices
    for device in devices:
        assert xp.device_of(xp.zeros(2, device=device)) == device
    assert xp.device_of(xp.zeros(2)) == INFO.default_device()


@pytest.mark.parametrize("device", [None, *DEVICES])
@pytest.mark.parametrize("kind", [None, *DTYPES, ("bool", "signed integer"), ("integral", "complex floating")])
def test_dtypes(kind: Any, device: str | None) -> None:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    expected = [name for k in kinds for name in (ALL_DTYPES if k is None else DTYPES[k])]
    found = INFO.dtypes(kind=kind, device=device)
    assert sorted(found) == sorted(expected)
    assert all(dtype == getattr(xp, name) for name, dtype in found.items())


@pytest.mark.parametrize(
    ("device", "real", "complex_"),
    [
        (None, "float64", "complex128"),
        ("numpy", "float64", "complex128"),
        ("numba", "float64", "complex128"),
        (xp.Device("strict"), "float64", "complex128"),
        ("strict:device2", "float32", "complex64"),
    ],
)
def test_default_dtypes_are_those_of_new_arrays(device: Any, real: str, complex_: str) -> None:
    found = INFO.default_dtypes(device=device)
    assert found == {"real floating": real, "complex floating": complex_, "integral": "int64", "indexing": "int64"}
    made = {
        "real floating": [
            xp.zeros(2, device=device),
            xp.full(2, 1.5, device=device),
            xp.linspace(0, 1, 3, device=device),
        ],
        "complex floating": [xp.full(2, 1j, device=device), xp.linspace(0, 1j, 3, device=device)],
        "integral": [xp.arange(3, device=device), xp.full(2, 7, device=device)],
        "indexing": [xp.argsort(xp.zeros(2, device=device)), *xp.nonzero(xp.ones(2, device=device))],
    }
    for kind, arrays in made.items():
        assert [xp.to_device(x, "numpy").dtype for x in arrays] == [found[kind]] * len(arrays)


def test_a_kind_that_the_standard_does_not_have() -> None:
    with pytest.raises(ValueError, match="unsupported kind: 'floating'"):
        INFO.dtypes(kind="floating")
    with pytest.raises(ValueError, match="'int' is not a known kind name"):
        xp.isdtype(xp.int8, "int")


# ------------------------------------------------------------------------------------------------ functions of dtypes


@pytest.mark.parametrize("spelled", [str, np.dtype, lambda n: getattr(np, n), lambda n: getattr(array_api_strict, n)])
@pytest.mark.parametrize("name", ALL_DTYPES)
def test_isdtype(name: str, spelled: Any) -> None:
    dtype = spelled(name)
    for kind, members in DTYPES.items():
        assert xp.isdtype(dtype, kind) is (name in members)
        assert xp.isdtype(dtype, (kind, "bool")) is (name in [*members, "bool"])
    for other in ALL_DTYPES:
        assert xp.isdtype(dtype, getattr(xp, other)) is (name == other)
    assert xp.isdtype(dtype, ("integral", xp.float32, array_api_strict.bool)) is (
        name in [*DTYPES["integral"], "float32", "bool"]
    )


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    ("name", "part", "digits", "exponent"),
    [("float32", "float32", 23, 127), ("float64", "float64", 52, 1023), ("complex64", "float32", 23, 127), ("complex128", "float64", 52, 1023)],
)  # fmt: skip
def test_finfo(name: str, part: str, digits: int, exponent: int, device: str) -> None:
    x = xp.zeros((0,), dtype=name, device=device)
    for found in (xp.finfo(x), xp.finfo(name), xp.finfo(x.dtype), xp.finfo(getattr(xp, name))):
        largest = (2.0 - 2.0**-digits) * 2.0**exponent
        assert (found.bits, found.eps, found.max, found.min) == (
            digits + 9 if digits == 23 else 64,
            2.0**-digits,
            largest,
            -largest,
        )
        assert found.smallest_normal == 2.0 ** (1 - exponent)
        assert {type(v) for v in (found.eps, found.max, found.min, found.smallest_normal)} == {float}
        assert type(found.bits) is int
    assert xp.finfo(x).dtype == xp.zeros((0,), dtype=part, device=device).dtype
    with pytest.raises(AttributeError, match="cannot assign"):
        found.bits = 3


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", DTYPES["integral"])
def test_iinfo(name: str, device: str) -> None:
    bits = int(name.removeprefix("u").removeprefix("int"))
    limits = (0, 2**bits - 1) if name.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    x = xp.zeros((0,), dtype=name, device=device)
    for found in (xp.iinfo(x), xp.iinfo(name), xp.iinfo(x.dtype), xp.iinfo(getattr(xp, name))):
        assert (found.bits, found.min, found.max) == (bits, *limits)
        assert {type(v) for v in (found.bits, found.min, found.max)} == {int}
    assert xp.iinfo(x).dtype == x.dtype


def test_limits_of_another_kind() -> None:
    with pytest.raises(ValueError, match="int64"):
        xp.finfo(xp.int64)
    with pytest.raises(ValueError, match="'f'"):
        xp.iinfo(np.zeros(2, "float32"))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    ("source", "target", "fits"),
    [
        ("int8", "int16", True),
        ("int16", "int8", False),
        ("uint8", "int16", True),
        ("uint8", "int8", False),
        ("int8", "uint8", False),
        ("float32", "float64", True),
        ("float64", "float32", False),
        ("float64", "complex128", True),
        ("float64", "complex64", False),
        ("complex64", "float64", False),
        ("bool", "bool", True),
        ("float32", "int64", False),
    ],
)
def test_can_cast(source: str, target: str, fits: bool, device: str) -> None:
    x = xp.zeros((2,), dtype=source, device=device)
    for given in (source, getattr(xp, source), x, x.dtype):
        assert xp.can_cast(given, getattr(xp, target)) is fits
        assert xp.can_cast(given, xp.zeros((), dtype=target, device=device).dtype) is fits
