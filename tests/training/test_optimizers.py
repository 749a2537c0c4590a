"""Optimizers: formulas, hyperparameters, hooks, and going on after a stop."""

from __future__ import annotations

import copy
import functools
import pickle
import re
import warnings

import numpy as np
import pytest

import catena.autograd as ag
import catena.nn as nn
import catena.nn.links as L
import xparray as xp
from catena.nn.link_hooks import WeightNormalization
from catena.nn.serializers import load_npz, save_npz
from catena.training.optimizers import (
    SGD,
    Adam,
    GradientClipping,
    GradientMethod,
    Hyperparameter,
    HyperparameterProxy,
    MomentumSGD,
    Optimizer,
    UpdateRule,
    WeightDecay,
)
from catena.training.optimizers._adam import _adam, _amsgrad
from catena.training.optimizers._gradient_descent import _momentum_sgd, _sgd
from catena.training.optimizers._hooks import _decay, _scale

RNG = np.random.default_rng(0)
START = RNG.normal(size=(3, 4))
GRADIENTS = RNG.normal(size=(5, 3, 4))


class Model(nn.Link):
    """A link with the parameters W and b, and a loss that pulls both towards zero."""

    def __init__(self, W=(1.0, -2.0), b=(3.0,), dtype="float32", device="numpy"):
        super().__init__()
        with self.init_scope():
            self.W = nn.Parameter(xp.to_device(np.array(W, dtype), device))
            self.b = nn.Parameter(xp.to_device(np.array(b, dtype), device))

    def __call__(self, scale=1.0):
        return ((self.W * self.W).sum() + (self.b * self.b).sum()) * scale


def values(model):
    return {name: xp.to_device(p.array, "numpy").tolist() for name, p in sorted(model.namedparams())}


def filled(W, b, **options):
    """A model whose gradients are set by hand."""
    model = Model(**options)
    for p, g in ((model.W, W), (model.b, b)):
        p.grad = xp.to_device(np.array(g, p.dtype if isinstance(p.array, np.ndarray) else "float32"), p.device)
    return model


def by_sgd(p, gradients, lr=0.01):
    for g in gradients:
        p = p - lr * g
    return p


def by_momentum(p, gradients, lr=0.01, momentum=0.9):
    v = 0
    for g in gradients:
        v = momentum * v - lr * g
        p = p + v
    return p


