"""Datasets: tuples, parts, one's own, and the digits that need no network."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import os
import pickle
import re
import signal
import socket
import struct
import subprocess
import sys
import tarfile
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import catena.autograd as ag
import xparray as xp
from catena.training.datasets import (
    ConcatenatedDataset,
    DatasetMixin,
    DictDataset,
    ImageDataset,
    LabeledImageDataset,
    LabeledZippedImageDataset,
    MultiZippedImageDataset,
    PickleDataset,
    PickleDatasetWriter,
    SubDataset,
    TextDataset,
    TransformDataset,
    TupleDataset,
    ZippedImageDataset,
    _downloaded,
    cache_or_load_file,
    cached_download,
    get_cifar10,
    get_cifar100,
    get_cross_validation_datasets,
    get_cross_validation_datasets_random,
    get_dataset_directory,
    get_digits,
    get_fashion_mnist,
    get_fashion_mnist_labels,
    get_kuzushiji_mnist,
    get_kuzushiji_mnist_labels,
    get_mnist,
    get_ptb_words,
    get_ptb_words_vocabulary,
    get_shapes,
    get_spirals,
    get_svhn,
    get_waves,
    open_pickle_dataset,
    open_pickle_dataset_writer,
    split_dataset,
    split_dataset_n,
    split_dataset_n_random,
    split_dataset_random,
)
from catena.training.iterators import MultiprocessIterator


class Squares(DatasetMixin):
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def get_example(self, i):
        assert type(i) is int and 0 <= i < self.n
        return i * i


INDEXING = [
    (0, 0),
    (4, 16),
    (-1, 16),
    (-5, 0),
    (np.int32(3), 9),
    (np.array(3), 9),
    (slice(1, 3), [1, 4]),
    (slice(None, None, -2), [16, 4, 0]),
    (slice(3, 99), [9, 16]),
    ([0, -1], [0, 16]),
    ([], []),
    (np.array([4, 4]), [16, 16]),
    (np.array([True, False, False, True, False]), [0, 9]),
    ([False, True, False, False, False], [1]),
]


@pytest.mark.parametrize(("index", "expected"), INDEXING)
@pytest.mark.parametrize(
    ("dataset", "wrap"),
    [
        (Squares(5), lambda e: e),
        (TupleDataset(Squares(5)), lambda e: (e,)),
        (TupleDataset(np.arange(5) ** 2, [str(i * i) for i in range(5)]), lambda e: (e, str(e))),
        (SubDataset(Squares(9), 0, 5), lambda e: e),
        (SubDataset([-1, 0, 1, 4, 9, 16], 1, 6), lambda e: e),
        (SubDataset(Squares(5), 0, 5, order=np.arange(5)), lambda e: e),
    ],
    ids=["own", "tuple of one", "tuple of two", "part", "part of a list", "part with order"],
)
def test_indexing(dataset, wrap, index, expected):
    assert dataset[index] == ([wrap(e) for e in expected] if isinstance(expected, list) else wrap(expected))


@pytest.mark.parametrize("dataset", [Squares(5), TupleDataset(range(5))])
@pytest.mark.parametrize(
    ("index", "error", "text"),
    [
        (5, IndexError, "index 5 is out of range; there are 5 examples"),
        (-6, IndexError, "index -6 is out of range"),
        ([0, 5], IndexError, "index 5 is out of range"),
        (np.array([True]), IndexError, "the mask has shape (1,); expected (5,), one entry an example"),
        ("a", TypeError, "got the index 'a' (str); expected an integer, a slice, a list or an array of integers"),
        (1.0, TypeError, "got the index 1.0 (float)"),
        ([1.0], TypeError, "got indices of shape (1,) and dtype float64; expected a list or 1-d array of integers"),
        ([[1]], TypeError, "got indices of shape (1, 1)"),
    ],
)
def test_bad_indices_are_named(dataset, index, error, text):
    with pytest.raises(error, match=re.escape(f"{type(dataset).__name__}: {text}")):
        dataset[index]


@pytest.mark.parametrize("dataset", [Squares(5), TupleDataset(Squares(5)), SubDataset(Squares(9), 2, 7)])
def test_datasets_are_sequences(dataset):
    assert len(dataset) == 5
    assert list(dataset) == dataset[:]


def test_a_dataset_without_length_or_examples_says_what_to_define():
    class Nothing(DatasetMixin):
        pass

    with pytest.raises(TypeError, match=r"Nothing has no length; define __len__\(self\)"):
        len(Nothing())
    with pytest.raises(TypeError, match=r"Nothing has no examples; define get_example\(self, i\)"):
        Nothing().get_example(0)


@pytest.mark.parametrize(
    ("datasets", "text"),
    [((), "TupleDataset: got no datasets"), ((range(2), range(3)), "TupleDataset: the datasets have 2, 3 examples")],
)
def test_tuple_dataset_needs_equal_lengths(datasets, text):
    with pytest.raises(ValueError, match=text):
        TupleDataset(*datasets)


def test_tuple_dataset_needs_lengths():
    with pytest.raises(TypeError) as caught:
        TupleDataset([1, 2], 3)
    assert str(caught.value) == (
        "TupleDataset: dataset 1 is 3 (int), which has no length; expected an array, a list or a dataset"
    )


@pytest.mark.parametrize(
    ("start", "finish", "order", "expected"),
    [(0, 0, None, ""), (1, 3, None, "bc"), (0, 5, None, "abcde"), (1, 3, [4, 3, 2, 1, 0], "dc"), (0, 2, [4, 4], "ee")],
)
def test_sub_dataset(start, finish, order, expected):
    assert "".join(SubDataset("abcde", start, finish, order)[:]) == expected


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: SubDataset("abc", -1, 2), "SubDataset: start is -1, finish 2; expected 0 <= start <= finish <= 3"),
        (lambda: SubDataset("abc", 2, 1), "SubDataset: start is 2, finish 1"),
        (lambda: SubDataset("abc", 0, 4), "SubDataset: start is 0, finish 4"),
        (lambda: SubDataset("abc", 0, 3, [0, 1, 3]), "SubDataset: order has shape (3,) and dtype int64; expected a list of"),
        (lambda: SubDataset("abc", 0, 1, [0.5]), "SubDataset: order has shape (1,) and dtype float64"),
        (lambda: split_dataset("abc", 3), "split_dataset: split_at is 3, the dataset has 3 examples; expected 0 <= split_at < 3"),
        (lambda: split_dataset("abc", -1), "split_dataset: split_at is -1"),
        (lambda: split_dataset("", 0), "split_dataset: split_at is 0, the dataset has 0 examples"),
        (lambda: split_dataset("abc", 1, [0]), "split_dataset: order has 1 indices, the dataset 3 examples"),
        (lambda: split_dataset_random("abc", 9, seed=0), "split_dataset: split_at is 9"),
    ],
)  # fmt: skip
def test_bad_parts_are_named(call, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        call()


def test_split_dataset_keeps_every_example_once():
    first, second = split_dataset("abcde", 2, order=[4, 3, 2, 1, 0])
    assert (first[:], second[:]) == (["e", "d"], ["c", "b", "a"])


def test_a_random_split_is_chainers_for_the_same_seed():
    # numpy.random.RandomState(0).permutation(6), by which Chainer splits.
    first, second = split_dataset_random(range(6), 4, seed=0)
    assert (first[:], second[:]) == ([5, 2, 1, 3], [0, 4])


def test_a_random_split_without_seed_follows_the_process_stream():
    xp.random.seed(3)
    a = split_dataset_random(range(50), 25)[0][:]
    b = split_dataset_random(range(50), 25)[0][:]
    xp.random.seed(3)
    assert split_dataset_random(range(50), 25)[0][:] == a != b


@pytest.mark.parametrize(("ndim", "shape"), [(1, (64,)), (2, (8, 8)), (3, (1, 8, 8))])
def test_digits_have_the_asked_shape(ndim, shape):
    train, test = get_digits(ndim=ndim)
    assert (len(train), len(test)) == (1437, 360)
    for part in (train, test):
        x, t = part[0]
        assert (x.shape, x.dtype, t.dtype) == (shape, "float32", "int32")


def test_digits_are_the_real_scans_scaled_to_one():
    train, test = get_digits()
    x = np.stack([x for x, _ in train[:] + test[:]])
    t = np.stack([t for _, t in train[:] + test[:]])
    assert x.shape == (1797, 64)
    assert (x.min(), x.max()) == (0, 1)
    assert set((x * 16).ravel().tolist()) == set(range(17))
    # Counts of the ten digits, as the data set's description gives them.
    assert np.bincount(t).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_digits_are_split_alike_everywhere():
    train, test = get_digits()
    assert [int(t) for _, t in train[:10]] == [2, 8, 2, 6, 6, 7, 1, 9, 8, 5]
    again, smaller = get_digits(test_size=100)
    assert (len(again), len(smaller)) == (1697, 100)
    assert all((a[0] == b[0]).all() for a, b in zip(test[-100:], smaller[:], strict=True))


def test_digits_options():
    train, test = get_digits(withlabel=False, ndim=3, scale=255, dtype="float64")
    assert (train.shape, test.shape, train.dtype, train.max()) == ((1437, 1, 8, 8), (360, 1, 8, 8), "float64", 255)
    with ag.using_config("dtype", "float16"):
        x, t = get_digits(label_dtype="uint8")[0][0]
    assert (x.dtype, t.dtype) == ("float16", "uint8")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"ndim": 4}, "get_digits: ndim is 4; expected 1 for (64,), 2 for (8, 8) or 3 for (1, 8, 8)"),
        ({"test_size": 0}, "get_digits: test_size is 0; expected 0 < test_size < 1797, the number of scans"),
        ({"test_size": 1797}, "get_digits: test_size is 1797"),
    ],
)
def test_bad_digits_options_are_named(options, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        get_digits(**options)


def test_without_scikit_learn_the_extra_is_named():
    program = """
