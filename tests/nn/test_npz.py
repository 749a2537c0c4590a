from __future__ import annotations

import io
import json
import os
import pickle
import re
import stat
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import catena.autograd as ag
import catena.nn as nn
import xparray as xp
from catena.nn import initializers as I
from catena.nn.serializers import DictionaryDeserializer, DictionarySerializer, load_npz, save_npz

DEVICES = ["numpy", "numba", "strict:device1"]


def host(x):
    return np.asarray(xp.to_device(x, "numpy"))


class Layer(nn.Link):
    """A lazy weight, a bias, and persistent values of every kind."""

    def __init__(self, n_in=None, n_out=2, seed=0):
        super().__init__()
        rng = xp.random.default_rng(seed)
        with self.init_scope():
            self.W = nn.Parameter(I.Normal(rng=rng), None if n_in is None else (n_out, n_in))
            self.b = nn.Parameter(I.Normal(rng=rng), (n_out,))
        self.add_persistent("mean", np.arange(n_out) + float(seed))
        self.add_persistent("count", np.arange(3) + seed)
        self.add_persistent("N", seed)
        self.add_persistent("rate", 0.5 + seed)
        self.add_persistent("on", bool(seed))
        self.add_persistent("best", None)
        self.add_persistent("note", f"größe {seed}")
        self.add_persistent("scalar", np.float32(seed))


class Model(nn.Chain):
    def __init__(self, n_in=3, seed=0):
        super().__init__()
        with self.init_scope():
            self.l1 = Layer(n_in, seed=seed)
            self.l2 = Layer(None, seed=seed + 1)
            self.blocks = nn.Sequential(abs, Layer(2, seed=seed + 2), abs, Layer(1, seed=seed + 3))
            self.heads = {"a": [Layer(2, seed=seed + 4)]}


def snapshot(obj):
    """All that the object would save, as bytes that can be compared."""
    serializer = DictionarySerializer()
    serializer.save(obj)
    return {k: (v.shape, v.dtype.str, v.tobytes()) for k, v in serializer.target.items()}


def file_of(obj, **options):
    stream = io.BytesIO()
    save_npz(stream, obj, **options)
    return stream.getvalue()


def load_bytes(data, obj, **options):
    load_npz(io.BytesIO(data), obj, **options)


