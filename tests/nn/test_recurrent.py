"""Recurrent functions and links: Chainer's values, files and states, and what is refused."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import catena.nn as nn
import catena.nn.functions as F
import catena.nn.links as L
import xparray as xp
from catena.autograd import Variable, as_array, no_backprop_mode, using_config
from catena.nn.serializers import load_npz, save_npz

GOLDEN = json.loads((Path(__file__).parent / "golden" / "recurrent.json").read_text(encoding="utf-8"))
F4 = "float32"


def numbers(*shape: int) -> Any:
    return np.random.default_rng(len(shape)).standard_normal(shape).astype(F4)


def arrays(x: Any) -> Any:
    """Nested lists with arrays in the place of matrices and stacks of them; lists of sequences stay lists."""
    if x is None:
        return None
    try:
        found = np.array(x, "float64")
    except ValueError:  # of different lengths
        return [arrays(part) for part in x]
    return found


def compare(got: Any, expected: Any) -> None:
    if isinstance(got, list | tuple):
        assert len(got) == len(expected)
        for a, b in zip(got, expected, strict=True):
            compare(a, b)
    else:
        np.testing.assert_allclose(as_array(got), np.array(expected), rtol=1e-12, atol=1e-14)


# -------------------------------------------------------------------------------------------- Chainer's own numbers


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("row", GOLDEN["links"], ids=[row["link"] for row in GOLDEN["links"]])
def test_links_load_chainers_files_and_give_its_values(row: Any, backend: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "model.npz", **{key: np.array(value) for key, value in row["file"].items()})
    with using_config("dtype", "float64"), using_config("train", False):
        link = getattr(L, row["link"])(*row["arguments"])
        load_npz(tmp_path / "model.npz", link)
        link.to_device(backend)
        for call, expected in zip(row["calls"], row["results"], strict=True):
            compare(link(*map(arrays, call)), expected)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize(
    "row", GOLDEN["functions"], ids=[f"{i}-{row['function']}" for i, row in enumerate(GOLDEN["functions"])]
)
def test_functions_give_chainers_values(row: Any, backend: str) -> None:
    inputs = [xp.to_device(np.array(x), backend) for x in row["inputs"]]
    compare(getattr(F, row["function"])(*inputs), row["results"])


# ------------------------------------------------------------------------------------------------ how links begin


def test_initial_values() -> None:
    xp.random.seed(0)
    link = L.LSTM(None, 50)
    assert link.upward.b.array.tolist() == [0.0, 0.0, 1.0, 0.0] * 50
    link(numbers(2, 200))
    assert abs(link.upward.W.array.std() - 200**-0.5) < 0.003
    assert abs(link.lateral.W.array.std() - 50**-0.5) < 0.006
    link = L.StatelessLSTM(3, 2, 0.5, 0.25, 2, nn.initializers.Constant(3))
    assert link.upward.b.array.tolist() == [2.0, 2.0, 3.0, 2.0] * 2
    assert np.unique(link.lateral.W.array).tolist() == [0.5]
    assert np.unique(link.upward.W.array).tolist() == [0.25]
    layers = L.NStepLSTM(2, 3, 4, 0.0, initialW=1, initial_bias=2)
    assert {name[-2]: float(p.array.mean()) for name, p in layers.namedparams()} == {"w": 1.0, "b": 2.0}


def test_each_gate_begins_with_fans_of_its_own() -> None:
    link = L.LSTM(4, 4, upward_init=nn.initializers.Orthogonal(1.0))
    for block in np.split(link.upward.W.array, 4):
        np.testing.assert_allclose(block @ block.T, np.eye(4), atol=1e-6)


def test_parameters_wait_for_the_first_input() -> None:
    made: list[Any] = [
        L.LSTM(4),
        L.StatelessGRU(None, 4),
        L.StatefulGRU(None, 4),
        L.StatefulPeepholeLSTM(None, 4),
        L.ChildSumTreeLSTM(None, 4),
    ]
    for link in made:
        x = numbers(2, 3)
        link(np.zeros((2, 4), F4), x) if isinstance(link, L.StatelessGRU) else link(x)
        assert all(p.is_initialized for p in link.params())


# ----------------------------------------------------------------------------------------------------------- state

STATEFUL = [L.LSTM, L.StatefulPeepholeLSTM, L.StatefulZoneoutLSTM, L.GRU, L.StatefulGRU, L.StatefulMGU]


@pytest.mark.parametrize("kind", STATEFUL)
def test_state(kind: Any, tmp_path: Path) -> None:
    with using_config("train", False):
        link = kind(3, 2)
        xs = [numbers(4, 3), 2 * numbers(4, 3)]
        first = link(xs[0])
        kept = [getattr(link, name) for name in link.states]
        second = link(xs[1])
        assert not np.array_equal(first.array, second.array)
        link.reset_state()
        assert all(getattr(link, name) is None for name in link.states)
        link.set_state(*kept)
        np.testing.assert_array_equal(link(xs[1]).array, second.array)

        # a state moves with the link, however deep it lies, and is copied and pickled, but stands in no file
        nn.Chain(inner=nn.ChainList(link)).to_device("numba")
        assert {str(getattr(link, name).device) for name in link.states} == {"numba"}
        for copied in (copy.deepcopy(link), pickle.loads(pickle.dumps(link))):
            np.testing.assert_array_equal(copied.h.array, link.h.array)
            assert copied.h is not link.h
        save_npz(tmp_path / "m.npz", link)
        with np.load(tmp_path / "m.npz") as file:
            assert sorted(file.files) == sorted(name[1:] for name, _ in link.namedparams())


def test_set_state_takes_arrays_and_moves_them() -> None:
    link = L.GRU(3, 2).to_device("numba")
    link.set_state(numbers(4, 2))
    assert isinstance(link.h, Variable)
    assert str(link.h.device) == "numba"
    before = link.h
    with pytest.raises(ValueError, match=r"GRU.set_state: h has shape \(4, 3\); expected \(4, 2\)"):
        link.set_state(numbers(4, 3))
    with pytest.raises(TypeError, match=r"GRU\.set_state: h is None"):
        link.set_state(None)
    assert link.h is before
    lstm = L.LSTM(3, 2)
    with pytest.raises(ValueError, match=r"LSTM.set_state: h has shape \(3, 2\); expected \(4, 2\)"):
        lstm.set_state(numbers(4, 2), numbers(3, 2))
    assert lstm.c is None


def test_truncated_backpropagation() -> None:
    link = L.LSTM(3, 2)
    xs = [Variable(numbers(4, 3)) for _ in range(2)]
    link(xs[0])
    link.h.unchain_backward()
    link.c.unchain_backward()
    F.sum(link(xs[1])).backward()
    assert xs[0].grad is None
    assert xs[1].grad is not None


def test_sequences_of_one_call_are_those_of_many() -> None:
    """What `LSTM` does time by time, with sequences that end, `NStepLSTM` does at once."""
    layers = L.NStepLSTM(1, 3, 2, 0.0)
    link = L.LSTM(3, 2)
    order = (2, 0, 1, 3)  # a, i, f, o of i, f, a, o
    for j, k in enumerate(order):
        link.upward.W.array[j::4] = layers[0].__dict__[f"w{k}"].array
        link.lateral.W.array[j::4] = layers[0].__dict__[f"w{k + 4}"].array
        link.upward.b.array[j::4] = 0
    sequences = [numbers(n, 3) for n in (4, 2, 1)]
    ys = [link(x) for x in F.transpose_sequence(sequences)]
    hy, cy, expected = layers(None, None, sequences)
    for a, b in zip(F.transpose_sequence(ys), expected, strict=True):
        np.testing.assert_allclose(a.array, b.array, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(link.h.array, hy.array[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(link.c.array, cy.array[0], rtol=1e-5, atol=1e-6)


# ------------------------------------------------------------------------------------------------- whole sequences


@pytest.mark.parametrize(
    "kind", [L.NStepLSTM, L.NStepBiLSTM, L.NStepGRU, L.NStepBiGRU, L.NStepRNNTanh, L.NStepBiRNNReLU]
)
def test_sequences_do_not_see_each_other(kind: Any) -> None:
    layers = kind(2, 3, 2, 0.0)
    sequences = [numbers(n, 3) for n in (2, 0, 5, 3)]
    first = [numbers(2 * layers.direction, 4, 2) for _ in range(layers.n_cells)]
    *last, ys = layers(*first, sequences)
    assert [y.shape for y in ys] == [(n, 2 * layers.direction) for n in (2, 0, 5, 3)]
    for i, x in enumerate(sequences):
        if not len(x):
            for a, b in zip(last, first, strict=True):
                np.testing.assert_array_equal(a.array[:, i], b[:, i])
            continue
        *alone, (y,) = layers(*(s[:, i : i + 1] for s in first), [x])
        np.testing.assert_allclose(ys[i].array, y.array, rtol=1e-5, atol=1e-6)
        for a, b in zip(last, alone, strict=True):
            np.testing.assert_allclose(a.array[:, i : i + 1], b.array, rtol=1e-5, atol=1e-6)


def test_dropout_is_between_layers_in_training() -> None:
    xs = [numbers(3, 3)]
    for n_layers, differs in ((1, False), (2, True)):
        layers = L.NStepGRU(n_layers, 3, 20, 0.5)
        ys = [layers(None, xs)[1][0].array for _ in range(2)]
        assert np.array_equal(*ys) is not differs
        with using_config("train", False):
            ys = [layers(None, xs)[1][0].array for _ in range(2)]
        assert np.array_equal(*ys)


def test_arrays_in_arrays_out() -> None:
    ws, bs = [[numbers(2, 2)] * 6], [[numbers(2)] * 6]
    hy, ys = F.n_step_gru(1, 0.5, numbers(1, 3, 2), ws, bs, [numbers(3, 2), numbers(1, 2)])
    assert type(hy) is np.ndarray
    assert {type(y) for y in ys} == {np.ndarray}


def test_copies_have_weights_of_their_own() -> None:
    layers = L.NStepRNNTanh(1, 3, 2, 0.0)
    copied = layers.copy("init")
    assert copied.ws[0][0] is copied[0].w0
    assert not np.array_equal(copied.ws[0][0].array, layers.ws[0][0].array)


def test_no_graph_without_backprop() -> None:
    with no_backprop_mode():
        _, _, ys = L.NStepLSTM(1, 3, 2, 0.0)(None, None, [numbers(2, 3)])
    assert ys[0].creator is None


# --------------------------------------------------------------------------------------------------------- refused

X, H, C8 = numbers(4, 3), numbers(4, 2), numbers(4, 8)


def n_step(**changed: Any) -> Any:
    given: dict[str, Any] = {
        "n_layers": 1,
        "dropout_ratio": 0.0,
        "hx": numbers(1, 2, 4),
        "ws": [[numbers(4, 3), numbers(4, 4)]],
    }
    given |= {"bs": [[numbers(4)] * 2], "xs": [numbers(2, 3), numbers(1, 3)]}
    return F.n_step_rnn(**{**given, **changed})


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: F.lstm(H, numbers(4, 6)), ValueError,
         "lstm: c_prev and x do not fit together (c_prev: (4, 2) float32, x: (4, 6) float32); expected x to be (4, 8), or fewer examples: "
         "4 numbers for each unit of c_prev"),
        (lambda: F.lstm(numbers(3, 2), C8), ValueError,
         "lstm: c_prev and x do not fit together (c_prev: (3, 2) float32, x: (4, 8) float32); expected x to be (3, 8), or fewer examples: "
         "4 numbers for each unit of c_prev"),
        (lambda: F.lstm(H, C8.astype(int)), TypeError,
         "lstm: x is int64, expected floating numbers (c_prev: (4, 2) float32, x: (4, 8) int64); convert it with F.astype(x, \"float32\")"),
        (lambda: F.lstm(None, C8), TypeError, "lstm: c_prev is None (NoneType), expected an array; pass an array as c_prev"),
        (lambda: F.slstm(H, numbers(4, 3), C8, numbers(4, 12)), ValueError,
         "slstm: the two states differ in shape (c_prev1: (4, 2) float32, c_prev2: (4, 3) float32); give both the same"),
        (lambda: F.tree_lstm(H), ValueError, "tree_lstm: got 1 arrays; expected the state of each child and x: tree_lstm(c1, c2, x)"),
        (lambda: F.tree_lstm(H, H, C8), ValueError,
         "tree_lstm: inputs[0] and inputs[2] do not fit together (inputs[0]: (4, 2) float32, inputs[2]: (4, 8) float32); expected inputs[2] "
         "to be (4, 10): 5 numbers for each unit of inputs[0]"),
        (lambda: n_step(xs=[]), ValueError, "n_step_rnn: xs is []; expected a list with an array (n, n_in) for each time"),
        (lambda: n_step(xs=[numbers(1, 3), numbers(2, 3)]), ValueError,
         "n_step_rnn: xs[1] has shape (2, 3); expected (n, 3) with n at most 1, the longest sequences first"),
        (lambda: n_step(hx=numbers(2, 4)), ValueError,
         "n_step_rnn: hx does not fit (hx: (2, 4) float32); expected (1, batch, size): layers times directions first"),
        (lambda: n_step(ws=[[numbers(4, 3)]]), ValueError, "n_step_rnn: ws has lists of [1] arrays; expected 1 lists of 2 each"),
        (lambda: n_step(ws=[[numbers(4, 4)] * 2]), ValueError, "n_step_rnn: ws[0][0] has shape (4, 4); expected (4, 3)"),
        (lambda: n_step(bs=[[numbers(4), numbers(3)]]), ValueError, "n_step_rnn: bs[0][1] has shape (3,); expected (4,)"),
        (lambda: n_step(activation="gelu"), ValueError, "n_step_rnn: activation is 'gelu'; expected 'tanh' or 'relu'"),
        (lambda: n_step(dropout_ratio=1.0), ValueError,
         "n_step_rnn: ratio is 1.0; expected the probability of dropping an element, from 0 to below 1, such as 0.5"),
        (lambda: L.LSTM(3, 0), ValueError, "LSTM: out_size is 0; expected a positive integer"),
        (lambda: L.StatefulMGU(None, 2), ValueError, "StatefulMGU: in_size is None; expected a positive integer"),
        (lambda: L.NStepGRU(0, 3, 2, 0.0), ValueError, "NStepGRU: n_layers is 0; expected a positive integer"),
        (lambda: L.NStepGRU(1, 3, 2, 0.0)(None, ()), ValueError,
         "NStepGRU: xs is (); expected a list with an array (length, 3) for each sequence"),
        (lambda: L.NStepGRU(1, 3, 2, 0.0)(None, [X, X.T]), ValueError, "NStepGRU: xs[1] has shape (3, 4); expected (length, 3)"),
        (lambda: L.NStepGRU(1, 3, 2, 0.0)(None, [[1.0, 2.0]]), TypeError,
         "NStepGRU: xs[0] is [1.0, 2.0] (list), expected an array; pass xp.asarray(xs[0])"),
        (lambda: L.NStepGRU(1, 3, 2, 0.0)(numbers(1, 1, 2), [X, X]), ValueError,
         "NStepGRU: there are 2 sequences, but first states of others (hx: (1, 1, 2) float32)"),
        (lambda: L.NStepGRU(1, 3, 2, 0.0)(None, [X[:0]]), ValueError,
         "NStepGRU: all of the 1 sequences are of length 0; give one that is longer"),
        (lambda: L.NaryTreeLSTM(3, 2)(H, H, X), ValueError,
         "NaryTreeLSTM: got 3 arguments; expected the c of 2 children, the h of 2 children, and x"),
        (lambda: L.ChildSumTreeLSTM(3, 2)(H, X), ValueError,
         "ChildSumTreeLSTM: got 2 arguments; expected the c of each child, the h of each child, and x"),
        (lambda: L.ChildSumTreeLSTM(3, 2)(None, None, None), ValueError,
         "ChildSumTreeLSTM: all of the 3 arguments are None; give x, or the state of a child"),
        (lambda: L.ChildSumTreeLSTM(None, 2)(H, H, None), ValueError,
         "ChildSumTreeLSTM: x is None, and its size is not known yet; give in_size, or call it with an x first"),
    ],
)  # fmt: skip
def test_bad_input(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as e:
        call()
    assert str(e.value) == text


def test_more_examples_than_before() -> None:
    link = L.LSTM(3, 2)
    link(X[:2])
    before = link.h
    with pytest.raises(ValueError) as e:
        link(X)
    assert str(e.value) == (
        "LSTM: x has 4 examples, the state 2; expected as many or fewer, the longest sequences first; "
        "call reset_state() to begin other sequences"
    )
    assert link.h is before
