"""Arguments and results that Chainer's programs rely on, where catena's own are others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import chainer
import chainer.distributions as D
import chainer.functions as F
import chainer.links as L
import numpy as np
import pytest
from chainer.training import extensions

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def variable() -> Any:
    return chainer.Variable(X.copy())


@pytest.mark.parametrize(
    "result",
    [
        lambda x: x * np.sqrt(2),
        lambda x: np.sqrt(2) * x,
        lambda x: x / np.float64(3),
        lambda x: np.float64(3) - x,
        lambda x: x ** np.int64(2),
        lambda x: x + np.float32(1),
    ],
)
def test_numbers_of_numpy_leave_the_dtype(result: Any) -> None:
    assert result(variable()).dtype == np.float32


def test_a_weighted_mean() -> None:
    weights = np.array([1, 0, 1], np.float32)
    np.testing.assert_allclose(variable().mean(axis=1, weights=weights).array, [1, 4])
    np.testing.assert_allclose(variable().mean(0).array, [1.5, 2.5, 3.5])


def test_index_and_pop_of_a_sequential() -> None:
    linear = L.Linear(2, 2)
    layers = chainer.Sequential(F.relu, linear, F.relu)
    assert layers.index(layer=linear, start=None, end=None) == 1
    assert layers.index(F.relu, 1) == 2
    assert layers.pop(i=1) is linear
    assert len(layers) == 2


def test_a_dtype_in_place_of_mixed16() -> None:
    assert chainer.get_dtype(None, map_mixed16=np.float32) == np.float32
    assert chainer.get_dtype(np.float64) == np.float64


@pytest.mark.parametrize("name", [{}, {"filename": None}, {"log_name": "log"}])
def test_the_usual_name_of_a_log(name: dict[str, Any]) -> None:
    assert extensions.LogReport(**name)._filename == "log"


def test_settings_of_ones_own_have_any_name() -> None:
    with chainer.using_config("dropout_rate", 0.2):
        assert chainer.config.dropout_rate == 0.2
    assert not hasattr(chainer.config, "dropout_rate")


@pytest.mark.parametrize("make", [L.VGG16Layers, L.GoogLeNet, L.ResNet50Layers])
def test_pretrained_networks_ask_for_their_file(make: Any, tmp_path: Path) -> None:
    before = chainer.dataset.get_dataset_root()
    chainer.dataset.set_dataset_root(str(tmp_path))
    try:
        with pytest.raises(
            FileNotFoundError, match=rf"{make.__name__}: pretrained_model is 'auto', and there is no .*npz"
        ):
            make()
    finally:
        chainer.dataset.set_dataset_root(before)


def test_a_pretrained_network_is_read_from_the_folder_of_data(tmp_path: Path) -> None:
    before = chainer.dataset.get_dataset_root()
    chainer.dataset.set_dataset_root(str(tmp_path))
    try:
        folder = Path(chainer.dataset.get_dataset_directory("pfnet/chainer/models/"))
        model = L.GoogLeNet(pretrained_model=None)
        chainer.serializers.save_npz(folder / "bvlc_googlenet.npz", model)
        np.testing.assert_array_equal(L.GoogLeNet().conv1.W.array, model.conv1.W.array)
    finally:
        chainer.dataset.set_dataset_root(before)


def test_what_a_model_reports_is_a_variable_without_a_graph() -> None:
    reporter, model, seen = chainer.Reporter(), L.Classifier(L.Linear(3, 2)), {}
    reporter.add_observer("main", model)
    with reporter.scope(seen):
        loss = model(X, np.array([0, 1]))
        chainer.report({"x": 1.0})
    assert type(seen["main/loss"]) is chainer.Variable
    assert seen["main/loss"].creator is None
    assert float(seen["main/loss"].data) == float(loss.data)
    assert seen["x"] == 1.0
    summary = chainer.DictSummary()
    summary.add(seen)
    assert summary.compute_mean()["main/loss"] == pytest.approx(float(loss.data))


def test_distributions_of_arrays_give_variables() -> None:
    normal = D.Normal(np.zeros(2, np.float32), np.ones(2, np.float32))
    for value in (normal.log_prob(np.zeros(2, np.float32)), normal.sample(), normal.mean, normal.entropy):
        assert type(value) is chainer.Variable
    np.testing.assert_array_equal(chainer.kl_divergence(normal, D.Normal(normal.mean, normal.scale)).array, 0)


def test_the_clustering_loss_has_three_terms() -> None:
    embeddings, labels = np.array([[[[0.0, 2, 5, 5]]]], np.float32), np.array([[[1, 1, 2, 2]]])
    terms = F.discriminative_margin_based_clustering_loss(embeddings, labels, 0.5, 3.0, 2)
    assert [type(term) for term in terms] == [chainer.Variable] * 3
    np.testing.assert_allclose([float(term.array) for term in terms], [0.125, 4, 0.003], rtol=1e-6)
    with pytest.raises(ValueError, match="max_embedding_dim is 0; expected the greatest label"):
        F.discriminative_margin_based_clustering_loss(embeddings, labels, 0.5, 3.0, 0)
    with pytest.raises(ValueError, match="norm is 3; expected 1 or 2"):
        F.discriminative_margin_based_clustering_loss(embeddings, labels, 0.5, 3.0, 2, 3)