import sys
sys.modules["sklearn"] = sys.modules["sklearn.datasets"] = None
from catena.training.datasets import get_digits
try:
    get_digits()
except ImportError as e:
    print(e)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install catena-training[digits]" in done.stdout


def test_names_of_classes():
    assert get_fashion_mnist_labels()[::9] == ["T-shirt/top", "Ankle boot"]
    assert get_kuzushiji_mnist_labels()[::9] == [("o", "お"), ("wo", "を")]


@pytest.mark.parametrize(
    ("get", "shapes", "dtypes"),
    [
        (get_spirals, ((2,), ()), ("float32", "int32")),
        (get_shapes, ((1, 16, 16), ()), ("float32", "int32")),
        (get_waves, ((32, 1), (32, 1)), ("float32", "float32")),
    ],
)
def test_generated_data(get, shapes, dtypes):
    train, test = get(n=50, test_size=10, seed=1)
    assert (len(train), len(test)) == (40, 10)
    assert (tuple(a.shape for a in train[0]), tuple(str(a.dtype) for a in test[9])) == (shapes, dtypes)
    again, other = get(n=50, test_size=10, seed=1)[0], get(n=50, test_size=10, seed=2)[0]
    assert (train[3][0] == again[3][0]).all() and not (train[3][0] == other[3][0]).all()
    with ag.using_config("dtype", "float64"):
        assert get(n=9, test_size=3)[0][0][0].dtype == "float64"
    with pytest.raises(ValueError, match=rf"{get.__name__}: test_size is 50; expected 0 < test_size < 50"):
        get(n=50, test_size=50)


