"""From lists of examples to arrays."""

from __future__ import annotations

import importlib.util
import re

import numpy as np
import pytest

import xparray as xp
from catena.training.convert import ConcatWithAsyncTransfer, Converter, concat_examples, converter, to_device


def rows(*shapes, dtype=np.float32):
    """Arrays of the given shapes, filled with 1, 2, 3, ..."""
    return [np.full(shape, i + 1, dtype) for i, shape in enumerate(shapes)]


def strict(x):
    return xp.to_device(np.asarray(x), "strict")


@pytest.mark.parametrize(
    ("batch", "dtype", "expected"),
    [
        pytest.param(rows((2,), (2,)), "float32", [[1, 1], [2, 2]], id="arrays"),
        pytest.param(rows((), ()), "float32", [1, 2], id="0-d arrays"),
        pytest.param(rows((1, 2)), "float32", [[[1, 1]]], id="one example"),
        pytest.param(rows((0,), (0,)), "float32", [[], []], id="empty arrays"),
        pytest.param([np.float16(1), np.float16(2)], "float16", [1, 2], id="NumPy scalars"),
        pytest.param([1, 2, 3], "int64", [1, 2, 3], id="ints"),
        pytest.param([1.5, 2.5], "float64", [1.5, 2.5], id="floats"),
        pytest.param([True, False], "bool", [True, False], id="bools"),
        pytest.param([[1, 2], [3, 4]], "int64", [[1, 2], [3, 4]], id="lists"),
        pytest.param(["a", "bc"], "<U2", ["a", "bc"], id="strings"),
        pytest.param(np.eye(2), "float64", [[1, 0], [0, 1]], id="an array of examples"),
        pytest.param([np.float32(1), np.int32(2)], "float64", [1, 2], id="promotion"),
        pytest.param([np.arange(6).reshape(2, 3).T, np.zeros((3, 2), int)], "int64",
                     [[[0, 3], [1, 4], [2, 5]], [[0, 0]] * 3], id="non-contiguous"),
    ],
)  # fmt: skip
def test_examples_of_one_kind_are_stacked(batch, dtype, expected):
    y = concat_examples(batch)
    assert type(y) is np.ndarray
    assert y.dtype == dtype
    assert y.tolist() == expected


def test_the_result_is_new_memory():
    x = np.zeros(2)
    y = concat_examples([x])
    y += 1
    assert x.tolist() == [0, 0]


@pytest.mark.parametrize("dtype", ["float32", "uint8", "complex128", ">f4", "U2"])
def test_large_examples_are_stacked_alike(dtype):
    batch = [np.full((256, 128), i, dtype) for i in range(3)]
    expected = np.stack(batch)
    y = concat_examples(batch)
    assert np.array_equal(y, expected)
    assert (type(y), y.dtype, y.flags.writeable) == (np.ndarray, np.array(batch).dtype, True)
    first = y.copy()
    z = concat_examples([a.T for a in batch])
    assert np.array_equal(y, first)
    assert np.array_equal(z, expected.transpose(0, 2, 1))
    mixed = concat_examples([batch[0], batch[0].astype("float64")]) if dtype == "float32" else None
    assert mixed is None or mixed.dtype == "float64"
    with pytest.raises(ValueError, match=r"example 1 has shape \(255, 128\), example 0 has \(256, 128\)"):
        concat_examples([batch[0], batch[0][1:]])


def test_tuples_give_a_tuple_of_fields():
    x, t, name = concat_examples([(np.zeros(2), np.int32(3), "a"), (np.ones(2), np.int32(4), "b")])
    assert x.tolist() == [[0, 0], [1, 1]]
    assert (t.tolist(), t.dtype) == ([3, 4], "int32")
    assert name.tolist() == ["a", "b"]


def test_dicts_give_a_dict_of_fields():
    y = concat_examples([{"x": np.zeros(2), "t": 0}, {"t": 1, "x": np.ones(2)}])
    assert {k: v.tolist() for k, v in y.items()} == {"x": [[0, 0], [1, 1]], "t": [0, 1]}


@pytest.mark.parametrize(
    ("device", "expected"),
    [(None, "numpy"), (-1, "numpy"), ("numpy", "numpy"), ("numba", "numba"), ("strict:device1", "strict:device1"),
     (xp.Device("numba"), "numba")],
)  # fmt: skip
def test_fields_go_to_the_device(device, expected):
    x, t = concat_examples([(np.zeros(2), 1)], device)
    assert (str(xp.device_of(x)), str(xp.device_of(t))) == (expected, expected)
    assert str(xp.device_of(to_device(device, np.ones(2)))) == expected