def by_adam(
    p, gradients, alpha=0.001, beta1=0.9, beta2=0.999, eps=1e-8, eta=1.0, weight_decay_rate=0.0, amsgrad=False
):  # fmt: skip
    m = v = vhat = 0
    for t, g in enumerate(gradients, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        vhat = np.maximum(vhat, v)
        alpha_t = alpha * np.sqrt(1 - beta2**t) / (1 - beta1**t)
        root = np.sqrt(vhat if amsgrad else v)
        p = p - eta * (alpha_t * m / (root + eps) + weight_decay_rate * p)
    return p


FORMULAS = [
    (SGD, by_sgd, {}),
    (SGD, by_sgd, {"lr": 0.5}),
    (MomentumSGD, by_momentum, {}),
    (MomentumSGD, by_momentum, {"lr": 0.5, "momentum": 0.3}),
    (Adam, by_adam, {}),
    (Adam, by_adam, {"alpha": 0.1, "beta1": 0.5, "beta2": 0.6, "eps": 0.01}),
    (Adam, by_adam, {"alpha": 0.1, "eta": 0.5, "weight_decay_rate": 0.1}),
    (Adam, by_adam, {"alpha": 0.1, "amsgrad": True, "beta2": 0.3}),
]
names = [f"{cls.__name__} {options or ''}".strip() for cls, _, options in FORMULAS]


def run(cls, options, *, dtype, device, jit=None):
    """The parameter after five given gradients, in double precision."""
    model = nn.Link()
    with model.init_scope():
        model.p = nn.Parameter(xp.to_device(START.astype(dtype), device))
    memory = model.p.array
    optimizer = cls(**options).setup(model)
    for g in GRADIENTS:
        model.p.grad = xp.to_device(g.astype(dtype), device)
        optimizer.update()
    assert model.p.array is memory
    assert optimizer.t == model.p.update_rule.t == len(GRADIENTS)
    state = model.p.update_rule.state.values()
    assert all(xp.device_of(s) == xp.device_of(memory) and s.dtype == memory.dtype for s in state)
    return xp.to_device(memory, "numpy").astype("float64")


@pytest.mark.parametrize(("cls", "formula", "options"), FORMULAS, ids=names)
@pytest.mark.parametrize("device", ["numpy", "numba", "strict", "strict:device1"])
@pytest.mark.parametrize(("dtype", "rtol"), [("float32", 1e-5), ("float64", 1e-12)])
def test_formulas(cls, formula, options, device, dtype, rtol):
    np.testing.assert_allclose(
        run(cls, options, dtype=dtype, device=device), formula(START, GRADIENTS, **options), rtol
    )


@pytest.mark.parametrize(("cls", "formula", "options"), FORMULAS, ids=names)
def test_formulas_without_compilation(cls, formula, options):
    with xp.jit(False):
        y = run(cls, options, dtype="float32", device="numpy")
    np.testing.assert_allclose(y, formula(START, GRADIENTS, **options), 1e-5)


@pytest.mark.skipif(not xp.jit_enabled(), reason="needs numba, and compilation switched on")
@pytest.mark.parametrize("device", ["numpy", "numba"])
def test_every_formula_runs_as_one_fused_loop(device):
    kernels = [_sgd, _momentum_sgd, _adam, _amsgrad, _decay, _scale]
    for cls, _, options in FORMULAS:
        run(cls, options, dtype="float32", device=device)
    model = filled([3.0, 4.0], [12.0], device=device)
    optimizer = SGD().setup(model)
    model.W.update_rule.hyperparam.lr = np.float64(0.5)
    optimizer.add_hook(WeightDecay(0.1))
    optimizer.add_hook(GradientClipping(1.0))
    optimizer.update()
    assert {kernel.__name__: kernel.why_not for kernel in kernels} == {kernel.__name__: None for kernel in kernels}


@pytest.mark.parametrize(("cls", "options"), [(SGD, {}), (MomentumSGD, {}), (Adam, {"eps": 1e-3})])
def test_float16_parameters_are_updated_in_float16(cls, options):
    y = run(cls, {**options}, dtype="float16", device="numpy")
    formula = {SGD: by_sgd, MomentumSGD: by_momentum, Adam: by_adam}[cls]
    np.testing.assert_allclose(y, formula(START, GRADIENTS, **options), 2e-2, 2e-3)


def half(value=1.0):
    model = nn.Link()
    with model.init_scope():
        model.p = nn.Parameter(np.full(3, value, "float16"))
        model.q = nn.Parameter(np.full(2, value, "float32"))
    return model


@pytest.mark.parametrize("cls", [SGD, MomentumSGD, Adam])
@pytest.mark.parametrize("before_setup", [False, True])
def test_float16_parameters_can_be_updated_through_a_float32_copy(cls, before_setup):
    """Steps that float16 would round off, one by one, add up."""
    model, optimizer = half(), cls(2.0**-13)
    if before_setup:
        optimizer.use_fp32_update()
    optimizer.setup(model)
    if not before_setup:
        optimizer.use_fp32_update()
    single = half()
    single.p.array = single.p.array.astype("float32")
    expected = cls(2.0**-13).setup(single)
    memory = model.p.array
    for _ in range(20):
        for link, each in ((model, optimizer), (single, expected)):
            link.p.grad, link.q.grad = np.ones(3, link.p.dtype), np.ones(2, "float32")
            each.update()
    assert model.p.array is memory
    assert np.array_equal(memory, single.p.array.astype("float16"))
    assert (memory < 1).all()
    assert np.array_equal(model.q.array, single.q.array)
    state = model.p.update_rule.state
    assert {value.dtype for value in state.values()} == {np.dtype("float32")}
    assert np.array_equal(state["fp32_param"], single.p.array)
    assert "fp32_param" not in (model.q.update_rule.state or {})
    assert model.p.update_rule.t == optimizer.t == 20


def test_a_float32_copy_follows_a_parameter_that_a_program_changes():
    model = half()
    optimizer = SGD(lr=2.0**-13).setup(model)
    optimizer.use_fp32_update()
    for _ in range(2):
        model.p.grad = np.ones(3, "float16")
        optimizer.update()
    model.p.array[0] = 5
    model.p.grad = np.zeros(3, "float16")
    optimizer.update()
    assert model.p.update_rule.state["fp32_param"].tolist() == [5, 1 - 2.0**-12, 1 - 2.0**-12]
    optimizer.use_fp32_update(False)
    model.p.grad = np.full(3, 2.0**-3, "float16")
    optimizer.update()
    assert model.p.array.tolist() == [5, 1, 1]  # in float16 nothing is left of the step


def test_a_float32_copy_is_saved(tmp_path):
    def begin():
        model = half()
        optimizer = MomentumSGD(lr=2.0**-13).setup(model)
        optimizer.use_fp32_update()
        return model, optimizer

    def go_on(model, optimizer, n):
        for _ in range(n):
            model.p.grad = np.ones(3, "float16")
            optimizer.update()

    whole, resumed = begin(), begin()
    go_on(*whole, 3)
    save_npz(tmp_path / "model.npz", whole[0])
    save_npz(tmp_path / "optimizer.npz", whole[1])
    load_npz(tmp_path / "model.npz", resumed[0])
    load_npz(tmp_path / "optimizer.npz", resumed[1])
    for model, optimizer in (whole, resumed):
        go_on(model, optimizer, 3)
    a, b = (model.p.update_rule.state["fp32_param"] for model, _ in (whole, resumed))
    assert np.array_equal(a, b)
    plain = SGD().setup(half())
    with pytest.raises(ValueError, match="fp32_param"):
        load_npz(tmp_path / "optimizer.npz", plain)


def test_a_hook_may_be_for_some_parameters():
    """A decay that spares biases, scales of normalization, and those of weight normalization."""
    model = nn.Sequential(L.Linear(2, 3), L.BatchNormalization(3))
    model[0].add_hook(WeightNormalization())
    before = {name: p.array.copy() for name, p in model.namedparams()}
    optimizer = SGD(lr=1).setup(model)
    optimizer.add_hook(WeightDecay(0.5), where=lambda p: p.ndim > 1)
    for p in model.params():
        p.grad = np.zeros_like(p.array)
    optimizer.update()
    decayed = {name for name, p in model.namedparams() if not np.array_equal(p.array, before[name])}
    assert decayed == {"/0/W"}
    optimizer.remove_hook("WeightDecay")
    with pytest.raises(
        ValueError, match=r"SGD.add_hook: where is given, but .*GradientClipping.* is called once for all parameters"
    ):
        optimizer.add_hook(GradientClipping(1), where=lambda p: True)


def test_parameters_without_a_gradient_can_have_zeros():
    """Then hooks and what the rule remembers change them."""

    def begin():
        model = Model()
        optimizer = SGD(lr=1).setup(model)
        optimizer.add_hook(WeightDecay(0.5))
        return model, optimizer, model.W.array.copy(), model.b.array.copy()

    model, optimizer, W, b = begin()
    optimizer.update(lambda: model.W.sum())
    assert model.b.grad is None
    assert np.array_equal(model.b.array, b)
    model, optimizer, W, b = begin()
    optimizer.use_cleargrads(False)
    optimizer.update(lambda: model.W.sum())
    assert np.array_equal(model.W.array, W - (1 + 0.5 * W))
    assert np.array_equal(model.b.array, b - 0.5 * b)
    model, optimizer, W, b = begin()
    model.b.grad = np.ones_like(b)
    optimizer.reallocate_cleared_grads()
    assert (model.W.grad.tolist(), model.b.grad.tolist()) == (np.zeros_like(W).tolist(), np.ones_like(b).tolist())
    optimizer.update()
    assert np.array_equal(model.W.array, W - 0.5 * W)
    with pytest.raises(
        ValueError, match=r"SGD.reallocate_cleared_grads: there is nothing to optimize; call optimizer.setup"
    ):
        SGD().reallocate_cleared_grads()


@pytest.mark.parametrize("cls", [SGD, MomentumSGD, Adam])
@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 0, 3)])
def test_small_and_empty_parameters(cls, shape):
    model = nn.Link()
    with model.init_scope():
        model.p = nn.Parameter(np.ones(shape, "float32"))
    model.p.grad = np.ones(shape, "float32")
    cls().setup(model).update()
    assert model.p.shape == shape
    assert (model.p.array < 1).all()