def test_shapes_fill_their_boxes_as_they_should():
    train, _ = get_shapes(noise=0)
    filled = {k: [] for k in range(4)}
    for x, t in train:
        rows, columns = np.nonzero(x[0])
        filled[int(t)].append(x.sum() / (np.ptp(rows) + 1) / (np.ptp(columns) + 1))
    disc, square, triangle, cross = (np.mean(each) for each in filled.values())
    assert square == 1 and 0.7 < disc < 0.9 and 0.4 < triangle < 0.6 and 0.4 < cross < 0.65


# Datasets made of others, and parts


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        (DictDataset(x=[1, 2], t="ab"), [{"x": 1, "t": "a"}, {"x": 2, "t": "b"}]),
        (ConcatenatedDataset("ab", "", [1]), ["a", "b", 1]),
        (ConcatenatedDataset(), []),
        (TransformDataset([1, 2], str), ["1", "2"]),
    ],
)
def test_combined_datasets(dataset, expected):
    assert len(dataset) == len(expected)
    assert dataset[:] == expected


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (DictDataset, ValueError, "DictDataset: got no datasets"),
        (lambda: DictDataset(a=[1], b=3), TypeError, "DictDataset: dataset 'b' is 3 (int), which has no length"),
        (lambda: DictDataset(a=[1], b=[]), ValueError, "DictDataset: the datasets have {'a': 1, 'b': 0} examples"),
        (lambda: ConcatenatedDataset([1], 3), TypeError, "ConcatenatedDataset: dataset 1 is 3 (int), which has no length"),
        (lambda: TransformDataset([1], 2), TypeError, "TransformDataset: transform is 2 (int); expected a function"),
        (lambda: split_dataset_n("abc", 4), ValueError, "split_dataset_n: asked for 4 parts of 3 examples"),
        (lambda: split_dataset_n("abc", 2, [0]), ValueError, "split_dataset_n: order has 1 indices, the dataset 3 examples"),
        (lambda: get_cross_validation_datasets("abc"), TypeError, "get_cross_validation_datasets: n_folds is missing"),
        (lambda: get_cross_validation_datasets("abc", 0), ValueError, "asked for 0 parts of 3 examples; expected at least 1"),
        (lambda: get_cross_validation_datasets("abc", 2, folds=3), TypeError, "got unexpected arguments folds"),
    ],
)  # fmt: skip
def test_what_cannot_be_combined_or_split_is_named(call, error, text):
    with pytest.raises(error, match=re.escape(text)):
        call()


