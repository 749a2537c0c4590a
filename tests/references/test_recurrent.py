"""Recurrent layers have torch's values and gradients, for sequences of one length and, packed, of several."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import catena.nn.functions as F
import catena.nn.links as L
from catena.autograd import Variable, using_config

torch = pytest.importorskip("torch")
PACKED = torch.nn.utils.rnn

# Chainer's gates of an LSTM are i, f, a, o as torch's; of a GRU both have r, z and the candidate.
KINDS: list[tuple[str, Any, int, dict[str, Any]]] = [
    ("NStepLSTM", torch.nn.LSTM, 4, {}),
    ("NStepBiLSTM", torch.nn.LSTM, 4, {"bidirectional": True}),
    ("NStepGRU", torch.nn.GRU, 3, {}),
    ("NStepBiGRU", torch.nn.GRU, 3, {"bidirectional": True}),
    ("NStepRNNTanh", torch.nn.RNN, 1, {"nonlinearity": "tanh"}),
    ("NStepBiRNNTanh", torch.nn.RNN, 1, {"nonlinearity": "tanh", "bidirectional": True}),
    ("NStepRNNReLU", torch.nn.RNN, 1, {"nonlinearity": "relu"}),
    ("NStepBiRNNReLU", torch.nn.RNN, 1, {"nonlinearity": "relu", "bidirectional": True}),
]


def pair(
    name: str, theirs: Any, gates: int, options: dict[str, Any], layers: int, n_in: int, size: int
) -> tuple[Any, Any]:
    """Our link and torch's module with its weights."""
    with using_config("dtype", "float64"):
        ours = getattr(L, name)(layers, n_in, size, 0.0, initial_bias=np.linspace(-1, 1, size))
    module = theirs(n_in, size, layers, dtype=torch.float64, **options)
    with torch.no_grad():
        for k, layer in enumerate(ours):
            ending = f"l{k // ours.direction}{'_reverse' * (k % ours.direction)}"
            for kind, first in (("ih", 0), ("hh", gates)):
                for letter, target in (("w", f"weight_{kind}_{ending}"), ("b", f"bias_{kind}_{ending}")):
                    values = [getattr(layer, f"{letter}{first + j}").array for j in range(gates)]
                    getattr(module, target).copy_(torch.tensor(np.concatenate(values)))
    return ours, module


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize(("name", "theirs", "gates", "options"), KINDS, ids=[kind[0] for kind in KINDS])
@pytest.mark.parametrize("lengths", [(4, 4, 4), (2, 5, 1, 3), (1,)], ids=str)
@pytest.mark.parametrize("n_layers", [1, 3])
def test_layers(
    name: str, theirs: Any, gates: int, options: dict[str, Any], lengths: tuple[int, ...], n_layers: int, backend: str
) -> None:
    rng = np.random.default_rng(0)
    ours, module = pair(name, theirs, gates, options, n_layers, 3, 5)
    ours.to_device(backend)
    sequences = [rng.standard_normal((n, 3)) for n in lengths]
    states = [rng.standard_normal((n_layers * ours.direction, len(lengths), 5)) for _ in range(ours.n_cells)]
    xs, firsts = [Variable(x) for x in sequences], [Variable(s) for s in states]
    *lasts, ys = ours(*firsts, xs)

    tensors, begins = (
        [torch.tensor(x, requires_grad=True) for x in sequences],
        [torch.tensor(s, requires_grad=True) for s in states],
    )
    packed = PACKED.pack_sequence(tensors, enforce_sorted=False)
    output, ends = module(packed, begins[0] if len(begins) == 1 else tuple(begins))
    expected = PACKED.unpack_sequence(output)
    ends = list(ends) if len(begins) == 2 else [ends]
    for a, b in zip([*ys, *lasts], [*expected, *ends], strict=True):
        np.testing.assert_allclose(a.array, b.detach().numpy(), rtol=1e-10, atol=1e-12)

    weights = [rng.standard_normal(y.shape) for y in [*ys, *lasts]]
    total: Any = sum(F.sum(y * w) for y, w in zip([*ys, *lasts], weights, strict=True))
    total.backward()
    sum((y * torch.tensor(w)).sum() for y, w in zip([*expected, *ends], weights, strict=True)).backward()
    for a, b in zip([*xs, *firsts], [*tensors, *begins], strict=True):
        np.testing.assert_allclose(a.grad, b.grad.numpy(), rtol=1e-9, atol=1e-11)
    for k, layer in enumerate(ours):
        ending = f"l{k // ours.direction}{'_reverse' * (k % ours.direction)}"
        for letter, word in (("w", "weight"), ("b", "bias")):
            mine = [getattr(layer, f"{letter}{j}").grad for j in range(2 * gates)]
            for kind, part in (("ih", mine[:gates]), ("hh", mine[gates:])):
                np.testing.assert_allclose(
                    np.concatenate(part), getattr(module, f"{word}_{kind}_{ending}").grad.numpy(), rtol=1e-9, atol=1e-11
                )


def test_lstm_cell() -> None:
    rng = np.random.default_rng(0)
    module = torch.nn.LSTMCell(3, 5, dtype=torch.float64)
    order = [2, 0, 1, 3]  # a, i, f, o of torch's i, f, a, o
    x, h, c = (rng.standard_normal((4, n)) for n in (3, 5, 5))
    expected = module(torch.tensor(x), (torch.tensor(h), torch.tensor(c)))
    gates = x @ module.weight_ih.detach().numpy().T + h @ module.weight_hh.detach().numpy().T
    gates = gates + module.bias_ih.detach().numpy() + module.bias_hh.detach().numpy()
    interleaved = gates.reshape(4, 4, 5)[:, order].transpose(0, 2, 1).reshape(4, 20)
    for a, b in zip(F.lstm(c, interleaved)[::-1], expected, strict=True):
        np.testing.assert_allclose(a, b.detach().numpy(), rtol=1e-12)