@pytest.mark.parametrize("cls", [SGD, MomentumSGD, Adam])
def test_parameters_in_any_memory_order(cls):
    model = nn.Link()
    with model.init_scope():
        model.p = nn.Parameter(START.copy(order="F"))
        model.q = nn.Parameter(START.copy())
    model.p.grad = GRADIENTS[0]
    model.q.grad = GRADIENTS[0]
    cls().setup(model).update()
    np.testing.assert_allclose(model.p.array, model.q.array, 1e-12)
    assert not np.array_equal(model.p.array, START)


@pytest.mark.parametrize("cls", [SGD, MomentumSGD, Adam])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("hook", [None, GradientClipping(1.0), WeightDecay(0.1)])
def test_a_gradient_that_is_no_number_shows(cls, bad, hook):
    model = filled([bad, 1.0], [1.0])
    optimizer = cls().setup(model)
    if hook is not None:
        optimizer.add_hook(hook)
    with np.errstate(invalid="ignore"):
        optimizer.update()
    assert not np.isfinite(model.W.array[0])
    assert np.isfinite(model.W.array[1]) and np.isfinite(model.b.array[0])


def test_defaults_are_chainers():
    sgd, momentum, adam = SGD(), MomentumSGD(), Adam()
    assert sgd.hyperparam.get_dict() == {"lr": 0.01}
    assert momentum.hyperparam.get_dict() == {"lr": 0.01, "momentum": 0.9}
    assert adam.hyperparam.get_dict() == {
        "alpha": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "eta": 1.0, "weight_decay_rate": 0.0, "amsgrad": False,
        "adabound": False, "final_lr": 0.1, "gamma": 0.001,
    }  # fmt: skip
    assert (adam.target, adam.t, adam.epoch, adam.use_auto_new_epoch, adam.amsgrad) == (None, 0, 0, False, False)


def test_update_of_a_loss_clears_computes_and_steps():
    model = Model(W=[1.0, -2.0], b=[3.0])
    optimizer = SGD(lr=0.25).setup(model)
    for n in range(1, 4):
        optimizer.update(model, scale=1.0)
        assert values(model) == {"/W": [0.5**n, -2 * 0.5**n], "/b": [3 * 0.5**n]}
    assert optimizer.t == 3


def test_update_frees_the_graph_of_the_loss():
    model = Model()
    kept = []
    SGD().setup(model).update(lambda: kept.append(model()) or kept[0])
    with pytest.raises(RuntimeError, match="free"):
        kept[0].backward()


def test_update_leaves_the_graph_from_before_the_loss():
    generator, judge = nn.Parameter(np.ones(2)), nn.Parameter(np.ones(2))
    models = []
    for parameter in (generator, judge):
        model = nn.Link()
        with model.init_scope():
            model.w = parameter
        models.append(SGD(lr=1.0).setup(model))
    made = generator * 3.0
    judged = made * made * judge
    with ag.using_config("stale_inputs", "warn"), pytest.warns(UserWarning, match="updated in place"):
        models[1].update(lambda: (judged * -1.0).sum())
        models[0].update(lambda y: y.sum(), judged)
    assert judge.array.tolist() == [10, 10]
    assert generator.array.tolist() == [1 - 2 * 9 * 10] * 2  # with the updated judge