def test_random_parts_are_chainers_for_the_same_seed():
    assert [p[:] for p in split_dataset_n_random(range(6), 2, seed=0)] == [[5, 2, 1], [3, 0, 4]]


def test_folds_are_chainers():
    folds = [(train[:], test[:]) for train, test in get_cross_validation_datasets(range(7), 3)]
    assert folds == [([0, 1, 2, 3], [4, 5, 6]), ([4, 5, 6, 0, 1], [2, 3]), ([2, 3, 4, 5, 6], [0, 1])]
    folds = [(train[:], test[:]) for train, test in get_cross_validation_datasets_random(range(5), 2, seed=0)]
    assert folds == [([2, 0], [1, 3, 4]), ([1, 3, 4], [2, 0])]


@pytest.mark.parametrize("n", [5, 6, 7])
def test_folds_test_every_example_once(n):
    folds = get_cross_validation_datasets_random(range(n), 3, seed=1)
    assert sorted(i for _, test in folds for i in test) == list(range(n))
    for train, test in folds:
        assert sorted(train[:] + test[:]) == list(range(n))
        assert n // 3 <= len(test) <= n // 3 + 1


# Files


@pytest.fixture
def pictures(tmp_path):
    for i, mode in enumerate(["RGB", "L", "RGBA"]):
        Image.new(mode, (4, 3), i + 1).save(tmp_path / f"{i}.png")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for i in range(3):
            archive.write(tmp_path / f"{i}.png", f"in/{i}.png")
        archive.writestr("read.me", "")
    (tmp_path / "labels.txt").write_text("in/0.png 7\nin/1.png -8\n")
    (tmp_path / "paths.txt").write_text("0.png\n1.png\n")
    return tmp_path


def test_images(pictures):
    data = ImageDataset(["0.png", "1.png", "2.png"], pictures)
    assert [(x.shape, x.dtype, x.max()) for x in data] == [
        ((c, 3, 4), "float32", m) for c, m in [(3, 1), (1, 2), (4, 3)]
    ]
    assert len(ImageDataset(pictures / "paths.txt", pictures)) == 2
    x, t = LabeledImageDataset([("1.png", 5)], pictures, np.uint8, "int64")[0]
    assert (x.tolist(), x.dtype, t, t.dtype) == ([[[2] * 4] * 3], "uint8", 5, "int64")


def test_zipped_images(pictures):
    plain = ImageDataset(["0.png", "1.png", "2.png"], pictures)
    data = MultiZippedImageDataset([pictures / "a.zip"] * 2)
    assert len(data) == 6
    assert all((a == b).all() for a, b in zip(data, [*plain, *plain], strict=True))
    labeled = LabeledZippedImageDataset(pictures / "a.zip", pictures / "labels.txt")
    assert [t.item() for _, t in labeled] == [7, -8]
    with MultiprocessIterator(data, 6, shuffle=False, n_processes=2, start_method="forkserver") as it:
        assert all((a == b).all() for a, b in zip(it.next(), data, strict=True))