def test_each_field_may_have_its_own_device():
    x, t = concat_examples([(np.zeros(2), 1)], ("strict:device1", None))
    assert (str(xp.device_of(x)), str(xp.device_of(t))) == ("strict:device1", "numpy")
    named = concat_examples([{"x": np.zeros(2), "t": 1}], {"t": "numba", "x": None}, padding={"x": 0, "t": None})
    assert (str(xp.device_of(named["x"])), str(xp.device_of(named["t"]))) == ("numpy", "numba")


@pytest.mark.parametrize("device", ["numba", "strict", "strict:device2"])
@pytest.mark.parametrize("padding", [None, 0])
def test_fields_stay_on_the_device_of_their_examples(device, padding):
    batch = [(xp.to_device(np.full(2, float(i)), device), i) for i in range(3)]
    x, t = concat_examples(batch, padding=padding)
    assert str(xp.device_of(x)) == device
    assert xp.to_device(x, "numpy").tolist() == [[0, 0], [1, 1], [2, 2]]
    assert str(xp.device_of(t)) == "numpy"


@pytest.mark.parametrize(
    ("batch", "padding", "expected"),
    [
        pytest.param(rows((1,), (3,)), 0, [[1, 0, 0], [2, 2, 2]], id="lengths"),
        pytest.param(rows((1, 2), (2, 1)), -1, [[[1, 1], [-1, -1]], [[2, -1], [2, -1]]], id="two axes"),
        pytest.param(rows((2,), (2,)), 9, [[1, 1], [2, 2]], id="nothing to pad"),
        pytest.param(rows((0,), (1,)), 7, [[7], [2]], id="an empty example"),
        pytest.param([[1], [2, 3]], 0, [[1, 0], [2, 3]], id="lists"),
        pytest.param([1, 2], 0, [1, 2], id="numbers"),
        pytest.param(rows((1,), (2,), dtype=bool), False, [[True, False], [True, True]], id="booleans"),
        pytest.param(rows((1,), (2,)), np.float64(0.5), [[1, 0.5], [2, 2]], id="a NumPy scalar"),
        pytest.param([strict([1.0]), strict([2.0, 3.0])], 0, [[1, 0], [2, 3]], id="strict"),
    ],
)
def test_padding_fills_up_to_the_largest(batch, padding, expected):
    y = concat_examples(batch, padding=padding)
    assert xp.to_device(y, "numpy").tolist() == expected
    assert str(y.dtype).rpartition(".")[2] == str(xp.asarray(batch[0]).dtype).rpartition(".")[2]


def test_padding_may_be_nan():
    y = concat_examples(rows((1,), (2,)), padding=np.nan)
    assert np.isnan(y[0, 1]) and y.dtype == "float32"


def test_padding_by_field():
    batch = [(np.ones(1), np.array([1])), (np.ones(2), np.array([1]))]
    x, t = concat_examples(batch, padding=(0, None))
    assert (x.tolist(), t.tolist()) == ([[1, 0], [1, 1]], [[1], [1]])
    named = [{"x": x, "t": t} for x, t in batch]
    y = concat_examples(named, padding={"x": -1, "t": None})
    assert y["x"].tolist() == [[1, -1], [1, 1]]