def test_backward_through_a_graph_older_than_the_update_is_an_error():
    model = Model()
    old = model()
    SGD().setup(model).update(model)
    with pytest.raises(RuntimeError, match="update"):
        old.backward()


def test_the_first_step_needs_no_clearing():
    model = Model(W=[1.0, -2.0], b=[3.0])
    optimizer = SGD(lr=0.25).setup(model)
    model().backward()
    optimizer.update()
    assert values(model) == {"/W": [0.5, -1.0], "/b": [1.5]}


@pytest.mark.parametrize("device", ["numpy", "numba"])
def test_a_second_update_without_clearing_warns(device):
    model = Model(device=device)
    optimizer = SGD().setup(model)
    model().backward()
    optimizer.update()
    model().backward()
    with pytest.warns(
        UserWarning, match=r"SGD.update: the gradients were not cleared .* call model.cleargrads\(\)"
    ) as w:
        optimizer.update()
    assert w[0].filename == __file__
    with pytest.warns(UserWarning, match="not cleared"):
        optimizer.update()


@pytest.mark.parametrize("clear", [
    lambda m: m.cleargrads(),
    lambda m: m.zerograds(),
    lambda m: [p.cleargrad() for p in m.params()],
    lambda m: [setattr(p, "grad", None) for p in m.params()],
])  # fmt: skip
def test_cleared_gradients_do_not_warn(clear):
    model = Model()
    optimizer = SGD().setup(model)
    for _ in range(4):
        clear(model)
        model().backward()
        optimizer.update()
    model = filled([1.0, 1.0], [1.0])
    g = model.W.grad
    optimizer.setup(model)
    for _ in range(3):
        model.W.grad = g
        optimizer.update()


def test_a_parameter_without_gradient_stays_and_keeps_its_count():
    model = filled([1.0, 1.0], [1.0])
    model.b.cleargrad()
    optimizer = MomentumSGD(lr=1.0).setup(model)
    optimizer.update()
    assert values(model) == {"/W": [0.0, -3.0], "/b": [3.0]}
    assert (model.W.update_rule.t, model.b.update_rule.t, model.b.update_rule.state) == (1, 0, None)


def test_parameters_without_shape_wait_for_it():
    model = nn.Link()
    with model.init_scope():
        model.W = nn.Parameter(nn.initializers.One())
    optimizer = Adam(alpha=0.5).setup(model)
    with pytest.warns(
        UserWarning, match="Adam.update: no parameter has a gradient, so nothing changes; call loss.backward"
    ):
        optimizer.update()
    model.W.initialize((2,))
    model.W.grad = np.ones(2, "float32")
    optimizer.update()
    np.testing.assert_allclose(model.W.array, [0.5, 0.5], 1e-6)


def test_disabled_rules_stay():
    model = filled([1.0, 1.0], [1.0])
    optimizer = SGD(lr=1.0).setup(model)
    model.b.update_rule.enabled = False
    optimizer.update()
    assert values(model) == {"/W": [0.0, -3.0], "/b": [3.0]}


def test_a_parameter_may_have_hyperparameters_of_its_own():
    model = filled([1.0, 1.0], [1.0])
    optimizer = MomentumSGD(lr=1.0).setup(model)
    model.b.update_rule.hyperparam.lr = 0.5
    optimizer.update()
    assert values(model) == {"/W": [0.0, -3.0], "/b": [2.5]}
    optimizer.lr = 0.25
    optimizer.momentum = 0
    optimizer.update()
    assert values(model) == {"/W": [-0.25, -3.25], "/b": [2.0]}


