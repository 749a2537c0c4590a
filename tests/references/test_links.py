"""Links have torch's values and gradients, in their inputs and in every parameter: each row is a link and the same in torch's words."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import catena.nn.functions as F
import catena.nn.links as L
from catena.autograd import Variable, using_config

torch = pytest.importorskip("torch")
T = torch.nn.functional

Shape = tuple[int, ...]


class Row(NamedTuple):
    """A link's name and arguments, torch's function of its parameters `p` by path and of the inputs, and the inputs' shapes."""

    name: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    theirs: Callable[..., Any]
    shapes: list[Shape]
    train: bool = True

    def __str__(self) -> str:
        return f"{self.name}{self.arguments}".replace(" ", "") + "".join(f",{k}={v}" for k, v in self.options.items())


def row(name: str, *arguments: Any, theirs: Any, shapes: list[Shape], train: bool = True, **options: Any) -> Row:
    return Row(name, arguments, options, theirs, shapes, train)


# ------------------------------------------------------------------------------------------------------- windows

WINDOWS = [
    dict(zip(("stride", "pad", "dilate", "groups"), values, strict=True))
    for values in itertools.product([1, 2], [0, 1], [1, 2], [1, 2])
]
OVER = {1: (T.conv1d, T.conv_transpose1d), 2: (T.conv2d, T.conv_transpose2d), 3: (T.conv3d, T.conv_transpose3d)}


def convolutions(n: int, stride: int, pad: int, dilate: int, groups: int) -> list[Row]:
    """Both names of a convolution over n axes, and of its transposed form."""

    def forward(p: Any, x: Any) -> Any:
        return OVER[n][0](x, p["W"], p["b"], stride, pad, dilate, groups)

    def transposed(p: Any, x: Any) -> Any:
        return OVER[n][1](x, p["W"], p["b"], stride, pad, 0, groups, dilate)

    options: dict[str, Any] = {"stride": stride, "pad": pad, "dilate": dilate, "groups": groups}
    wide, narrow = [(2, 4, *(6,) * n)], [(2, 4, *(3,) * n)]
    return [
        row(f"Convolution{n}D", 4, 6, 3, theirs=forward, shapes=wide, **options),
        row("ConvolutionND", n, 4, 6, 3, theirs=forward, shapes=wide, **options),
        row(f"Deconvolution{n}D", 4, 6, 3, theirs=transposed, shapes=narrow, **options),
        row("DeconvolutionND", n, 4, 6, 3, theirs=transposed, shapes=narrow, **options),
    ]


def depthwise(p: Any, x: Any) -> Any:
    W = p["W"].transpose(0, 1).flatten(0, 1).unsqueeze(1)
    return T.conv2d(x, W, p["b"], 2, 1, groups=x.shape[1])


def local(p: Any, x: Any) -> Any:
    patches = T.unfold(x, 3).reshape(2, 2, 3, 3, 3, 3)  # image, channel, window, place
    return torch.einsum("nckluv,ouvckl->nouv", patches, p["W"]) + p["b"]


def inception(p: Any, x: Any) -> Any:
    def conv(name: str, x: Any, pad: int = 0) -> Any:
        return T.conv2d(x, p[f"{name}/W"], p[f"{name}/b"], padding=pad)

    parts = [
        conv("conv1", x),
        conv("conv3", T.relu(conv("proj3", x)), 1),
        conv("conv5", T.relu(conv("proj5", x)), 2),
        conv("projp", T.max_pool2d(x, 3, 1, 1)),
    ]
    return T.relu(torch.cat(parts, 1))