@pytest.mark.parametrize(
    ("batch", "options", "error", "text"),
    [
        ([], {}, ValueError, "concat_examples: the batch is empty; expected a list with at least one example"),
        (rows((4,), (4,), (5,)), {}, ValueError,
         "concat_examples: example 2 has shape (5,), example 0 has (4,); pass padding=0 to fill up the shorter ones,"
         " or give all examples one shape"),
        ([(np.ones(4), 0), (np.ones(5), 1)], {}, ValueError,
         "concat_examples: field 0 of example 1 has shape (5,), example 0 has (4,); pass padding=0"),
        ([{"x": np.ones(4)}, {"x": np.ones(5)}], {}, ValueError, "concat_examples: field 'x' of example 1 has shape (5,)"),
        (rows((4,), (4, 1)), {}, ValueError,
         "concat_examples: example 1 has shape (4, 1), example 0 has (4,); give all examples the same number of axes"),
        (rows((4,), (4, 1)), {"padding": 0}, ValueError, "give all examples the same number of axes"),
        ([strict([1.0]), strict([1.0, 2.0])], {}, ValueError, "concat_examples: example 1 has shape (2,), example 0 has (1,)"),
        ([[1], [2, 3]], {}, ValueError, "concat_examples: example 1 has shape (2,), example 0 has (1,); pass padding=0"),
        ([[[1], [2, 3]], [[1], [2, 3]]], {}, ValueError,
         "concat_examples: example 0 is a list whose parts differ in length; make it an array in the dataset"),
        ([np.ones(1), None], {}, TypeError, "concat_examples: example 1 is None (NoneType); expected an array or a number"),
        ([1, None], {}, TypeError, "concat_examples: example 1 is None (NoneType)"),
        ([object, 1], {"padding": 0}, TypeError, "concat_examples: example 0 is <class 'object'> (type)"),
        (5, {}, TypeError, "concat_examples: batch is 5 (int); expected a list of examples, such as next(iterator)"),
        ([(1, 2), (1, 2, 3)], {}, ValueError,
         "concat_examples: example 1 is a tuple of 3, example 0 a tuple of 2; expected tuples of one length"),
        ([(1, 2), 3], {}, ValueError, "concat_examples: example 1 is of type int, example 0 a tuple of 2"),
        ([{"x": 1}, {"y": 1}], {}, ValueError,
         "concat_examples: example 1 is a dict with the keys ['y'], example 0 a dict with the keys ['x']; expected dicts"),
        ([(1, 2)], {"device": ("numpy",)}, ValueError, "concat_examples: device has 1 entries, the examples 2 fields"),
        ([{"x": 1}], {"device": {}}, ValueError, "concat_examples: device has the keys [], the examples ['x']"),
        ([(1, 2)], {"padding": (0,)}, ValueError, "concat_examples: padding has 1 entries, the examples 2 fields"),
        ([{"x": 1}], {"padding": {"y": 0}}, ValueError, "concat_examples: padding has the keys ['y'], the examples ['x']"),
        ([[1], [1, 2]], {"padding": 0.5}, ValueError,
         "concat_examples: padding is 0.5, which the examples of dtype int64 cannot hold"),
        (rows((1,), (2,), dtype=np.uint8), {"padding": -1}, ValueError, "padding is -1, which the examples of dtype uint8"),
        (rows((1,), (2,), dtype=bool), {"padding": 0}, ValueError, "padding is 0, which the examples of dtype bool"),
        ([([1], 0), ([1, 2], 0)], {"padding": "x"}, ValueError, "padding is 'x', which field 0 of examples of dtype int64"),
        ([1], {"device": "nowhere"}, ValueError, "device 'nowhere': no such backend is installed"),
        ([1], {"device": 0}, ImportError, "cupy or array_api_compat is not installed; pip install xparray"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(batch, options, error, text):
    with pytest.raises(error, match=re.escape(text)):
        concat_examples(batch, **options)


@pytest.mark.parametrize(("device", "expected"), [(None, "None"), (-1, "numpy"), ("strict", "strict")])
def test_a_converter_of_ones_own_is_given_a_device(device, expected):
    @converter()
    def named(batch, device):
        return len(batch), str(device)

    assert isinstance(named, Converter)
    assert named([1, 2], device) == (2, expected)


def test_a_converter_of_ones_own_may_take_more():
    @converter()
    def labelled(batch, device=None, with_label=True):
        return batch if with_label else [x for x, _ in batch]

    assert labelled([(1, 2)]) == [(1, 2)]
    assert labelled([(1, 2)], with_label=False) == [1]


def test_a_converter_without_call_says_what_to_define():
    with pytest.raises(TypeError, match=r"Converter converts nothing; define __call__\(self, batch, device=None\)"):
        Converter()([1])


@pytest.mark.parametrize("device", [None, -1, "numpy", "strict:device1"])
def test_asynchronous_transfer_is_concat_examples_on_the_host(device):
    batch = [(np.arange(i + 1.0), i) for i in range(3)]
    x, t = ConcatWithAsyncTransfer()(batch, device, padding=0)
    expected = concat_examples(batch, device, padding=0)
    assert [xp.device_of(a) for a in (x, t)] == [xp.device_of(a) for a in expected]
    assert (np.asarray(xp.to_device(x, "numpy")) == xp.to_device(expected[0], "numpy")).all()


def test_asynchronous_transfer_to_a_gpu_names_what_is_missing():
    if importlib.util.find_spec("cupy") is not None:
        pytest.skip("CuPy is installed here")
    with pytest.raises(ImportError, match=re.escape("pip install xparray[cuda12x]")):
        ConcatWithAsyncTransfer()([1, 2], 0)