def test_hyperparameters_by_name():
    common = Hyperparameter()
    common.lr, common.momentum = 1, 2
    own = Hyperparameter(common)
    assert own.resolved() is common
    own.lr = 3
    assert (own.lr, own.momentum, own.parent, own.get_dict()) == (3, 2, common, {"lr": 3, "momentum": 2})
    assert own.resolved() is own
    assert repr(own) == "Hyperparameter(lr=3, momentum=2)"
    own.eps = np.float64(0.5)
    assert type(own.eps) is float
    del own.eps
    with pytest.raises(AttributeError, match="there is no hyperparameter 'alpha'; there are: lr, momentum"):
        own.alpha  # noqa: B018
    for other in (copy.deepcopy(own), pickle.loads(pickle.dumps(own))):
        assert other.get_dict() == own.get_dict()
        assert other.parent is not common


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: SGD(lr=np.nan), ValueError, "SGD: lr is nan; expected a finite number"),
        (lambda: SGD(lr="fast"), TypeError, "SGD: lr is 'fast' (str); expected a number"),
        (lambda: SGD(lr=None), TypeError, "SGD: lr is None (NoneType); expected a number"),
        (lambda: MomentumSGD(momentum=np.inf), ValueError, "MomentumSGD: momentum is inf; expected a finite number"),
        (lambda: Adam(beta1=1), ValueError, "Adam: beta1 is 1.0; expected a number from 0 to below 1"),
        (lambda: Adam(beta2=-0.1), ValueError, "Adam: beta2 is -0.1; expected a number from 0 to below 1"),
        (lambda: setattr(SGD(), "lr", np.inf), ValueError, "SGD: lr is inf; expected a finite number"),
        (lambda: SGD().setup([Model()]), TypeError, "(list); expected a Link, such as a Chain"),
        (lambda: SGD().update(), ValueError, "SGD.update: there is nothing to optimize; call optimizer.setup(model) first"),
        (lambda: SGD().setup(Model()).update(lambda: 3.0), TypeError,
         "SGD.update: lossfun returned 3.0 (float); expected a Variable, the loss"),
        (lambda: Adam().alpha_t, ValueError, "Adam.alpha_t: there was no update yet"),
        (lambda: WeightDecay(), TypeError,
         "WeightDecay: rate is missing; pass the factor of the decay, such as WeightDecay(0.0005)"),
        (lambda: WeightDecay("much"), TypeError, "WeightDecay: rate is 'much' (str); expected a number"),
        (lambda: WeightDecay(np.nan), ValueError, "WeightDecay: rate is nan; expected a finite number"),
        (lambda: GradientClipping(), TypeError, "GradientClipping: threshold is missing; pass the greatest L2 norm to let pass"),
        (lambda: GradientClipping(0), ValueError, "GradientClipping: threshold is 0.0; expected a positive L2 norm, such as 5.0"),
        (lambda: GradientMethod().setup(Model()), TypeError, "GradientMethod has no rule; define create_update_rule(self)"),
        (lambda: Optimizer().update(), TypeError, "Optimizer cannot update; define update("),
        (lambda: UpdateRule().update(filled([1.0, 1.0], [1.0]).W), TypeError, "UpdateRule has no formula; define update_core"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(make, error, text):
    with pytest.raises(error, match=re.escape(text)):
        make()


def test_an_eps_that_vanishes_in_the_parameters_dtype_is_an_error_and_changes_nothing():
    model = filled([1.0, 1.0], [1.0], dtype="float16")
    optimizer = Adam().setup(model)
    for _ in range(2):
        with pytest.raises(ValueError, match=r"Adam: eps is 1e-08, which is zero in float16, .* such as eps=1e-4"):
            optimizer.update()
    assert values(model) == {"/W": [1.0, -2.0], "/b": [3.0]}
    assert model.W.update_rule.t == 0


def test_adams_step_size_is_corrected_and_reported_as_lr():
    model = Model()
    optimizer = Adam(alpha=0.1).setup(model)
    optimizer.update(model)
    optimizer.update(model)
    assert optimizer.alpha_t == pytest.approx(0.1 * np.sqrt(1 - 0.999**2) / (1 - 0.9**2))
    assert optimizer.lr == optimizer.alpha_t == model.W.update_rule.alpha_t


def test_state_follows_a_parameter_to_another_device():
    a, b = Model(), Model()
    one, two = Adam(alpha=0.1).setup(a), Adam(alpha=0.1).setup(b)
    for device in ("numpy", "strict", "strict:device1", "numba", "numpy"):
        b.to_device(device)
        one.update(a)
        two.update(b)
        assert all(str(xp.device_of(s)) == device for s in b.W.update_rule.state.values())
    np.testing.assert_allclose(xp.to_device(b.W.array, "numpy"), a.W.array, 1e-5)


def test_one_model_on_several_devices():
    model = Model()
    model.b.to_device("strict")
    reference = Model()
    optimizers = [Adam(alpha=0.1).setup(m) for m in (model, reference)]
    for optimizer in optimizers:
        optimizer.add_hook(GradientClipping(1.0))
        optimizer.add_hook(WeightDecay(0.1))
        for p, g in zip((optimizer.target.W, optimizer.target.b), ([3.0, 4.0], [12.0]), strict=True):
            p.grad = xp.to_device(np.array(g, "float32"), p.device)
        optimizer.update()
    for name in ("/W", "/b"):
        np.testing.assert_allclose(values(model)[name], values(reference)[name], 1e-6)


# ------------------------------------------------------------------------ hooks


def test_weight_decay_adds_the_parameter_to_the_gradient():
    model = filled([1.0, 1.0], [1.0])
    optimizer = SGD(lr=1.0).setup(model)
    optimizer.add_hook(WeightDecay(0.5))
    optimizer.update()
    assert values(model) == {"/W": [1 - 1.5, -2.0], "/b": [3 - 2.5]}


def test_weight_decay_of_one_parameter():
    model = filled([1.0, 1.0], [1.0])
    optimizer = SGD(lr=1.0).setup(model)
    model.W.update_rule.add_hook(WeightDecay(0.5))
    optimizer.update()
    assert values(model) == {"/W": [-0.5, -2.0], "/b": [2.0]}


@pytest.mark.parametrize(
    ("threshold", "W", "b", "clipped_W", "clipped_b"),
    [
        (13.0, [3.0, 4.0], [12.0], [3.0, 4.0], [12.0]),
        (20.0, [3.0, 4.0], [12.0], [3.0, 4.0], [12.0]),
        (6.5, [3.0, 4.0], [12.0], [1.5, 2.0], [6.0]),
        (1.0, [0.0, 0.0], [0.0], [0.0, 0.0], [0.0]),
        (1.0, [1e30, 0.0], [0.0], [1.0, 0.0], [0.0]),
        (5.0, [3e30, 4e30], [0.0], [3.0, 4.0], [0.0]),
    ],
)
@pytest.mark.parametrize("device", ["numpy", "numba", "strict"])
def test_gradient_clipping_scales_by_the_global_norm(threshold, W, b, clipped_W, clipped_b, device):
    model = filled(W, b, device=device)
    optimizer = SGD(lr=0.0).setup(model)
    optimizer.add_hook(GradientClipping(threshold))
    optimizer.update()
    np.testing.assert_allclose(xp.to_device(model.W.grad, "numpy"), clipped_W, 1e-6)
    np.testing.assert_allclose(xp.to_device(model.b.grad, "numpy"), clipped_b, 1e-6)


def test_gradient_clipping_of_float16_does_not_overflow():
    model = filled([3e4, 4e4], [0.0], dtype="float16")
    optimizer = SGD(lr=0.0).setup(model)
    optimizer.add_hook(GradientClipping(5.0))
    optimizer.update()
    np.testing.assert_allclose(model.W.grad, [3.0, 4.0], 1e-3)


def test_gradient_clipping_counts_only_what_is_updated():
    model = filled([3.0, 4.0], [12.0])
    optimizer = SGD(lr=0.0).setup(model)
    optimizer.add_hook(GradientClipping(1.0))
    model.b.update_rule.enabled = False
    optimizer.update()
    np.testing.assert_allclose(model.W.grad, [0.6, 0.8], 1e-6)
    assert model.b.grad.tolist() == [12.0]


def test_gradient_clipping_without_gradients():
    model = Model()
    optimizer = SGD().setup(model)
    optimizer.add_hook(GradientClipping(1.0))
    with pytest.warns(UserWarning, match="no parameter has a gradient"):
        optimizer.update()
    assert optimizer.t == 1


def test_hooks_run_in_order_before_and_after_the_update():
    model = filled([1.0, 1.0], [1.0])
    optimizer = SGD(lr=1.0).setup(model)
    seen = []

    def first(opt):
        seen.append(("first", opt.t, model.b.array.tolist()))

    class PerParameter:
        name = "each"
        call_for_each_param = True
        timing = "post"

        def __call__(self, rule, param):
            seen.append(("each", rule is param.update_rule, param.array.tolist()))

    optimizer.add_hook(first)
    optimizer.add_hook(lambda opt: seen.append(("last", opt.t, model.b.array.tolist())), name="last", timing="post")
    optimizer.add_hook(lambda opt: seen.append(("second",)), name="second")
    optimizer.add_hook(PerParameter())
    optimizer.update()
    assert seen[:3] == [("first", 0, [3.0]), ("second",), ("last", 1, [2.0])]
    assert sorted(seen[3:]) == [("each", True, [0.0, -3.0]), ("each", True, [2.0])]
    optimizer.remove_hook("first")
    optimizer.remove_hook("each")
    seen.clear()
    optimizer.update()
    assert [s[0] for s in seen] == ["second", "last"]


def test_hooks_of_one_parameter():
    model = filled([1.0, 1.0], [1.0])
    optimizer = SGD(lr=1.0).setup(model)
    seen = []
    rule = model.b.update_rule
    rule.add_hook(lambda rule, param: seen.append(param.array.tolist()), name="before")
    rule.add_hook(lambda rule, param: seen.append(param.array.tolist()), name="after", timing="post")
    optimizer.update()
    rule.remove_hook("before")
    optimizer.update()
    assert seen == [[3.0], [2.0], [1.0]]


@pytest.mark.parametrize("owner", [SGD(), UpdateRule()], ids=["optimizer", "rule"])
def test_bad_hooks_are_named(owner):
    kind = type(owner).__name__
    hook = WeightDecay(0.1)
    owner.add_hook(hook)
    for call, error, text in [
        (lambda: owner.add_hook(hook), ValueError, "add_hook: there is a hook named 'WeightDecay' already; pass another name"),
        (lambda: owner.add_hook(hook, timing="now"), ValueError, "add_hook: timing is 'now'; expected 'pre', 'post' or 'auto'"),
        (lambda: owner.add_hook(3), TypeError, "add_hook: hook is 3 (int); expected a callable"),
        (lambda: owner.add_hook(WeightDecay), TypeError, "add_hook: hook is the class WeightDecay; expected an object of it, WeightDecay(...)"),
        (lambda: owner.add_hook(functools.partial(print)), ValueError, "has no name; pass one, add_hook(hook, name=...)"),
        (lambda: owner.remove_hook("x"), ValueError, "remove_hook: there is no hook named 'x'; there are: 'WeightDecay'"),
    ]:  # fmt: skip
        with pytest.raises(error, match=re.escape(text)) as e:
            call()
        assert str(e.value).startswith(kind)


# -------------------------------------------------------- one's own, epochs, files


def test_an_optimizer_of_ones_own():
    class SignRule(UpdateRule):
        def init_state(self, param):
            self.state["steps"] = xp.zeros_like(param.array)

        def update_core(self, param):
            self.state["steps"] += 1
            param.array -= self.hyperparam.lr * np.sign(param.grad)

    class Sign(GradientMethod):
        lr = HyperparameterProxy("lr")

        def __init__(self, lr=0.5):
            super().__init__()
            self.hyperparam.lr = lr

        def create_update_rule(self):
            return SignRule(self.hyperparam)

    model = filled([9.0, -9.0], [1.0])
    optimizer = Sign().setup(model)
    optimizer.update()
    optimizer.lr = 1
    optimizer.update()
    assert values(model) == {"/W": [-0.5, -0.5], "/b": [1.5]}
    assert model.W.update_rule.state["steps"].tolist() == [2, 2]


def test_epochs_are_counted_by_hand_or_by_an_updater():
    optimizer = SGD()
    optimizer.new_epoch()
    assert optimizer.epoch == 1
    optimizer.use_auto_new_epoch = True
    optimizer.new_epoch(auto=True)
    assert optimizer.epoch == 2
    with pytest.raises(RuntimeError, match=r"SGD.new_epoch: the updater counts the epochs .* auto_new_epoch=False"):
        optimizer.new_epoch()


def test_setup_starts_again_and_keeps_the_hooks():
    model = Model()
    optimizer = MomentumSGD().setup(model)
    optimizer.add_hook(WeightDecay(0.1))
    optimizer.update(model)
    optimizer.new_epoch()
    assert optimizer.setup(model) is optimizer
    assert (optimizer.t, optimizer.epoch, model.W.update_rule.t, model.W.update_rule.state) == (0, 0, 0, None)
    with pytest.raises(ValueError, match="there is a hook named 'WeightDecay'"):
        optimizer.add_hook(WeightDecay(0.1))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["copy", "pickle"])