def test_a_damaged_image_is_named(pictures):
    whole = (pictures / "0.png").read_bytes()
    for name, content in (("cut.png", whole[: len(whole) // 2]), ("text.png", b"no image")):
        (pictures / name).write_bytes(content)
        with pytest.raises(OSError) as raised:
            ImageDataset([name], pictures)[0]
        assert raised.value.__notes__ == [f"This was the image {pictures / name}."]
        with zipfile.ZipFile(pictures / f"{name}.zip", "w") as archive:
            archive.writestr(name, content)
        with pytest.raises(OSError) as raised:
            ZippedImageDataset(pictures / f"{name}.zip")[0]
        assert raised.value.__notes__ == [f"This was the image {name} of a zip file."]


def test_bad_labels_are_named(pictures):
    with pytest.raises(ValueError, match=r"holds the line '0\.png'; expected a path, a blank and an integer label"):
        LabeledImageDataset(pictures / "paths.txt")
    with pytest.raises(ValueError, match=re.escape("got the pair ('a',); expected a tuple of a path and an integer")):
        LabeledImageDataset([("a",)])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "shift_jis"])
def test_text(tmp_path, encoding):
    lines = ["one\n", "\n", "二\n", "three"]
    (tmp_path / "a").write_text("".join(lines), encoding)
    (tmp_path / "b").write_text("1\n2\n3\n4\n")
    data = TextDataset(tmp_path / "a", encoding)
    assert (data[:], data[2]) == (lines, "二\n")
    data.close()
    assert data[0] == "one\n"  # it is opened again
    pairs = TextDataset([tmp_path / "a", tmp_path / "b"], [encoding, None], filter_func=lambda a, b: a.strip())
    assert pickle.loads(pickle.dumps(pairs))[:] == [("one\n", "1\n"), ("二\n", "3\n"), ("three", "4\n")]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda p: TextDataset([]), "TextDataset: got no paths"),
        (lambda p: TextDataset([p / "a", p / "b"]), "TextDataset: the files have 1, 2 lines"),
        (lambda p: TextDataset([p / "a"], ["ascii", None]), "TextDataset: encoding has 2 entries for 1 files"),
    ],
)
def test_bad_text_is_named(tmp_path, call, text):
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("1\n2")
    with pytest.raises(ValueError, match=text):
        call(tmp_path)


class Marked:
    def __reduce__(self):
        return open, ("marked", "w")


def test_pickles_run_no_code_unless_asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    examples = [(np.arange(3), "a", np.float32(2), {1, 2}), {"x": np.zeros((2, 2), order="F")}, None, b"b"]
    with open_pickle_dataset_writer(tmp_path / "p") as writer:
        for example in examples:
            writer.write(example)
    with open_pickle_dataset(tmp_path / "p") as data:
        assert repr(data[:]) == repr(examples) == repr(pickle.loads(pickle.dumps(data))[:])
    with open(tmp_path / "p", "ab") as file:
        PickleDatasetWriter(file).write(Marked())
    text = r"PickleDataset: example 4 cannot be read: it asks for (_)?io.open, which could run any code; .* allow_pickle=True"
    with pytest.raises(pickle.UnpicklingError, match=text):
        open_pickle_dataset(tmp_path / "p")
    assert not (tmp_path / "marked").exists()


def test_a_pickle_that_is_cut_off_is_named():
    data = pickle.dumps(1) + pickle.dumps("abcdefgh")[:-4]
    with pytest.raises(pickle.UnpicklingError, match="PickleDataset: example 1 cannot be read"):
        PickleDataset(io.BytesIO(data))