def inception_bn(p: Any, x: Any) -> Any:
    def through(x: Any, *names: str) -> Any:
        for name in names:
            x = T.conv2d(x, p[f"{name}/W"], padding=p[f"{name}/W"].shape[-1] // 2)
            x = T.relu(T.batch_norm(x, None, None, p[f"{name}n/gamma"], p[f"{name}n/beta"], training=True, eps=2e-5))
        return x

    pooled = T.max_pool2d(x, 3, 1, 1)
    parts = [through(x, "conv1"), through(x, "proj3", "conv3"), through(x, "proj33", "conv33a", "conv33b")]
    return torch.cat([*parts, through(pooled, "poolp")], 1)


def fire(p: Any, x: Any) -> Any:
    h = T.relu(T.conv2d(x, p["conv1/W"], p["conv1/b"]))
    h = torch.cat([T.conv2d(h, p["conv2/W"], p["conv2/b"]), T.conv2d(h, p["conv3/W"], p["conv3/b"], padding=1)], 1)
    return T.relu(T.batch_norm(h, None, None, p["bn4/gamma"], p["bn4/beta"], training=True, eps=2e-5))


# ------------------------------------------------------------------------------------- statistics of a minibatch


def batch_norm(p: Any, x: Any) -> Any:
    return T.batch_norm(x, None, None, p["gamma"], p["beta"], training=True, eps=2e-5)


def fixed_batch_norm(p: Any, x: Any) -> Any:
    return T.batch_norm(x, torch.zeros(4).double(), torch.ones(4).double(), p["gamma"], p["beta"], eps=2e-5)


def whitened(p: Any, x: Any) -> Any:
    """The square root of the covariance's inverse, of each group of channels."""
    groups = x.transpose(0, 1).reshape(2, 2, -1)
    groups = groups - groups.mean(2, keepdim=True)
    covariance = groups @ groups.mT / groups.shape[2] + 2e-5 * torch.eye(2)
    s, U = torch.linalg.eigh(covariance)
    y = U @ (U.mT @ groups / s.sqrt().unsqueeze(2))
    return y.reshape(4, len(x), -1).transpose(0, 1).reshape(x.shape)


# ------------------------------------------------------------------------------------------------------ recurrent


def lstm_cell(p: Any, x: Any, h: Any, c: Any) -> Any:
    """Torch's own, whose gates are i, f, a, o in blocks where a unit's a, i, f, o lie side by side here."""

    def blocks(W: Any) -> Any:
        return W.reshape(-1, 4, *W.shape[1:])[:, [1, 2, 0, 3]].transpose(0, 1).reshape(W.shape)

    b = blocks(p["upward/b"])
    return torch.lstm_cell(x, (h, c), blocks(p["upward/W"]), blocks(p["lateral/W"]), b, torch.zeros_like(b))


def peephole(p: Any, x: Any, h: Any, c: Any) -> Any:
    a, i, f, o = (T.linear(x, p["upward/W"], p["upward/b"]) + h @ p["lateral/W"].T).reshape(len(x), -1, 4).unbind(2)
    i, f = torch.sigmoid(i + c @ p["peep_i/W"].T), torch.sigmoid(f + c @ p["peep_f/W"].T)
    c = torch.tanh(a) * i + c * f
    return torch.tanh(c) * torch.sigmoid(o + c @ p["peep_o/W"].T), c


def gru(p: Any, h: Any, x: Any) -> Any:
    def linear(name: str, x: Any) -> Any:
        return T.linear(x, p[f"{name}/W"], p[f"{name}/b"])

    r = torch.sigmoid(linear("W_r", x) + linear("U_r", h))
    z = torch.sigmoid(linear("W_z", x) + linear("U_z", h))
    return torch.lerp(h, torch.tanh(linear("W", x) + linear("U", r * h)), z)


def mgu(p: Any, h: Any, x: Any) -> Any:
    f = torch.sigmoid(T.linear(torch.cat([h, x], 1), p["W_f/W"], p["W_f/b"]))
    return torch.lerp(h, torch.tanh(T.linear(torch.cat([f * h, x], 1), p["W_h/W"], p["W_h/b"])), f)


def twice(step: Callable[..., Any]) -> Callable[..., Any]:
    """What a link that keeps its state gives for two times, of a step of (p, x, states) that gives the next states."""

    def both(p: Any, x: Any, y: Any) -> Any:
        h = torch.zeros(len(x), 4, dtype=x.dtype)
        states = step(p, y, *step(p, x, h, h))
        return states[0]

    return both


def gru_twice(p: Any, x: Any, y: Any) -> Any:
    """As Chainer's, the first time has no state, and so not the biases of the state's products either."""
    z, a = (T.linear(x, p[f"{name}/W"], p[f"{name}/b"]) for name in ("W_z", "W"))
    return gru(p, torch.sigmoid(z) * torch.tanh(a), y)


def mgu_step(p: Any, x: Any, h: Any, _: Any) -> Any:
    h = mgu(p, h, x)
    return h, h


# ---------------------------------------------------------------------------------------------------------- table

IDS = np.array([[3, 0, 3], [1, 1, 2]])
LABELS = np.array([2, 0, 1, 0, 2])
X, IMAGES, TIMES = [(5, 3)], [(2, 3, 6, 6)], [(5, 3), (5, 3)]
STATES = [(5, 4), (5, 4), (5, 3)]

ROWS = [
    *(one for n in (1, 2, 3) for window in WINDOWS for one in convolutions(n, **window)),
    row("DilatedConvolution2D", 3, 4, 3, 1, 2, 2, theirs=lambda p, x: T.conv2d(x, p["W"], p["b"], 1, 2, 2), shapes=IMAGES),
    row("DepthwiseConvolution2D", 3, 2, 3, 2, 1, theirs=depthwise, shapes=IMAGES),
    row("LocalConvolution2D", 2, 4, (5, 5), 3, theirs=local, shapes=[(2, 2, 5, 5)]),
    row(
        "MLPConvolution2D", 3, (4, 5), 3, pad=1,
        theirs=lambda p, x: T.conv2d(T.relu(T.conv2d(x, p["0/W"], p["0/b"], padding=1)), p["1/W"], p["1/b"]), shapes=IMAGES,
    ),
    row("Inception", 3, 2, 3, 4, 5, 6, 7, theirs=inception, shapes=IMAGES),
    row("InceptionBN", 3, 2, 3, 4, 5, 6, "max", 7, theirs=inception_bn, shapes=IMAGES),
    row("Fire", 3, 4, 5, 6, theirs=fire, shapes=IMAGES),
    row("Linear", 3, 4, theirs=lambda p, x: T.linear(x, p["W"], p["b"]), shapes=X),
    row("Linear", 6, 4, nobias=True, theirs=lambda p, x: T.linear(x.flatten(1), p["W"]), shapes=[(5, 2, 3)]),
    row("SimplifiedDropconnect", 3, 4, theirs=lambda p, x: T.linear(x, p["W"], p["b"]), shapes=X, train=False),
    row("Bias", 1, (3,), theirs=lambda p, x: x + p["b"][:, None], shapes=[(5, 3, 2)]),
    row("Scale", 1, (3,), True, theirs=lambda p, x: x * p["W"][:, None] + p["bias/b"][:, None], shapes=[(5, 3, 2)]),
    row(
        "Bilinear", 3, 2, 4, shapes=[(5, 3), (5, 2)],
        theirs=lambda p, x, y: T.bilinear(x, y, p["W"].permute(2, 0, 1), p["b"]) + x @ p["V1"] + y @ p["V2"],
    ),
    row("Maxout", 3, 4, 2, theirs=lambda p, x: T.linear(x, p["linear/W"], p["linear/b"]).reshape(5, 4, 2).amax(2), shapes=X),
    row(
        "Highway", 3, shapes=X,
        theirs=lambda p, x: torch.lerp(
            x, T.relu(T.linear(x, p["plain/W"], p["plain/b"])), torch.sigmoid(T.linear(x, p["transform/W"], p["transform/b"]))
        ),
    ),
    row("PReLU", (3,), theirs=lambda p, x: T.prelu(x, p["W"]), shapes=X),
    row("Swish", (3,), theirs=lambda p, x: x * torch.sigmoid(p["beta"] * x), shapes=X),
    row("Dropout", 0.5, theirs=lambda p, x: T.dropout(x, 0.5, training=False), shapes=X, train=False),
    row("BatchNormalization", 4, theirs=batch_norm, shapes=[(6, 4)]),
    row("BatchNormalization", 4, theirs=batch_norm, shapes=[(3, 4, 2, 3)]),
    row("BatchNormalization", 4, theirs=fixed_batch_norm, shapes=[(3, 4, 2, 3)], train=False),
    row("BatchRenormalization", 4, theirs=fixed_batch_norm, shapes=[(3, 4, 2, 3)], train=False),
    row("DecorrelatedBatchNormalization", 4, 2, dtype="float64", theirs=whitened, shapes=[(7, 4, 2, 3)]),
    row("LayerNormalization", 3, theirs=lambda p, x: T.layer_norm(x, (3,), p["gamma"], p["beta"], 1e-6), shapes=X),
    row("RMSNorm", 3, theirs=lambda p, x: T.rms_norm(x, (3,), p["gamma"], 1e-6), shapes=X),
    row("GroupNormalization", 2, 4, theirs=lambda p, x: T.group_norm(x, 2, p["gamma"], p["beta"]), shapes=[(3, 4, 5)]),
    row(
        "InstanceNormalization", 4, theirs=lambda p, x: T.instance_norm(x, weight=p["gamma"], bias=p["beta"]), shapes=[(3, 4, 5)]
    ),
    row("LSTM", 3, 4, theirs=twice(lstm_cell), shapes=TIMES),
    row("StatefulPeepholeLSTM", 3, 4, theirs=twice(peephole), shapes=TIMES),
    row("StatefulGRU", 3, 4, theirs=gru_twice, shapes=TIMES),
    row("GRU", 3, 4, theirs=gru_twice, shapes=TIMES),
    row("StatefulMGU", 3, 4, theirs=twice(mgu_step), shapes=TIMES),
    row("StatelessLSTM", 3, 4, theirs=lambda p, c, h, x: torch.cat(lstm_cell(p, x, h, c)[::-1]), shapes=STATES),
    row("StatelessGRU", 3, 4, theirs=gru, shapes=STATES[1:]),
    row("StatelessMGU", 3, 4, theirs=mgu, shapes=STATES[1:]),
]  # fmt: skip


def made(row: Row) -> Any:
    """The link in double precision, with random parameters."""
    with using_config("dtype", "float64"):
        link = getattr(L, row.name)(*row.arguments, **row.options)
    rng = np.random.default_rng(1)
    for p in link.params():
        p.array = rng.standard_normal(p.shape)
    return link


def called(link: Any, xs: list[Any]) -> Any:
    """What it gives; where it keeps a state, after each of the inputs in turn; several outputs one below the other."""
    if hasattr(link, "reset_state"):
        return [link(x) for x in xs][-1]
    y = link(*xs)
    return F.concat(y, axis=0) if isinstance(y, tuple) else y


def compare(link: Any, ours: Callable[..., Any], theirs: Callable[..., Any], xs: list[Any]) -> None:
    """The values, and the gradients in the inputs and in every parameter for a random cotangent."""
    variables, tensors = [Variable(x) for x in xs], [torch.tensor(x, requires_grad=True) for x in xs]
    p = {path[1:]: torch.tensor(q.array, requires_grad=True) for path, q in link.namedparams()}
    y, expected = ours(variables), theirs(p, *tensors)
    np.testing.assert_allclose(y.array, expected.detach().numpy(), rtol=1e-9, atol=1e-10)
    g = np.random.default_rng(2).standard_normal(y.shape)
    y.backward(grad=g)
    expected.backward(torch.tensor(g))
    pairs = [(f"input {i}", v, t) for i, (v, t) in enumerate(zip(variables, tensors, strict=True))]
    for name, v, t in pairs + [(path, q, p[path[1:]]) for path, q in link.namedparams()]:
        np.testing.assert_allclose(v.grad, t.grad.numpy(), rtol=1e-8, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_agrees(row: Row) -> None:
    link = made(row)
    rng = np.random.default_rng(0)
    xs = [rng.standard_normal(shape) for shape in row.shapes]
    with using_config("train", row.train):
        compare(link, lambda variables: called(link, variables), row.theirs, xs)


def test_embeddings() -> None:
    link = made(row("EmbedID", 5, 4, theirs=None, shapes=[]))
    compare(link, lambda _: link(IDS), lambda p: T.embedding(torch.tensor(IDS), p["W"]), [])


def test_classifier() -> None:
    link = L.Classifier(made(row("Linear", 4, 3, theirs=None, shapes=[])))
    x = np.random.default_rng(0).standard_normal((5, 4))
    compare(
        link,
        lambda variables: link(*variables, LABELS),
        lambda p, x: T.cross_entropy(T.linear(x, p["predictor/W"], p["predictor/b"]), torch.tensor(LABELS)),
        [x],
    )