def test_optimizers_are_copied_with_their_state(copied):
    model = Model()
    optimizer = Adam(alpha=0.1).setup(model)
    optimizer.update(model)
    twin = copied(optimizer)
    assert twin.target is not model
    optimizer.update(model)
    assert values(twin.target) != values(model)
    twin.update(twin.target)
    assert values(twin.target) == values(model)


STATES = [
    (SGD, {}, set()),
    (MomentumSGD, {}, {"v"}),
    (Adam, {}, {"m", "v"}),
    (Adam, {"amsgrad": True}, {"m", "v", "vhat"}),
]


@pytest.mark.parametrize(("cls", "options", "state"), STATES, ids=["SGD", "MomentumSGD", "Adam", "AMSGrad"])
def test_keys_in_the_file_are_chainers(tmp_path, cls, options, state):
    model = Model()
    optimizer = cls(**options).setup(model)
    save_npz(tmp_path / "new.npz", optimizer)
    with np.load(tmp_path / "new.npz") as file:
        assert set(file) == {"t", "epoch", "W/t", "b/t"}
    optimizer.update(model)
    optimizer.new_epoch()
    save_npz(tmp_path / "used.npz", optimizer)
    with np.load(tmp_path / "used.npz") as file:
        assert set(file) == {"t", "epoch", "W/t", "b/t"} | {f"{p}/{s}" for p in "Wb" for s in state}
        assert (file["t"], file["epoch"], file["W/t"]) == (1, 1, 1)
        for s in state:
            np.testing.assert_array_equal(file[f"W/{s}"], model.W.update_rule.state[s])