def rewritten(data, change):
    """The archive with the member dict {file name: bytes} edited by `change`."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
        comment = archive.comment
    members = change(members) or members
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.comment = comment
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


# ------------------------------------------------------------------------- round trip


@pytest.mark.parametrize("compression", [True, False])
def test_a_model_comes_back_bit_for_bit(tmp_path, compression):
    model, other = Model(seed=3), Model(seed=8)
    path = tmp_path / "my.model"
    save_npz(path, model, compression)
    assert os.listdir(tmp_path) == ["my.model"]
    other.l1.best = None
    load_npz(str(path), other)
    assert snapshot(other) == snapshot(model)
    assert type(other.l1.N) is int
    assert type(other.l1.on) is bool
    assert type(other.l1.rate) is float
    assert type(other.l1.note) is str
    assert type(other.l1.scalar) is np.float32
    assert other.l1.best is None


@pytest.mark.parametrize("source", DEVICES)
@pytest.mark.parametrize("target", DEVICES)
def test_across_devices(source, target):
    model, other = Model(seed=3).to_device(source), Model(seed=8).to_device(target)
    arrays = [p.array for p in other.params(include_uninit=False)]
    load_bytes(file_of(model), other)
    assert snapshot(other) == snapshot(model)
    assert {str(p.device) for p in other.params()} == {target}
    assert all(a is p.array for a, p in zip(arrays, other.params(include_uninit=False), strict=True))


def test_keys_are_chainers():
    model = nn.Chain(predictor=nn.Sequential(nn.Link(W=(1,)), abs, nn.Link(b=(1,))), bn=nn.ChainList(nn.Link(gamma=1)))
    with np.load(io.BytesIO(file_of(model))) as file:
        assert sorted(file.files) == ["bn/0/gamma", "predictor/0/W", "predictor/1/b"]


def test_numpy_reads_the_values_without_pickle():
    model = Model(seed=3)
    with np.load(io.BytesIO(file_of(model)), allow_pickle=False) as file:
        np.testing.assert_array_equal(file["l1/W"], model.l1.W.array)
        assert file["l1/N"].shape == ()
        assert file["l1/N"].item() == 3
        assert file["l1/note"].item() == "größe 3"
        assert file["l1/on"].dtype == np.bool_
        assert (file["l1/best"].shape, file["l1/best"].dtype.names) == ((0,), ("None",))
        assert (file["l2/W"].shape, file["l2/W"].dtype.names) == ((0,), ("None",))


def test_the_same_object_gives_the_same_bytes():
    assert file_of(Model(seed=3)) == file_of(Model(seed=3))


def test_compression_makes_it_smaller():
    link = nn.Link(W=(100, 100))
    link.W.array[...] = 0
    assert len(file_of(link)) < 2000
    assert len(file_of(link, compression=False)) > 40000


def test_an_empty_chain_saves_and_loads():
    load_bytes(file_of(nn.Chain()), nn.Chain())


def test_a_dict_is_written_as_it_is(tmp_path):
    save_npz(tmp_path / "x", {"a/b": np.ones(2), "n": 3})
    with np.load(tmp_path / "x") as file:
        assert sorted(file.files) == ["a/b", "n"]
    with pytest.raises(TypeError, match=r"load_npz: obj is a dict; numpy.load\(file\) gives the arrays"):
        load_npz(tmp_path / "x", {})


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 3)),
        np.array(5),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(12)[::2],
        np.arange(4, dtype=">i4"),
        np.array([1 + 2j]),
        np.array([True, False]),
        np.array(["a", "größe"]),
        np.zeros(0, "float32"),
        np.arange(3, dtype="float16"),
    ],
    ids=lambda a: f"{a.dtype.str}{a.shape}",
)
@pytest.mark.parametrize("current", ["array", None])
def test_every_array(array, current):
    link, other = nn.Link(), nn.Link()
    link.add_persistent("x", array)
    other.add_persistent("x", None if current is None else np.zeros_like(array))
    load_bytes(file_of(link), other)
    np.testing.assert_array_equal(other.x, array)
    assert other.x.dtype == (array.dtype if current else array.dtype.newbyteorder("="))
    if array.size:
        other.x[...] = other.x  # writable


def test_a_parameter_without_shape_gets_the_files(tmp_path):
    model, other = Model(seed=3), Model(None, seed=8)
    shared = other.copy()
    load_bytes(file_of(model), other)
    np.testing.assert_array_equal(other.l1.W.array, model.l1.W.array)
    assert not other.l2.W.is_initialized
    assert shared.l1.W.array is other.l1.W.array


@pytest.mark.parametrize("dtype", ["float16", "float64"])
@pytest.mark.parametrize("n_in", [None, 3])
def test_values_are_cast_to_the_models_dtype(dtype, n_in):
    with ag.using_config("dtype", dtype):
        model = Layer(3, seed=3)
    other = Layer(n_in, seed=8)
    load_bytes(file_of(model), other)
    assert other.W.dtype == np.float32
    np.testing.assert_array_equal(other.W.array, model.W.array.astype("float32"))


def test_a_value_saved_as_none_is_left_alone():
    model, other = Layer(), Layer(3)
    other.best = np.ones(2)
    before = other.W.array.copy()
    load_bytes(file_of(model), other)
    np.testing.assert_array_equal(other.W.array, before)
    np.testing.assert_array_equal(other.best, [1, 1])


@pytest.mark.parametrize("device", DEVICES)
def test_a_new_array_comes_to_the_links_device(device):
    model, other = Layer(3, seed=3), Layer(None, seed=8).to_device(device)
    model.best = np.arange(3.0)
    load_bytes(file_of(model), other)
    np.testing.assert_array_equal(host(other.best), model.best)
    assert str(xp.device_of(other.best)) == str(other.W.device) == device


def test_a_graph_that_read_the_old_values_is_stale():
    model = nn.Link(W=(3,))
    loss = (model.W * model.W).sum()
    load_bytes(file_of(model), model)
    with pytest.raises(RuntimeError, match="updated in place"):
        loss.backward()


def test_tied_parameters():
    shared = nn.Link(W=(2,))
    shared.W.array[...] = 3
    model = nn.Chain(a=shared, b=shared)
    other = model.copy("init")
    load_bytes(file_of(model), other)
    assert sorted(snapshot(model)) == ["a/W", "b/W"]
    np.testing.assert_array_equal(other.b.W.array, [3, 3])


# ------------------------------------------------------------------ parts, less than strict


def test_path_reads_a_part():
    model = nn.Chain(predictor=Layer(3, seed=3), other=Layer(1))
    for path in ("predictor/", "predictor", "/predictor/"):
        part = Layer(3, seed=8)
        load_bytes(file_of(model), part, path=path)
        assert snapshot(part) == snapshot(model.predictor)


def test_not_strict_reads_what_both_have():
    model, other = nn.Chain(a=Layer(3, seed=3), b=Layer(1)), nn.Chain(a=Layer(3, seed=8), c=Layer(2, seed=9))
    before = snapshot(other.c)
    load_bytes(file_of(model), other, strict=False)
    assert snapshot(other.a) == snapshot(model.a)
    assert snapshot(other.c) == before


@pytest.mark.parametrize(
    "ignored",
    [
        "l1/W",
        ["l1/W"],
        lambda name: name.startswith("l1/"),
        ["l1/W", lambda name: name == "l1/b"],
        re.compile("l1/").match,
    ],
)
def test_ignored_names_are_left_alone(ignored):
    model, other = Model(n_in=3, seed=3), Model(n_in=5, seed=8)
    before = other.l1.W.array.copy()
    load_bytes(file_of(model), other, ignore_names=ignored)
    np.testing.assert_array_equal(other.l1.W.array, before)
    np.testing.assert_array_equal(other.blocks[1].W.array, model.blocks[1].W.array)


def test_ignored_names_may_be_unexpected_or_missing():
    model, other = nn.Chain(a=nn.Link(W=1), b=nn.Link(W=1)), nn.Chain(a=nn.Link(W=1), c=nn.Link(W=1))
    load_bytes(file_of(model), other, ignore_names=["b/W", "c/W"])


# ------------------------------------------------------------------------ what does not fit


def link(**shapes):
    made = nn.Link(**shapes)
    for p in made.params():
        p.array[...] = 1
    return made


def with_persistent(value):
    made = nn.Link()
    made.add_persistent("x", value)
    return made


@pytest.mark.parametrize(
    ("saved", "obj", "text"),
    [
        (link(W=2), link(W=2, bias=2), r"missing: bias\n"),
        (link(W=2, bia=2), link(W=2, bias=2), r"missing: bias \(there is bia\)\n  unexpected: bia \(there is bias\)"),
        (link(W=2, V=2), link(W=2), r"unexpected: V\n"),
        (link(W=2), link(W=3), r"not fitting: W has shape \(2,\), expected \(3,\)\n  make the Link with the sizes"),
        (link(W=(1, 2), V=1), link(W=2, b=1), r"missing: b\n  unexpected: V\n  not fitting: W has shape \(1, 2\)"),
        (nn.Chain(predictor=link(W=2)), link(W=2), r"are there under 'predictor/': pass path='predictor/'"),
        (
            link(W=2),
            nn.Chain(predictor=link(W=2)),
            r"are those of the part 'predictor/' of this Chain: load into that part",
        ),
        (link(**{f"p{i:02}": 1 for i in range(15)}), link(), r"unexpected: p00, .*, p09 and 5 more"),
        (with_persistent(1.5), with_persistent(1), r"x is float64, expected int64"),
        (with_persistent(2), with_persistent(True), r"x is int64, expected bool"),
        (with_persistent(1j), with_persistent(1.0), r"x is complex128, expected float64"),
        (with_persistent("a"), with_persistent(1.0), r"x is string, expected float64"),
        (with_persistent(1.0), with_persistent("a"), r"x is float64, expected string"),
        (with_persistent(np.ones(1)), with_persistent(1.0), r"x has shape \(1,\), expected a single float64"),
        (with_persistent(np.ones(2)), with_persistent(np.ones(2, int)), r"x is float64, expected int64"),
        (with_persistent(np.ones(2) * 1j), with_persistent(np.ones(2)), r"x is complex128, expected float64"),
        (with_persistent(np.array(["a", "b"])), with_persistent(np.ones(2)), r"x is <U1, expected float64"),
        (with_persistent(np.ones(2)), with_persistent(np.array(["a", "b"])), r"x is float64, expected <U1"),
        (with_persistent(np.array(["abc"])), with_persistent(np.array(["a"])), r"x is <U3, expected <U1"),
    ],
)
def test_mismatches_are_listed_and_change_nothing(saved, obj, text):
    before = snapshot(obj)
    with pytest.raises(ValueError, match=text) as caught:
        load_bytes(file_of(saved), obj)
    assert "which was left as it was" in str(caught.value)
    assert snapshot(obj) == before


@pytest.mark.parametrize(
    ("saved", "current", "expected"),
    [(3, 1.0, 3.0), (True, 1, 1), (np.float32(2), 1.0, 2.0), (2**63, 0, 2**63), (2, 1j, 2 + 0j), (np.int8(3), 0, 3)],
)
def test_numbers_are_read_in_the_type_they_have(saved, current, expected):
    other = with_persistent(current)
    load_bytes(file_of(with_persistent(saved)), other)
    assert other.x == expected
    assert type(other.x) is type(expected)


def test_no_fitting_part_is_no_part():
    with pytest.raises(ValueError, match=r"missing: W, b") as caught:
        load_bytes(file_of(nn.Chain(a=link(W=2), c=link(b=2))), link(W=2, b=2))
    assert "strict=False" in str(caught.value)


# ---------------------------------------------------------------------------- kinds


class Optimizer:
    """State made at the first update, as optimizers do."""

    def __init__(self, target, t=0):
        self.target, self.t, self.epoch = target, t, 0
        self.state = {path: {"m": np.full(3, float(t))} for path, _ in target.namedparams()} if t else {}

    def serialize(self, serializer):
        self.t = serializer("t", self.t)
        self.epoch = serializer("epoch", self.epoch)
        for path, _ in self.target.namedparams():
            child = serializer[path]
            state = self.state.get(path, {})
            if serializer.reading:
                state = {"m": child("m", state.get("m"))} if self.t else {}
            else:
                for name, value in state.items():
                    child(name, value)
            self.state[path] = state


class Trainer:
    def __init__(self, seed):
        self.model = Layer(3, seed=seed)
        self.optimizer = Optimizer(self.model, t=seed)
        self.summary = nn.DictSummary()
        for i in range(seed):
            self.summary.add({f"key{i}": 1.0})
        self.log = [{"iteration": seed}]

    def serialize(self, serializer):
        updater = serializer["updater"]
        self.optimizer.serialize(updater["optimizer:main"])
        self.model.serialize(updater["model:main"])
        extension = serializer["extensions"]["LogReport"]
        self.summary.serialize(extension["_summary"])
        self.log = json.loads(extension("_log", json.dumps(self.log)))


def test_whole_runs_come_back():
    for a, b in [(5, 2), (2, 5), (0, 3), (3, 0), (0, 0)]:
        saved, other = Trainer(a), Trainer(b)
        load_bytes(file_of(saved), other)
        assert snapshot(other) == snapshot(saved)


def without_comment(data):
    stream = io.BytesIO(data)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.comment = b""
    return stream.getvalue()


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize(
    ("saved", "obj", "text"),
    [
        (
            Trainer(1),
            Layer(3),
            r"holds the snapshot of a trainer.*, you passed a model \(Layer\); .*path='updater/model:main/'",
        ),
        (
            Trainer(1),
            Optimizer(Layer()),
            r"snapshot of a trainer.*you passed an optimizer .*path='updater/optimizer:main/'",
        ),
        (
            Layer(3),
            Trainer(1),
            r"the parameters of a model.*, you passed a trainer \(Trainer\); load it into that part",
        ),
        (
            Optimizer(Layer()),
            Layer(3),
            r"the state of an optimizer.*, you passed a model \(Layer\); pass the optimizer",
        ),
        (Layer(3), Optimizer(Layer()), r"the parameters of a model.*, you passed an optimizer"),
        (Optimizer(Layer()), Trainer(1), r"the state of an optimizer.*, you passed a trainer"),
    ],
)
def test_the_wrong_kind_is_named(saved, obj, text, marked):
    data = file_of(saved) if marked else without_comment(file_of(saved))
    before = snapshot(obj)
    for strict in (True, False):
        with pytest.raises(ValueError, match=text):
            load_bytes(data, obj, strict=strict)
    assert snapshot(obj) == before


def test_the_fix_it_names_works():
    model, optimizer = Layer(3, seed=9), Optimizer(Layer(3))
    trainer = Trainer(4)
    load_bytes(file_of(trainer), model, path="updater/model:main/")
    load_bytes(file_of(trainer), optimizer, path="updater/optimizer:main/")
    assert snapshot(model) == snapshot(trainer.model)
    assert snapshot(optimizer) == snapshot(trainer.optimizer)


@pytest.mark.parametrize(
    ("obj", "kind"),
    [(Layer(3), "model"), (Optimizer(Layer()), "optimizer"), (Trainer(1), "trainer"), (nn.Summary(), "object")],
)
def test_the_file_says_what_it_holds(obj, kind):
    with zipfile.ZipFile(io.BytesIO(file_of(obj))) as archive:
        assert json.loads(archive.comment) == {"catena": {"format": 1, "kind": kind, "class": type(obj).__name__}}


def test_a_later_format_is_refused():
    stream = io.BytesIO(file_of(Layer(3)))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.comment = json.dumps({"catena": {"format": 2}}).encode()
    with pytest.raises(ValueError, match="has format 2, this version reads 1; update catena-nn"):
        load_npz(stream, Layer(3))


@pytest.mark.parametrize("call", [save_npz, load_npz])
@pytest.mark.parametrize("obj", [3, [np.ones(2)], nn.Link])
def test_what_has_no_serialize(call, obj):
    with pytest.raises(TypeError, match=r"expected an object with a method serialize\(serializer\)"):
        call(io.BytesIO(), obj)


# ------------------------------------------------------------------------ damaged files


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "damaged or no .npz file"),
        (b"not a zip", "damaged or no .npz file"),
        (npy(np.ones(3)), "damaged or no .npz file"),
        (file_of(Layer(3))[:-30], "damaged or no .npz file"),
        (file_of(Layer(3))[:200], "damaged or no .npz file"),
        (rewritten(file_of(Layer(3)), lambda m: {"data.pkl": b"x"}), "it holds 'data.pkl', which is no .npy array"),
        (rewritten(file_of(Layer(3)), lambda m: {**m, "W.npy": m["W.npy"][:-1]}), "'W' has 23 bytes, its header says"),
        (rewritten(file_of(Layer(3)), lambda m: {**m, "W.npy": m["W.npy"] + b"x"}), "'W' has 25 bytes"),
        (rewritten(file_of(Layer(3)), lambda m: {**m, "W.npy": b"junk"}), "damaged or no .npz file"),
        (rewritten(file_of(Layer(3)), lambda m: {**m, "W.npy": b""}), "damaged or no .npz file"),
    ],
)
def test_damaged_files(tmp_path, content, text):
    path = tmp_path / "model.npz"
    path.write_bytes(content)
    obj = Layer(3)
    before = snapshot(obj)
    with pytest.raises(
        ValueError, match=rf"load_npz: '.*model.npz' cannot be read, it is {re.escape('damaged')}.*{text}|{text}"
    ):
        load_npz(path, obj)
    assert snapshot(obj) == before


def header(shape, descr="'<f4'"):
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    "content",
    [
        header("(1000000000000000,)") + b"1234",
        header("(-1,)") + b"1234",
        header("(2, -3)") + b"1234" * 6,
        header("(1,)", "'|V0'"),
        header("('x',)"),
        header("(1,)", "'no dtype'"),
        header("(1,)", "__import__('os')"),
        b"\x93NUMPY\x09\x00" + b"x" * 100,
    ],
)
def test_headers_that_lie(content):
    obj = Layer(3)
    with pytest.raises(ValueError, match="cannot be read"):
        load_bytes(rewritten(file_of(obj), lambda m: {**m, "W.npy": content}), obj)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"^load_npz: '.*none' does not exist \(the working folder is '.*'\); check the path$"
    ):
        load_npz(tmp_path / "none", Layer(3))


@pytest.mark.parametrize(("function", "purpose"), [(save_npz, "writing"), (load_npz, "reading")])
def test_what_is_no_file(function, purpose):
    with pytest.raises(TypeError) as e:
        function(3, Layer(3))
    assert str(e.value) == (
        f"{function.__name__}: file is 3 (int), expected a path or a file open for {purpose} bytes; "
        "pass a name such as 'model.npz'"
    )


def test_a_folder_in_place_of_a_file(tmp_path):
    with pytest.raises(IsADirectoryError, match=r"^save_npz: '.*' is a folder; give the name of a file in it$"):
        save_npz(tmp_path, Layer(3))
    assert list(tmp_path.iterdir()) == []


def test_a_stream_that_cannot_seek():
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

        def seek(self, *args):
            raise io.UnsupportedOperation("seek")

        def tell(self):
            raise io.UnsupportedOperation("tell")

    model, other = Model(seed=3), Model(seed=8)
    written = Pipe()
    save_npz(written, model)
    load_npz(Pipe(written.getvalue()), other)
    assert snapshot(other) == snapshot(model)


# ----------------------------------------------------------------- pickles of older files

# A 0-d object array of None as protocol 2 of Python 2 wrote it.
PYTHON2_NONE = (
    b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b\x87Rq\x03(K\x01)cnumpy\ndtype\n"
    b"q\x04U\x02O8K\x00K\x01\x87Rq\x05(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb\x89]q\x06Natb."
)
NONES = {
    **{f"protocol {n}": pickle.dumps(np.asarray(None), n) for n in range(pickle.HIGHEST_PROTOCOL + 1)},
    "protocol 3, NumPy 1": pickle.dumps(np.asarray(None), 3).replace(b"numpy._core", b"numpy.core"),
    "protocol 2, Python 2": PYTHON2_NONE,
}


class Boom:
    def __reduce__(self):
        return os.system, ("touch /tmp/catena-was-here",)


@pytest.mark.parametrize("which", NONES)
def test_none_in_chainers_files_is_recognised(which):
    model, other = Layer(3, seed=3), Layer(3, seed=8)
    other.best = 1.0
    before = other.W.array.copy()

    def change(members):
        for name in ("W.npy", "best.npy"):
            members[name] = header("()", "'|O'") + NONES[which]

    load_bytes(rewritten(file_of(model), change), other)
    np.testing.assert_array_equal(other.W.array, before)
    np.testing.assert_array_equal(other.b.array, model.b.array)
    assert other.best == 1.0


@pytest.mark.parametrize(
    "content",
    [
        npy(np.asarray(Boom(), dtype=object)),
        npy(np.array([None])),
        npy(np.array([None, None])),
        npy(np.asarray({"a": 1}, dtype=object)),
        header("()", "'|O'") + pickle.dumps(None),
        header("()", "'|O'") + pickle.dumps(Boom()),
        header("()", "'|O'") + NONES["protocol 4"] + b"x",
        header("()", "'|O'") + NONES["protocol 4"][:-1],
        header("()", "'|O'") + pickle.dumps(np.asarray(Boom(), dtype=object)) + NONES["protocol 4"],
        header("()", "'|O'"),
        header("()", "[('a', '|O')]") + NONES["protocol 4"],
    ],
)
def test_any_other_pickle_is_refused_and_not_run(content):
    obj = Layer(3)
    before = snapshot(obj)
    with pytest.raises(ValueError, match="cannot be read"):
        load_bytes(rewritten(file_of(obj), lambda m: {**m, "W.npy": content}), obj)
    assert not os.path.exists("/tmp/catena-was-here")
    assert snapshot(obj) == before


def test_a_chainer_file_with_a_lazy_parameter():
    members = {"l1/W.npy": npy(np.ones((2, 3), "float32")), "l1/b.npy": header("()", "'|O'") + PYTHON2_NONE}
    model = nn.Chain(l1=nn.Link())
    model.l1.add_param("W")
    model.l1.add_param("b")
    load_bytes(without_comment(rewritten(file_of(nn.Link()), lambda m: members)), model)
    np.testing.assert_array_equal(model.l1.W.array, np.ones((2, 3)))
    assert not model.l1.b.is_initialized


# -------------------------------------------------------------- all or nothing, by chance

TRAINER = file_of(Trainer(4))
MODEL = file_of(Model(seed=3), compression=False)
fuzz = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def try_load(path, data, obj, **options):
    """Load the bytes; True if that worked, and the object is what it was if not."""
    path.write_bytes(data)
    before = snapshot(obj)
    arrays = {id(p): p.array for p in obj.params()} if isinstance(obj, nn.Link) else {}
    try:
        load_npz(path, obj, **options)
    except ValueError:
        assert snapshot(obj) == before
        if arrays:
            assert all(arrays[id(p)] is p.array for p in obj.params())
        return False
    return True


@fuzz
@given(data=st.data())
def test_bytes_cut_off_or_flipped(tmp_path, data):
    content, make = data.draw(st.sampled_from([(MODEL, lambda: Model(seed=8)), (TRAINER, lambda: Trainer(2))]))
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(0, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.one_of(st.none(), st.integers(0, len(damaged))))
    obj, good = make(), make()
    if try_load(tmp_path / "file", bytes(damaged[:cut]), obj):
        load_bytes(content, good)  # what does load is the undamaged content
        assert snapshot(obj) == snapshot(good)


@pytest.mark.parametrize("content", [MODEL, TRAINER])
@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
def test_every_byte_of_the_archives_end(tmp_path, content, flip):
    obj = Model(seed=8) if content is MODEL else Trainer(2)
    for place in range(len(content) - 90, len(content)):
        damaged = bytearray(content)
        damaged[place] ^= flip
        if try_load(tmp_path / "file", bytes(damaged), obj):
            obj = Model(seed=8) if content is MODEL else Trainer(2)


def edits():
    names = sorted(snapshot(Model()))
    arrays = st.sampled_from(
        [np.ones(2), np.ones((2, 3), "int64"), np.array("text"), np.array(1.5), np.zeros(0), np.ones(2) * 1j]
    )
    return st.lists(
        st.one_of(
            st.tuples(st.just("drop"), st.sampled_from(names)),
            st.tuples(st.just("rename"), st.sampled_from(names), st.text(min_size=1, max_size=5)),
            st.tuples(st.just("replace"), st.sampled_from(names), arrays),
            st.tuples(st.just("add"), st.text(min_size=1, max_size=5), arrays),
        ),
        min_size=1,
        max_size=3,
    )


@fuzz
@given(edits=edits(), strict=st.booleans(), n_in=st.sampled_from([3, None]))
def test_keys_dropped_renamed_replaced(tmp_path, edits, strict, n_in):
    with np.load(io.BytesIO(MODEL)) as file:
        arrays = dict(file)
    for kind, name, *rest in edits:
        if kind == "add":
            arrays[name] = rest[0]
        elif name in arrays:
            if kind == "replace":
                arrays[name] = rest[0]
            else:
                value = arrays.pop(name)
                if kind == "rename":
                    arrays[rest[0]] = value
    stream = io.BytesIO()
    save_npz(stream, arrays)
    obj = Model(n_in, seed=8)
    loaded = try_load(tmp_path / "file", stream.getvalue(), obj, strict=strict)
    if loaded and strict:
        assert set(arrays) == set(snapshot(obj))


class Fussy(nn.Chain):
    """Reads a child, then refuses."""

    def serialize(self, serializer):
        super().serialize(serializer)
        value = serializer("check", 1)
        if serializer.reading and value != 1:
            raise RuntimeError("not what was expected")


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("n_in", [3, None])
def test_an_object_that_refuses_what_it_reads_is_restored(device, n_in):
    saved, obj = Fussy(a=Model(seed=3)), Fussy(a=Model(n_in, seed=8)).to_device(device)
    shared = obj.copy()
    before = snapshot(obj)
    data = rewritten(file_of(saved), lambda m: {**m, "check.npy": npy(np.array(2))})
    with pytest.raises(RuntimeError, match="not what was expected"):
        load_bytes(data, obj)
    assert snapshot(obj) == before
    assert obj.a.l1.W.is_initialized == shared.a.l1.W.is_initialized == (n_in is not None)
    load_bytes(file_of(saved), obj)
    assert snapshot(obj) == snapshot(saved)


def test_read_only_memory_is_not_half_overwritten():
    model, obj = Model(seed=3), Model(seed=8)
    obj.blocks[3].W.array.flags.writeable = False
    before = snapshot(obj)
    with pytest.raises(ValueError, match="not fitting: blocks/1/W would go into an array that is read-only"):
        load_bytes(file_of(model), obj)
    assert snapshot(obj) == before


# ------------------------------------------------------------------------------ writing


class Broken:
    """Fails while it is being saved."""

    def serialize(self, serializer):
        serializer("a", np.ones(1000))
        serializer("b", object())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (object(), r"'x' is <object.*\(object\); expected an array, number, string or None; save arrays, or a string"),
        (ag.Variable(np.ones(2)), r"\(Variable\); expected an array, .*; pass its array, v.array"),
        ([1, 2], r"'x' is \[1, 2\] \(list\)"),
        (2**70, r"'x' is 1180591620717411303424, which does not fit into 64 bits; save it as a string"),
        (np.array([None]), r"'x' is array\(\[None\]"),
        (b"bytes", r"\(bytes\)"),
    ],
)
def test_what_cannot_be_saved(tmp_path, value, text):
    class Holder:
        def serialize(self, serializer):
            serializer["part"]("x", value)

    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(TypeError, match=text.replace("'x'", "'part/x'")):
        save_npz(path, Holder())
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_two_values_of_one_name():
    model = nn.Chain()
    with model.init_scope():
        model.table = {1: nn.Link(W=1), "1": nn.Link(W=1)}
    with pytest.raises(ValueError, match="two values are called 'table/1/W'"):
        file_of(model)


def test_a_failing_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    save_npz(path, Layer(3, seed=3))
    old = path.read_bytes()

    def fail(fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        save_npz(path, Layer(3, seed=4))
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == ["file"]


def test_a_killed_process_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    save_npz(path, Layer(3, seed=3))
    old = path.read_bytes()
    program = (
        "import os, sys, numpy as np\n"
        "from catena.nn.serializers import save_npz\n"
        "os.fsync = lambda fd: os.kill(os.getpid(), 9)\n"
        "save_npz(sys.argv[1], {'x': np.ones(1000)})\n"
    )
    assert subprocess.run([sys.executable, "-c", program, str(path)], check=False).returncode == -9
    assert path.read_bytes() == old


def test_an_interrupt_while_writing(tmp_path, monkeypatch):
    def interrupt(fd):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_npz(tmp_path / "file", Layer(3))
    assert os.listdir(tmp_path) == []


def test_the_file_has_the_usual_permissions(tmp_path):
    (tmp_path / "other").write_bytes(b"")
    save_npz(tmp_path / "file", Layer(3))
    modes = {stat.S_IMODE(os.stat(tmp_path / name).st_mode) for name in ("file", "other")}
    assert len(modes) == 1


def test_a_link_to_a_file_stays_one(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    os.symlink(tmp_path / "real", tmp_path / "alias")
    save_npz(tmp_path / "alias", Layer(3))
    assert os.path.islink(tmp_path / "alias")
    load_npz(tmp_path / "real", Layer(3))


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"save_npz: there is no folder '.*missing'.*make it with os.makedirs"):
        save_npz(tmp_path / "missing" / "file", Layer(3))


def test_a_relative_path_without_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_npz("file", Layer(3))
    load_npz("file", Layer(3))


# ---------------------------------------------------------------------------- in memory


def test_dictionaries():
    model, other = Model(seed=3), Model(seed=8)
    serializer = DictionarySerializer(path="x/")
    serializer.save(model)
    assert all(key.startswith("x/") for key in serializer.target)
    DictionaryDeserializer(serializer.target, "x").load(other)
    assert snapshot(other) == snapshot(model)


def test_a_part_of_a_deserializer_loads():
    trainer, model = Trainer(3), Layer(3, seed=8)
    serializer = DictionarySerializer()
    serializer.save(trainer)
    DictionaryDeserializer(serializer.target)["updater"]["model:main"].load(model)
    assert snapshot(model) == snapshot(trainer.model)


@pytest.mark.parametrize(
    ("source", "text"), [({}, "'W' is missing"), ({"W": np.ones(3)}, r"W has shape \(3,\), expected \(2,\)")]
)
def test_outside_of_load_the_first_misfit_raises(source, text):
    with pytest.raises(ValueError, match=text):
        nn.Link(W=2).serialize(DictionaryDeserializer(source))


def test_a_failure_does_not_stick_to_the_deserializer():
    deserializer = DictionaryDeserializer({"W": np.ones(2)})
    with pytest.raises(ValueError, match="missing: b"):
        deserializer.load(nn.Link(W=2, b=2))
    deserializer.load(nn.Link(W=2))


def test_a_part_may_be_loaded_within_a_whole():
    class Holder:
        def __init__(self, seed):
            self.part = Layer(3, seed=seed)

        def serialize(self, serializer):
            if serializer.reading and hasattr(serializer, "load"):
                serializer["part"].load(self.part)
            else:
                self.part.serialize(serializer["part"])

    saved, other = Holder(3), Holder(8)
    data = file_of(saved)
    before = snapshot(other)
    with pytest.raises(ValueError, match="missing: part/b"):
        load_bytes(rewritten(data, lambda m: {k: v for k, v in m.items() if k != "part/b.npy"}), other)
    assert snapshot(other) == before
    load_bytes(data, other)
    assert snapshot(other) == snapshot(saved)


def test_what_numpy_loads_can_be_read():
    model, other = Model(seed=3), Model(seed=8)
    with np.load(io.BytesIO(file_of(model))) as file:
        DictionaryDeserializer(file).load(other)
    assert snapshot(other) == snapshot(model)
