"""Every optimizer and hook: the numbers of Chainer 7.8.1, or of the paper's formula, as one fused loop, with its state kept."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import catena.nn as nn
import xparray as xp
from catena.nn.serializers import load_npz, save_npz
from catena.training import optimizers
from catena.training.optimizers import (
    LAMB,
    GradientHardClipping,
    GradientLARS,
    GradientNoise,
    Lasso,
    Lion,
    NAdam,
)

GOLDEN = json.loads((Path(__file__).parent / "golden" / "optimizers.json").read_text(encoding="utf-8"))
START, GRADIENTS = np.array(GOLDEN["start"]), np.array(GOLDEN["gradients"])


def link_of(p: Any) -> nn.Link:
    link = nn.Link()
    with link.init_scope():
        link.p = nn.Parameter(p)
    return link


def updated(optimizer: Any, hooks: Any = (), dtype: str = "float64", device: str = "numpy") -> np.ndarray:
    """The parameter after the given gradients."""
    link = link_of(xp.asarray(START.copy(), dtype=dtype, device=device))
    optimizer.setup(link)
    for hook in hooks:
        optimizer.add_hook(hook)
    for g in GRADIENTS:
        link.p.grad = xp.asarray(g.copy(), dtype=dtype, device=device)
        optimizer.update()
    return xp.to_device(link.p.array, "numpy")


@pytest.mark.parametrize("device", ["numpy", "numba", "strict:device1"])
@pytest.mark.parametrize(
    "case", GOLDEN["cases"], ids=lambda c: " ".join([c["optimizer"], *map(str, c["options"]), *c["hooks"]])
)
def test_they_do_as_chainer_did(case: Any, device: str) -> None:
    optimizer = getattr(optimizers, case["optimizer"])(**case["options"])
    hooks = [getattr(optimizers, name)(**arguments) for name, arguments in case["hooks"].items()]
    np.testing.assert_allclose(updated(optimizer, hooks, device=device), case["p"], rtol=1e-12, atol=1e-14)


def by_nadam(p: Any, alpha: float, beta1: float, beta2: float, eps: float) -> Any:
    m = v = 0
    for t, g in enumerate(GRADIENTS, 1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        mean = beta1 * m / (1 - beta1 ** (t + 1)) + (1 - beta1) * g / (1 - beta1**t)
        p = p - alpha * mean / (np.sqrt(v / (1 - beta2**t)) + eps)
    return p


def by_lion(p: Any, alpha: float, beta1: float, beta2: float, weight_decay_rate: float) -> Any:
    m = 0
    for g in GRADIENTS:
        p = p - alpha * (np.sign(beta1 * m + (1 - beta1) * g) + weight_decay_rate * p)
        m = beta2 * m + (1 - beta2) * g
    return p


def by_lamb(p: Any, alpha: float, beta1: float, beta2: float, eps: float, weight_decay_rate: float) -> Any:
    m = v = 0
    for t, g in enumerate(GRADIENTS, 1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        step = m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps) + weight_decay_rate * p
        p = p - alpha * np.linalg.norm(p) / np.linalg.norm(step) * step
    return p


@pytest.mark.parametrize("device", ["numpy", "numba", "strict:device1"])
@pytest.mark.parametrize(
    ("cls", "formula", "options"),
    [
        (NAdam, by_nadam, {"alpha": 0.1, "beta1": 0.7, "beta2": 0.8, "eps": 0.01}),
        (Lion, by_lion, {"alpha": 0.1, "beta1": 0.7, "beta2": 0.8, "weight_decay_rate": 0.1}),
        (LAMB, by_lamb, {"alpha": 0.1, "beta1": 0.7, "beta2": 0.8, "eps": 0.01, "weight_decay_rate": 0.1}),
    ],
)
def test_they_do_as_their_papers_say(cls: Any, formula: Any, options: Any, device: str) -> None:
    np.testing.assert_allclose(updated(cls(**options), device=device), formula(START, **options), rtol=1e-12)


def test_lamb_takes_the_plain_step_where_a_norm_is_zero() -> None:
    link = link_of(np.zeros(3))
    optimizer = LAMB(alpha=0.1).setup(link)
    link.p.grad = np.array([1.0, -2.0, 3.0])
    optimizer.update()
    np.testing.assert_allclose(link.p.array, [-0.1, 0.1, -0.1], rtol=1e-5)


STATES = {
    "SGD": "",
    "MomentumSGD": "v",
    "CorrectedMomentumSGD": "v",
    "NesterovAG": "v",
    "MSVAG": "m v",
    "AdaGrad": "h",
    "AdaDelta": "msg msdx",
    "RMSprop": "ms",
    "RMSpropGraves": "n g delta",
    "SMORMS3": "mem g g2",
    "Adam": "m v",
    "AdamW": "m v",
    "AMSGrad": "m v vhat",
    "AdaBound": "m v",
    "AMSBound": "m v vhat",
    "NAdam": "m v",
    "Lion": "m",
    "LAMB": "m v",
}


@pytest.mark.parametrize("name", STATES)
def test_keys_in_the_file_are_chainers_and_a_restored_one_goes_on_to_the_bit(tmp_path: Path, name: str) -> None:
    def stepped(link: nn.Link, optimizer: Any, gradients: Any) -> None:
        for g in gradients:
            link.p.grad = g.astype(np.float32)
            optimizer.update()

    first, second = link_of(START.astype(np.float32)), link_of(START.astype(np.float32))
    optimizer = getattr(optimizers, name)().setup(first)
    stepped(first, optimizer, GRADIENTS[:3])
    save_npz(tmp_path / "optimizer.npz", optimizer)
    with np.load(tmp_path / "optimizer.npz") as file:
        assert set(file) == {"t", "epoch", "p/t", *(f"p/{s}" for s in STATES[name].split())}
    restored = getattr(optimizers, name)().setup(second)
    load_npz(tmp_path / "optimizer.npz", restored)
    second.p.array[...] = first.p.array
    stepped(first, optimizer, GRADIENTS[3:])
    stepped(second, restored, GRADIENTS[3:])
    assert (first.p.array == second.p.array).all()


@pytest.mark.skipif(not xp.jit_enabled(), reason="needs numba, and compilation switched on")
@pytest.mark.parametrize("device", ["numpy", "numba"])
def test_every_formula_runs_as_one_fused_loop(device: str) -> None:
    for case in GOLDEN["cases"]:
        hooks = [getattr(optimizers, name)(**arguments) for name, arguments in case["hooks"].items()]
        updated(
            getattr(optimizers, case["optimizer"])(**case["options"]), [*hooks, GradientNoise(0.1)], "float32", device
        )
    for cls in (NAdam, Lion, LAMB):
        updated(cls(), (), "float32", device)
    modules = [getattr(optimizers, name) for name in ("_adam", "_adaptive", "_gradient_descent", "_hooks", "_recent")]
    formulas = [f for module in modules for f in vars(module).values() if isinstance(f, xp.Elementwise)]
    assert len(formulas) > 20
    assert {f.__name__: f.why_not for f in formulas} == {f.__name__: None for f in formulas}


def test_a_schedule_of_alpha_moves_the_bounds_along() -> None:
    link = link_of(START.copy())
    optimizer = optimizers.AdaBound(alpha=0.1, final_lr=0.5, gamma=1.0).setup(link)
    with pytest.raises(ValueError, match="bounds: there was no update yet"):
        _ = link.p.update_rule.bounds
    link.p.grad = GRADIENTS[0].copy()
    optimizer.update()
    assert link.p.update_rule.bounds == (0.25, 1.0)
    optimizer.alpha = 0.2
    assert link.p.update_rule.bounds == (0.5, 2.0)


def test_noise_becomes_less_and_follows_the_seed() -> None:
    def noise(t: int) -> np.ndarray:
        xp.random.seed(0)
        link = link_of(np.zeros(10_000))
        optimizer = optimizers.SGD(lr=1.0).setup(link)
        optimizer.add_hook(GradientNoise(0.3))
        link.p.update_rule.t = t
        link.p.grad = np.zeros(10_000)
        optimizer.update()
        return link.p.array

    assert noise(0).std() == pytest.approx(np.sqrt(0.3), rel=0.03)
    assert noise(99).std() == pytest.approx(np.sqrt(0.3 / 100**0.55), rel=0.03)
    assert (noise(5) == noise(5)).all()


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: Lasso(), TypeError, "Lasso: rate is missing; pass the factor of the penalty, such as Lasso(0.0005)"),
        (lambda: Lasso("x"), TypeError, "Lasso: rate is 'x' (str); expected a number"),
        (lambda: GradientHardClipping(1, -1), ValueError, "lower_bound is 1.0, upper_bound -1.0; give the lower one first"),
        (lambda: GradientNoise(-1), ValueError, "GradientNoise: eta is -1.0; expected a variance, 0 or more"),
        (lambda: GradientNoise(1, 2), TypeError, "GradientNoise: noise_func is 2 (int); expected a function"),
        (lambda: GradientLARS(eps=np.nan), ValueError, "GradientLARS: eps is nan; expected a finite number"),
        (lambda: optimizers.AdaDelta(rho=1), ValueError, "AdaDelta: rho is 1.0; expected a number from 0 to below 1"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        make()
    assert text in str(caught.value)