@pytest.mark.parametrize(("cls", "options", "state"), STATES, ids=["SGD", "MomentumSGD", "Adam", "AMSGrad"])
@pytest.mark.parametrize("done", [0, 3])
@pytest.mark.parametrize("used", [0, 2], ids=["into a new one", "into a used one"])
@pytest.mark.parametrize("device", ["numpy", "numba", "strict"])
def test_a_restored_optimizer_goes_on_to_the_bit(tmp_path, cls, options, state, done, used, device):
    model = Model(device=device)
    optimizer = cls(**options).setup(model)
    for _ in range(done):
        optimizer.update(model)
    save_npz(tmp_path / "model.npz", model)
    save_npz(tmp_path / "optimizer.npz", optimizer)

    other = Model(W=[5.0, 5.0], b=[5.0], device=device)
    restored = cls(**options).setup(other)
    for _ in range(used):
        restored.update(other)
    load_npz(tmp_path / "model.npz", other)
    load_npz(tmp_path / "optimizer.npz", restored)
    assert (restored.t, other.W.update_rule.t) == (done, done)
    for _ in range(3):
        optimizer.update(model)
        restored.update(other)
    assert values(other) == values(model)


def test_a_file_restores_the_state_of_parameters_that_have_no_shape_yet(tmp_path):
    model = Model()
    optimizer = Adam(alpha=0.1).setup(model)
    optimizer.update(model)
    save_npz(tmp_path / "optimizer.npz", optimizer)
    lazy = nn.Link()
    with lazy.init_scope():
        lazy.W, lazy.b = nn.Parameter(), nn.Parameter()
    restored = Adam(alpha=0.1).setup(lazy)
    load_npz(tmp_path / "optimizer.npz", restored)
    for name in ("W", "b"):
        p, q = getattr(model, name), getattr(lazy, name)
        q.array = p.array.copy()
        p.grad, q.grad = p.grad.copy(), p.grad.copy()
    optimizer.update()
    restored.update()
    assert values(lazy) == values(model)


