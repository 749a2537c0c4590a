"""The three formats of files side by side, and files that Chainer itself has written."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import catena.nn as nn
import catena.nn.functions as F
import catena.nn.links as L
import xparray as xp
from catena.nn import serializers as S

h5py = pytest.importorskip("h5py")
safetensors = pytest.importorskip("safetensors.numpy")

GOLDEN = Path(__file__).parent / "golden"
FORMATS: dict[str, tuple[Callable[..., None], Callable[..., None]]] = {
    "npz": (S.save_npz, S.load_npz),
    "hdf5": (S.save_hdf5, S.load_hdf5),
    "safetensors": (S.save_safetensors, S.load_safetensors),
}
each_format = pytest.mark.parametrize("form", FORMATS)


class Model(nn.Chain):
    """Parameters, one of them lazy, links without any, and persistent values of every kind."""

    def __init__(self, seed: int = 0, n_in: int | None = 3) -> None:
        super().__init__()
        with self.init_scope():
            self.l1 = L.Linear(n_in, 2)
            self.rest = nn.Sequential(F.relu, L.Linear(None, 4), nn.Sequential(L.Dropout()))
        for p in self.params(include_uninit=False):
            p.array[...] = np.arange(p.size).reshape(p.shape) + seed
        self.add_persistent("count", np.arange(3) + seed)
        self.add_persistent("half", np.full((2, 2), seed, "float16"))
        self.add_persistent("flags", np.array([True, False]))
        self.add_persistent("empty", np.zeros((0, 3)))
        self.add_persistent("N", seed)
        self.add_persistent("rate", 0.5 + seed)
        self.add_persistent("on", bool(seed))
        self.add_persistent("best", None)
        self.add_persistent("note", f"größe {seed}")
        self.add_persistent("scalar", np.float32(seed))


class State:
    """What an optimizer or a trainer looks like in a file."""

    def __init__(self, file_kind: str) -> None:
        self.file_kind = file_kind
        self.t = 0

    def serialize(self, serializer: Any) -> None:
        self.t = serializer("t", self.t)


def contents(obj: Any) -> dict[str, Any]:
    serializer = S.DictionarySerializer()
    serializer.save(obj)
    return {k: (v.shape, v.dtype.str, v.tobytes()) for k, v in serializer.target.items()}


def save(form: str, file: Path, obj: Any, **options: Any) -> Path:
    FORMATS[form][0](file, obj, **options)
    return file


def load(form: str, file: Path | str, obj: Any, **options: Any) -> None:
    FORMATS[form][1](file, obj, **options)


@each_format
class TestRoundTrip:
    def test_bit_for_bit(self, form: str, tmp_path: Path) -> None:
        model, other = Model(3), Model(8)
        path = save(form, tmp_path / "my.model", model)
        assert os.listdir(tmp_path) == ["my.model"]
        load(form, str(path), other)
        assert contents(other) == contents(model)
        assert [type(x) for x in (other.N, other.rate, other.on, other.note, other.scalar)] == [
            *(int, float, bool, str),
            np.float32,
        ]
        assert other.best is None
        assert not other.rest[1].W.is_initialized

    def test_a_lazy_parameter_gets_the_files_shape(self, form: str, tmp_path: Path) -> None:
        model, other = Model(3), Model(8, n_in=None)
        load(form, save(form, tmp_path / "f", model), other)
        np.testing.assert_array_equal(other.l1.W.array, model.l1.W.array)

    def test_across_devices(self, form: str, tmp_path: Path) -> None:
        model, other = Model(3), Model(8)
        del model.half, other.half  # the strict backend has no float16
        model.to_device("numba")
        other.to_device("strict:device1")
        load(form, save(form, tmp_path / "f", model), other)
        assert contents(other) == contents(model)
        assert str(other.l1.W.device) == str(xp.device_of(other.count)) == "strict:device1"

    def test_the_same_object_gives_the_same_bytes(self, form: str, tmp_path: Path) -> None:
        a, b = (save(form, tmp_path / name, Model(3)).read_bytes() for name in "ab")
        assert a == b

    def test_memory_in_any_order(self, form: str, tmp_path: Path) -> None:
        values = {
            "f": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
            "r": np.arange(4)[::-2],
            "b": np.arange(3, dtype=">i4"),
        }
        obj = nn.Link()
        for name, value in values.items():
            obj.add_persistent(name, np.zeros(value.shape, value.dtype.newbyteorder("=")))
        load(form, save(form, tmp_path / "f", values), obj)
        for name, value in values.items():
            np.testing.assert_array_equal(getattr(obj, name), value)

    def test_a_part(self, form: str, tmp_path: Path) -> None:
        path = save(form, tmp_path / "f", nn.Chain(predictor=Model(3)))
        model = Model(8)
        with pytest.raises(
            ValueError, match=r"the keys of this Model are there under 'predictor/': pass path='predictor/'"
        ):
            load(form, path, model)
        load(form, path, model, path="predictor/")
        assert contents(model) == contents(Model(3))

    def test_an_empty_object(self, form: str, tmp_path: Path) -> None:
        load(form, save(form, tmp_path / "f", nn.Chain()), nn.Chain())


@each_format
class TestRefused:
    def test_what_does_not_fit_is_listed_and_changes_nothing(self, form: str, tmp_path: Path) -> None:
        saved, obj = Model(3), Model(8)
        saved.add_persistent("title", "x")
        saved.l1.W.array = np.ones((2, 5), "float32")
        del saved.half
        path = save(form, tmp_path / "f", saved)
        obj.add_persistent("titel", "x")
        before = contents(obj)
        with pytest.raises(ValueError, match=f"load_{form}: .*does not fit this Model, which was left as it was") as e:
            load(form, path, obj)
        text = str(e.value)
        assert "missing: half, titel (there is title)" in text
        assert "unexpected: title (there is titel)" in text
        assert "not fitting: l1/W has shape (2, 5), expected (2, 3)" in text
        assert contents(obj) == before

    def test_not_strict(self, form: str, tmp_path: Path) -> None:
        saved, obj = Model(3), Model(8)
        del saved.half
        saved.add_persistent("more", 1)
        load(form, save(form, tmp_path / "f", saved), obj, strict=False)
        assert (obj.N, obj.half[0, 0]) == (3, 8)
        load(form, tmp_path / "f", Model(8), ignore_names=["half", "more"])

    @pytest.mark.parametrize(
        ("saved", "obj", "text"),
        [
            (State("optimizer"), Model(), r"holds the state of an optimizer \(State\), you passed a model \(Model\)"),
            (Model(), State("optimizer"), r"holds the parameters of a model \(Model\), you passed an optimizer"),
            (Model(), State("trainer"), r"the parameters of a model \(Model\), you passed a trainer"),
        ],
    )
    def test_another_kind(self, form: str, saved: Any, obj: Any, text: str, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=f"load_{form}: .*{text}"):
            load(form, save(form, tmp_path / "f", saved), obj)

    @pytest.mark.parametrize(
        "content", [b"", b"PK", b"\x89HDF\r\n\x1a\n", b"{}", b"x" * 4096, b'{"catena": {}}' + b" " * 999]
    )
    def test_what_is_no_such_file(self, form: str, content: bytes, tmp_path: Path) -> None:
        path, obj = tmp_path / "f", Model(8)
        path.write_bytes(content)
        before = contents(obj)
        with pytest.raises(ValueError, match=rf"^load_{form}: '.*f' cannot be read, it is damaged or no .* file: "):
            load(form, path, obj)
        assert contents(obj) == before

    def test_the_other_formats(self, form: str, tmp_path: Path) -> None:
        for other in FORMATS.keys() - {form}:
            save(other, tmp_path / other, Model(3))
            with pytest.raises(ValueError, match="it is damaged or no"):
                load(form, tmp_path / other, Model(8))

    def test_paths(self, form: str, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match=rf"^load_{form}: '.*none' does not exist \(the working folder"):
            load(form, tmp_path / "none", Model())
        with pytest.raises(FileNotFoundError, match=rf"^save_{form}: there is no folder '.*missing'"):
            save(form, tmp_path / "missing" / "f", Model())
        with pytest.raises(IsADirectoryError, match=rf"^save_{form}: '.*' is a folder"):
            save(form, tmp_path, Model())
        with pytest.raises(IsADirectoryError):
            load(form, tmp_path, Model())
        for function in FORMATS[form]:
            with pytest.raises(TypeError, match=rf"^{function.__name__}: file is 3 \(int\), expected a path"):
                function(3, Model())

    @pytest.mark.parametrize("value", [[1], object(), np.array([None]), 2**70])
    def test_values_that_can_stand_in_no_file(self, form: str, value: Any, tmp_path: Path) -> None:
        save(form, tmp_path / "f", Model(3))
        before = (tmp_path / "f").read_bytes()
        obj = State("optimizer")
        obj.t = value
        with pytest.raises(TypeError, match="serialize: 't' is"):
            save(form, tmp_path / "f", obj)
        assert (tmp_path / "f").read_bytes() == before
        assert os.listdir(tmp_path) == ["f"]

    def test_a_dict_to_load(self, form: str, tmp_path: Path) -> None:
        with pytest.raises(TypeError, match=rf"load_{form}: obj is a dict; .* gives the arrays of a file by key"):
            load(form, save(form, tmp_path / "f", {"a": 1}), {})

    def test_a_failing_disk_leaves_the_old_file(
        self, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = save(form, tmp_path / "f", Model(3))
        old = path.read_bytes()

        def fail(fd: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space left"):
            save(form, path, Model(4))
        assert path.read_bytes() == old
        assert os.listdir(tmp_path) == ["f"]


def bytes_of(form: str, folder: Path) -> bytes:
    return save(form, folder / "whole", Model(3)).read_bytes()


@each_format
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_bytes_cut_off_or_flipped(form: str, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(bytes_of(form, tmp_path))
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.one_of(st.none(), st.integers(0, len(content))))
    (tmp_path / "f").write_bytes(bytes(content[:cut]))
    obj = Model(8)
    before = contents(obj)
    try:
        load(form, tmp_path / "f", obj)
    except ValueError:
        assert contents(obj) == before
    else:  # what does load is the undamaged content
        assert contents(obj) == contents(Model(3))


def elsewhere() -> Any:
    layout = h5py.VirtualLayout((2,), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (2,))
    return layout


class TestHDF5:
    def test_layout(self, tmp_path: Path) -> None:
        path = save("hdf5", tmp_path / "f", Model(3))
        with h5py.File(path) as file:
            assert file["l1/W"].compression == "gzip"
            assert file["l1/W"].compression_opts == 4
            assert file["N"].compression is None
            assert file["best"].shape is None
            assert file["rest/1/0"].keys() == set()
            assert file["note"].asstr()[()] == "größe 3"

    @pytest.mark.parametrize(("compression", "expected"), [(None, None), (9, 9)])
    def test_compression(self, compression: int | None, expected: int | None, tmp_path: Path) -> None:
        path = save("hdf5", tmp_path / "f", Model(3), compression=compression)
        with h5py.File(path) as file:
            assert file["l1/W"].compression_opts == expected
        load("hdf5", path, Model(8))

    def test_the_first_line_says_what_it_holds(self, tmp_path: Path) -> None:
        about = json.loads(save("hdf5", tmp_path / "f", Model(3)).read_bytes()[:512])["catena"]
        assert (about["format"], about["kind"], about["class"]) == (1, "model", "Model")

    def test_groups_of_open_files(self) -> None:
        model, other = Model(3), Model(8)
        with h5py.File(io.BytesIO(), "w") as file:
            S.HDF5Serializer(file.create_group("models/a")).save(model)
            file["models/a/more"] = 1
            with pytest.raises(ValueError, match="unexpected: more"):
                S.HDF5Deserializer(file["models/a"]).load(other)
            S.HDF5Deserializer(file["models/a"], strict=False).load(other)
        assert contents(other) == contents(model)

    @pytest.mark.parametrize(
        ("make", "text"),
        [
            (lambda f: f.__setitem__("W", h5py.SoftLink("/x")), "'W' leads to another place, which is not followed"),
            (lambda f: f.__setitem__("W", h5py.ExternalLink("/etc/passwd", "/x")), "'W' leads to another place"),
            (lambda f: f.__setitem__("g/again", f["/"]), "'g/again/' holds itself"),
            (lambda f: f.__setitem__("W", np.dtype("f4")), "'W' is no array"),
            (
                lambda f: f.create_dataset("W", data=np.zeros(2, [("a", "i4"), ("b", "f4")])),
                "which no file of save_hdf5",
            ),
            (lambda f: f.create_dataset("W", (2,), "f4", external=[("/etc/passwd", 0, 8)]), "'W' lies in another file"),
            (
                lambda f: f.create_dataset("W", (10**12,), "f4", chunks=(10,)),
                r"'W' has fewer bytes than \(1000000000000,\)",
            ),
            (lambda f: f.create_virtual_dataset("W", elsewhere()), "'W' lies in another file"),
        ],
    )
    def test_what_could_reach_elsewhere_is_refused(self, make: Any, text: str, tmp_path: Path) -> None:
        with h5py.File(tmp_path / "f", "w") as file:
            make(file)
        with pytest.raises(ValueError, match=text):
            load("hdf5", tmp_path / "f", nn.Link(W=(2,)))

    def test_what_hdf5_does_not_know(self, tmp_path: Path) -> None:
        with pytest.raises(TypeError, match=r"serialize: 'a' is datetime64\[D\], which HDF5 does not know"):
            save("hdf5", tmp_path / "f", {"a": np.array(["2000-01-01"], "datetime64[D]")})

    def test_names_too_long_for_the_first_block(self, tmp_path: Path) -> None:
        for name in ("x" * 600, "\N{SNOWMAN}" * 600):
            load("hdf5", save("hdf5", tmp_path / "f", type(name, (Model,), {})(3)), Model(8))


class TestSafetensors:
    def test_other_programs_read_the_arrays(self, tmp_path: Path) -> None:
        path = save("safetensors", tmp_path / "f", Model(3))
        arrays = safetensors.load_file(path)
        np.testing.assert_array_equal(arrays["l1/W"], Model(3).l1.W.array)
        assert not {"best", "note", "rest/1/W"} & arrays.keys()

    def test_files_of_other_programs(self, tmp_path: Path) -> None:
        safetensors.save_file({"W": np.ones(2, "float32")}, tmp_path / "f")
        link = nn.Link(W=(2,))
        load("safetensors", tmp_path / "f", link)
        np.testing.assert_array_equal(link.W.array, [1, 1])

    @pytest.mark.parametrize("value", [np.ones(2, "complex128"), np.array(["a", "b"])])
    def test_what_it_does_not_know(self, value: Any, tmp_path: Path) -> None:
        with pytest.raises(TypeError, match=r"serialize: 'a' is .*, which safetensors does not know; use save_npz"):
            save("safetensors", tmp_path / "f", {"a": value})

    @pytest.mark.parametrize("about", ["[", "3", "{}", '{"none": 3}', '{"text": 3}', "[" * 100_000, '{"kind": [1]}'])
    def test_metadata_that_make_no_sense(self, about: str, tmp_path: Path) -> None:
        safetensors.save_file({"W": np.ones(2, "float32")}, tmp_path / "f", {"catena": about})
        with pytest.raises(ValueError, match="cannot be read, it is damaged"):
            load("safetensors", tmp_path / "f", nn.Link(W=(2,)))


class Golden(nn.Chain):
    def __init__(self, n_in: int | None) -> None:
        super().__init__()
        with self.init_scope():
            self.l1 = L.Linear(n_in, 2)
            self.rest = nn.Sequential(F.relu, L.Linear(None, 4))
            self.conv = L.Convolution2D(1, 2, 3)
        self.add_persistent("count", 0)
        self.add_persistent("rate", 0.0)
        self.add_persistent("mean", np.zeros(4))
        self.add_persistent("nothing", None)


@pytest.mark.parametrize("n_in", [3, None])
@pytest.mark.parametrize("file", ["chainer.npz", "chainer.h5"])
def test_files_of_chainer(file: str, n_in: int | None) -> None:
    model = Golden(n_in)
    load({"npz": "npz", ".h5": "hdf5"}[file[-3:]], GOLDEN / file, model)
    for i, (path, p) in enumerate(sorted(model.namedparams(include_uninit=False))):
        np.testing.assert_array_equal(p.array, np.arange(p.size).reshape(p.shape) / 8 + i, err_msg=path)
    assert [path for path, p in model.namedparams() if not p.is_initialized] == ["/rest/0/W"]
    assert (model.count, model.rate, model.mean.tolist(), model.nothing) == (7, 0.5, [0, 1, 2, 3], None)


@pytest.mark.parametrize(
    ("call", "library", "extra"),
    [
        ("save_hdf5('f', Link())", "h5py", "hdf5"),
        ("load_hdf5('f', Link())", "h5py", "hdf5"),
        ("HDF5Serializer(None)", "h5py", "hdf5"),
        ("save_safetensors('f', Link())", "safetensors", "safetensors"),
        ("load_safetensors('f', Link())", "safetensors", "safetensors"),
    ],
)
def test_a_library_that_is_not_there_is_named(call: str, library: str, extra: str) -> None:
    program = (
        "import sys\n"
        "from catena.nn import Link\n"
        "from catena.nn.serializers import *\n"
        "assert not {'h5py', 'safetensors'} & sys.modules.keys()\n"
        f"sys.modules[{library!r}] = None\n"
        f"{call}\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    name = call.partition("(")[0]
    assert (
        done.stderr.splitlines()[-1]
        == f"ImportError: {name}: {library} is not installed; pip install catena-nn[{extra}]"
    )


def test_what_numpy_unpickled_for_a_user() -> None:
    model = Golden(3)
    with np.load(GOLDEN / "chainer.npz", allow_pickle=True) as arrays:
        S.NpzDeserializer(arrays).load(model)
    assert (model.count, model.nothing) == (7, None)