# The network


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves `server.files`, and breaks off as `server.fault` says."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.close_connection = True
        data = self.server.files.get(self.path)
        self.server.asked.append(self.path)
        if data is None:
            self.send_error(404)
            return
        fault = self.server.fault
        self.send_response(200)
        if fault == "cut in chunks":
            self.send_header("Transfer-Encoding", "chunked")
            data = b"3\r\nab"
        else:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data if fault is None or fault == "cut in chunks" else data[: len(data) // 2])
        self.wfile.flush()
        if fault == "reset":
            linger = struct.pack("ii", 1, 0)  # closing says so at once
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
        elif fault == "Ctrl-C":
            os.kill(os.getpid(), signal.SIGINT)
            self.server.go_on.wait()
        elif fault == "stall":
            self.server.go_on.wait()

    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setattr("catena.training.datasets._download._root", tmp_path / "root")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.files, running.asked, running.fault = {"/a": b"abc"}, [], None
        running.go_on, running.handle_error = threading.Event(), lambda *_: None
        running.root = tmp_path / "root"
        running.url = f"http://127.0.0.1:{running.server_port}"
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.go_on.set()
        running.shutdown()
        thread.join()


ABC = "sha256:" + hashlib.sha256(b"abc").hexdigest()


def test_a_file_is_downloaded_once(server):
    path = cached_download(f"{server.url}/a", checksum=ABC)
    assert Path(path).read_bytes() == b"abc"
    assert cached_download([f"{server.url}/none", f"{server.url}/a"], checksum=ABC) == path
    assert server.asked == ["/a"]
    Path(path).write_bytes(b"damaged on the disk")
    assert Path(cached_download(f"{server.url}/a", checksum=ABC)).read_bytes() == b"abc"


def test_mirrors_are_tried_in_turn(server):
    path = cached_download([f"{server.url}/none", f"{server.url}/a"], checksum=ABC)
    assert (Path(path).read_bytes(), server.asked) == (b"abc", ["/none", "/a"])


@pytest.mark.parametrize(
    ("files", "fault", "text"),
    [
        ({"/a": b"abc"}, "cut", r"the download was cut off: 1 of 3 bytes came"),
        ({"/a": b"abc"}, "cut in chunks", r"the download was cut off: IncompleteRead"),
        ({"/a": b"abc"}, "reset", r"Connection reset by peer|the download was cut off: 1 of 3"),
        ({"/a": b"abc"}, "stall", "timed out"),
        ({"/a": b"evil"}, None, r"the file's sha256 is [0-9a-f]{64}, expected ba7816bf.*: it was changed or damaged"),
        ({}, None, "HTTP Error 404"),
    ],
)
def test_what_does_not_come_whole_leaves_nothing(server, monkeypatch, files, fault, text):
    monkeypatch.setattr("catena.training.datasets._download._SECONDS", 0.3 if fault == "stall" else 30)
    server.files, server.fault = files, fault
    with pytest.raises(OSError, match=text):
        cached_download(f"{server.url}/a", checksum=ABC)
    assert list(Path(get_dataset_directory("_dl_cache")).iterdir()) == []
    server.files, server.fault = {"/b": b"abc"}, None
    monkeypatch.undo()
    monkeypatch.setattr("catena.training.datasets._download._root", server.root)
    path = cached_download([f"{server.url}/a", f"{server.url}/b"], checksum=ABC)
    assert Path(path).read_bytes() == b"abc"


def test_ctrl_c_in_a_download_leaves_nothing(server):
    server.fault = "Ctrl-C"
    with pytest.raises(KeyboardInterrupt):
        cached_download(f"{server.url}/a", checksum=ABC)
    assert list(Path(get_dataset_directory("_dl_cache")).iterdir()) == []


def test_other_addresses_and_names_are_refused(server):
    with pytest.raises(OSError, match="expected an address that begins with http:// or https://"):
        cached_download("file:///etc/passwd")
    with pytest.raises(ValueError, match=r"'\.\./x' leads out of"):
        get_dataset_directory("../x")


def test_a_file_whose_making_fails_is_not_there(tmp_path):
    def create(path):
        Path(path).write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache_or_load_file(tmp_path / "x", create, str)
    assert list(tmp_path.iterdir()) == []


def idx(array):
    return gzip.compress(bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes() + array.tobytes())


@pytest.mark.parametrize(("ndim", "shape"), [(1, (784,)), (2, (28, 28)), (3, (1, 28, 28))])
@pytest.mark.parametrize(
    ("name", "get"),
    [("mnist", get_mnist), ("fashion_mnist", get_fashion_mnist), ("kuzushiji_mnist", get_kuzushiji_mnist)],
)
def test_mnist_and_its_kin_from_the_network(server, monkeypatch, name, get, ndim, shape):
    pixels = np.arange(3 * 784).astype(np.uint8).reshape(3, 28, 28)
    files = [idx(pixels), idx(np.arange(3, dtype=np.uint8)), idx(pixels[:1]), idx(np.array([9], np.uint8))]
    server.files = {f"/{n}-ubyte.gz": f for n, f in zip(_downloaded._IDX_FILES, files, strict=True)}
    sums = tuple(hashlib.sha256(file).hexdigest() for file in files)
    monkeypatch.setitem(_downloaded._MNIST_LIKE, name, ((server.url,), sums))
    train, test = get(ndim=ndim)
    assert (len(train), len(test), train[2][1], test[0][1]) == (3, 1, 2, 9)
    np.testing.assert_allclose(train[1][0].reshape(28, 28), pixels[1] / 255, rtol=1e-6)
    assert train[0][0].shape == shape
    assert get(withlabel=False, ndim=3, rgb_format=True, scale=255)[0].shape == (3, 3, 28, 28)


def test_cifar_from_the_network(server, monkeypatch):
    rows = np.arange(2 * 3072).astype(np.uint8).reshape(2, 3072)
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name in ("data_batch_2", "data_batch_1", "test_batch", "../../evil"):
            content = pickle.dumps({"data": rows, "labels": [int(name[-1] == "2"), 1]}, 2)
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    server.files = {"/cifar-10-python.tar.gz": data.getvalue()}
    monkeypatch.setattr(_downloaded, "_CIFAR_MIRRORS", (server.url,))
    monkeypatch.setitem(_downloaded._CIFAR_SHA256, "cifar-10", hashlib.sha256(data.getvalue()).hexdigest())
    train, test = get_cifar10(scale=255)
    assert ([int(t) for _, t in train], len(test), train[0][0].shape) == ([0, 1, 1, 1], 2, (3, 32, 32))
    assert (train[1][0].ravel() == rows[1]).all()


def test_cifar100_from_the_network(server, monkeypatch):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, label in (("train", 99), ("test", 5), ("meta", 0)):
            content = pickle.dumps({"data": np.full((1, 3072), label, np.uint8), "fine_labels": [label]}, 2)
            member = tarfile.TarInfo(f"cifar-100-python/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    server.files = {"/cifar-100-python.tar.gz": data.getvalue()}
    monkeypatch.setattr(_downloaded, "_CIFAR_MIRRORS", (server.url,))
    monkeypatch.setitem(_downloaded._CIFAR_SHA256, "cifar-100", hashlib.sha256(data.getvalue()).hexdigest())
    for (x, t), label in zip((part[0] for part in get_cifar100(ndim=1, scale=255)), (99, 5), strict=True):
        assert (x.shape, float(x[0]), int(t)) == ((3072,), label, label)


def test_a_pickle_in_an_archive_runs_no_code(server, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        content = pickle.dumps({"data": Marked(), "labels": [1]}, 2)
        member = tarfile.TarInfo("cifar-10-batches-py/test_batch")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    server.files = {"/cifar-10-python.tar.gz": data.getvalue()}
    monkeypatch.setattr(_downloaded, "_CIFAR_MIRRORS", (server.url,))
    monkeypatch.setitem(_downloaded._CIFAR_SHA256, "cifar-10", hashlib.sha256(data.getvalue()).hexdigest())
    with pytest.raises(pickle.UnpicklingError, match="could run any code"):
        get_cifar10()
    assert not (tmp_path / "marked").exists()


def test_svhn_and_words_from_the_network(server, monkeypatch):
    scipy_io = pytest.importorskip("scipy.io", reason="SciPy reads SVHN's files")
    for part in ("train", "test"):
        content = io.BytesIO()
        scipy_io.savemat(content, {"X": np.full((32, 32, 3, 2), 51, np.uint8), "y": np.array([[10], [3]], np.uint8)})
        server.files[f"/{part}_32x32.mat"] = content.getvalue()
        monkeypatch.setitem(_downloaded._SVHN_SHA256, part, hashlib.sha256(content.getvalue()).hexdigest())
    monkeypatch.setattr(_downloaded, "_SVHN_MIRRORS", (server.url,))
    train, _ = get_svhn()
    assert [int(t) for _, t in train] == [0, 3]
    np.testing.assert_allclose(train[0][0], np.full((3, 32, 32), 0.2), rtol=1e-6)

    for part, text in {"train": " a b\n c\n", "valid": " b\n", "test": " a c\n"}.items():
        server.files[f"/ptb.{part}.txt"] = text.encode()
        monkeypatch.setitem(_downloaded._PTB_MD5, part, hashlib.md5(text.encode()).hexdigest())
    monkeypatch.setattr(_downloaded, "_PTB_MIRRORS", (server.url,))
    assert get_ptb_words_vocabulary() == {"a": 0, "b": 1, "<eos>": 2, "c": 3}
    assert [words.tolist() for words in get_ptb_words()] == [[0, 1, 2, 3, 2], [1, 2], [0, 3, 2]]