@pytest.mark.parametrize(
    ("saved", "loaded"),
    [(lambda: MomentumSGD(), lambda: SGD()), (lambda: SGD(), lambda: Adam()), (lambda: Adam(), lambda: Adam(amsgrad=True))],
    ids=["too much", "too little", "another variant"],
)  # fmt: skip
def test_a_file_of_another_optimizer_changes_nothing(tmp_path, saved, loaded):
    model = Model()
    optimizer = saved().setup(model)
    optimizer.update(model)
    optimizer.update(model)
    save_npz(tmp_path / "o.npz", optimizer)
    other = Model()
    restored = loaded().setup(other)
    restored.update(other)
    before = copy.deepcopy(restored)
    with pytest.raises(ValueError, match=r"W/"):
        load_npz(tmp_path / "o.npz", restored)
    assert restored.t == before.t == 1
    restored.update(other)
    before.update(before.target)
    assert values(other) == values(before.target)


def test_a_file_of_a_model_of_another_shape_changes_nothing(tmp_path):
    model = Model(W=[1.0, 2.0, 3.0])
    optimizer = Adam().setup(model)
    optimizer.update(model)
    save_npz(tmp_path / "o.npz", optimizer)
    other = Model()
    restored = Adam().setup(other)
    with pytest.raises(ValueError, match=r"W/m"):
        load_npz(tmp_path / "o.npz", restored)
    restored.update(other)
    assert restored.t == other.W.update_rule.t == 1


def test_no_warnings_in_a_plain_loop():
    model = Model()
    optimizer = Adam().setup(model)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            optimizer.update(model)
    with ag.no_backprop_mode():
        model.cleargrads()


# ------------------------------------------------------------------------------------------------- no gradient, loss scale


def test_a_model_without_parameters_is_warned_of():
    class Forgetful(nn.Chain):
        def __init__(self):
            super().__init__()
            self.layer = nn.links.Linear(3, 2)

    optimizer = SGD().setup(Forgetful())
    with pytest.warns(UserWarning, match="SGD.update: Forgetful has no parameters, .* inside `with self.init_scope"):
        optimizer.update()


def test_a_loss_that_does_not_depend_on_the_model_is_warned_of():
    optimizer = SGD().setup(filled([1.0, 2.0], [1.0]))
    x = ag.Variable(np.ones(1, "float32"))
    with pytest.warns(
        UserWarning, match="SGD.update: no parameter has a gradient, .* the loss of lossfun does not depend"
    ):
        optimizer.update(lambda: (x * x).sum())


def half_squares(model):
    return lambda: 0.5 * sum((p * p).sum() for p in model.params())


@pytest.mark.parametrize("scale", [None, 0.5, 128, 4096.0])
def test_a_fixed_loss_scale_changes_nothing_where_nothing_vanishes(scale):
    model = filled([1.0, 2.0], [4.0])
    optimizer = MomentumSGD(lr=0.5).setup(model)
    optimizer.set_loss_scale(scale)
    assert optimizer.loss_scale == scale
    for _ in range(2):
        optimizer.update(half_squares(model))
    model.cleargrads()
    half_squares(model)().backward(loss_scale=optimizer.loss_scale)
    optimizer.update()
    expected = filled([1.0, 2.0], [4.0])
    unscaled = MomentumSGD(lr=0.5).setup(expected)
    for _ in range(3):
        unscaled.update(half_squares(expected))
    assert values(model) == values(expected)


def test_a_loss_scale_saves_small_gradients_in_half_precision():
    def step(scale):
        model = nn.Link()
        with model.init_scope():
            model.w = nn.Parameter(np.zeros(1, np.float16))
        optimizer = SGD(lr=1.0).setup(model)
        optimizer.set_loss_scale(scale)
        tiny = np.array([2.0**-14], np.float16)
        optimizer.update(lambda: (model.w * np.float16(2.0**7) * tiny * tiny).sum())
        return float(model.w.array[0])

    assert step(None) == 0.0
    assert step(2.0**12) == pytest.approx(-(2.0**-21))


def test_a_moving_loss_scale_grows_and_leaves_updates_out(tmp_path):
    model = filled([1.0, 2.0], [4.0])
    optimizer = SGD(lr=0.0).setup(model)
    optimizer.loss_scaling(interval=2)
    scales = [optimizer.loss_scale]
    for _ in range(4):
        optimizer.update(half_squares(model))
        scales.append(optimizer.loss_scale)
    assert scales == pytest.approx([1, 2**0.5, 2, 2**1.5, 4])
    with np.errstate(all="ignore"):
        optimizer.update(lambda: half_squares(model)() * np.float32(np.inf))
    assert (optimizer.loss_scale, optimizer.t) == (pytest.approx(2), 4)
    save_npz(tmp_path / "state", optimizer)
    other = SGD(lr=0.0).setup(filled([1.0, 2.0], [4.0]))
    other.loss_scaling(interval=2)
    load_npz(tmp_path / "state", other)
    assert other.loss_scale == optimizer.loss_scale


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: SGD().set_loss_scale(0), "loss_scale is 0; expected a positive number, such as 128"),
        (lambda: SGD().loss_scaling(0), "loss_scaling: interval is 0; expected a number of updates from 1"),
    ],
)
def test_loss_scales_that_make_no_sense(call, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        call()
