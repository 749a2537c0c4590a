"""What networks of named layers share: results of any of them, and pictures as their training had them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

import xparray as xp
from catena.autograd import config, no_backprop_mode, using_config
from catena.autograd import functions as F
from catena.nn._arrays import is_array
from catena.nn._chain import Chain
from catena.nn.serializers import load_npz
from xparray import Array

File = str | os.PathLike[str] | None
Size = tuple[int, int] | None


class Layers(Chain):
    """A network whose layers have names, by which their results can be had. A subclass has `functions`."""

    _mean: ClassVar[tuple[float, float, float]]  # of blue, green and red, which is subtracted
    _features: ClassVar[str]  # the layer that `extract` gives
    _branches: ClassVar[Mapping[str, str]] = {}  # layers that begin at the results of another one than the one before

    @property
    def functions(self) -> dict[str, list[Callable[[Any], Any]]]:
        """What each layer calls one after another."""
        raise NotImplementedError

    @property
    def available_layers(self) -> list[str]:
        """The layers' names, in their order."""
        return list(self.functions)

    def forward(self, x: Array, layers: Iterable[str] | None = None) -> dict[str, Any]:
        """The results of the given layers, by name; of "prob", the classes' probabilities, unless given.

        Args:
            x: pictures as `prepare` makes them, `(n, 3, height, width)`.
            layers: names in `available_layers`; no layer after the last of them runs.

        Raises:
            ValueError: there is no layer of that name.
        """
        functions, wanted = self.functions, set(["prob"] if layers is None else layers)
        if unknown := sorted(wanted - functions.keys()):
            raise ValueError(
                f"{type(self).__name__}: there is no layer {unknown[0]!r}; expected some of {', '.join(functions)}"
            )
        results: dict[str, Any] = {}
        begins: dict[str, Any] = {}
        for name, calls in functions.items():
            if len(results) == len(wanted):
                break
            if name in self._branches:
                if name in wanted:
                    results[name] = _through(calls, begins[self._branches[name]])
                continue
            x = _through(calls, x)
            if name in wanted:
                results[name] = x
            if name in self._branches.values():
                begins[name] = x
        return results

    def prepare(self, image: Any, size: Size = (224, 224)) -> np.ndarray[Any, Any]:
        """A picture as `(3, height, width)`: blue, green and red from 0 to 255, less the mean of the pictures of the training.

        Args:
            image: a picture of Pillow's, or an array `(height, width)`, `(height, width, 3)` or `(3, height, width)` of red, green
                and blue from 0 to 255.
            size: width and height to scale it to; None for those it has.

        Raises:
            ImportError: an array is to be scaled, and Pillow, which does it, is not installed.
            ValueError: an array has another shape.
        """
        if is_array(image):
            image = _rgb(type(self).__name__, np.asarray(xp.to_device(image, "numpy")))
            if size is not None and image.shape[1::-1] != tuple(size):
                image = _pillow().fromarray(image).resize(size)
        else:
            image = image.convert("RGB")
            image = image if size is None else image.resize(size)
        pixels = np.asarray(image, dtype=config.dtype)[:, :, ::-1] - np.array(self._mean, config.dtype)
        return np.ascontiguousarray(pixels.transpose(2, 0, 1))

    def extract(
        self, images: Iterable[Any], layers: Iterable[str] | None = None, size: Size = (224, 224)
    ) -> dict[str, Any]:
        """The results of layers for pictures, which are prepared first; of the last layer before the classes unless given.

        In training it is as training: for features, call it under `using_config("train", False)`.

        Raises:
            ImportError: an array is to be scaled, and Pillow, which does it, is not installed.
            ValueError: there is no layer of that name, or the pictures differ in size.
        """
        x = np.stack([self.prepare(image, size) for image in images])
        return self(xp.to_device(x, self.device), layers=[self._features] if layers is None else layers)

    def predict(self, images: Iterable[Any], oversample: bool = True) -> Any:
        """The probabilities of the classes for pictures, `(n, n_class)`, outside of training.

        Args:
            images: what `prepare` takes; scaled to 256 x 256.
            oversample: take the mean over ten parts of 224 x 224, the corners, the middle, and their mirror images; the middle
                alone where False.

        Raises:
            ImportError: an array is to be scaled, and Pillow, which does it, is not installed.
        """
        x = np.stack([self.prepare(image, (256, 256)) for image in images])
        places = [(0, 0), (0, 32), (32, 0), (32, 32), (16, 16)] if oversample else [(16, 16)]
        parts = [x[:, :, i : i + 224, j : j + 224] for i, j in places]
        if oversample:
            parts += [part[..., ::-1] for part in parts]
        with no_backprop_mode(), using_config("train", False):
            y = self(xp.to_device(np.concatenate(parts), self.device))["prob"]
            return F.mean(F.reshape(y, shape=(len(parts), len(x), *y.shape[1:])), axis=0)

    def _load(self, pretrained_model: File) -> None:
        if pretrained_model is not None:
            load_npz(pretrained_model, self)


def initializers(name: str, pretrained_model: File, initialW: Any, **options: Any) -> dict[str, Any]:
    """The initial values: zeros, which take no time, where a file gives others.

    Raises:
        ValueError: the file is one of Caffe's, or to be downloaded.
    """
    if pretrained_model is None:
        return {"initialW": initialW, **options}
    if pretrained_model == "auto" or str(pretrained_model).endswith(".caffemodel"):
        raise ValueError(
            f"{name}: pretrained_model is {str(pretrained_model)!r}; nothing is downloaded or converted here: "
            "give the path of an .npz file of Chainer's, or None for random values"
        )
    return {"initialW": 0, **options}


def _through(calls: Iterable[Callable[[Any], Any]], x: Any) -> Any:
    for call in calls:
        x = call(x)
    return x


def _rgb(name: str, image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array as `(height, width, 3)` of bytes."""
    if image.ndim == 3 and image.shape[0] in (1, 3):
        image = image.transpose(1, 2, 0)
    if image.ndim == 2:
        image = image[:, :, None]
    if image.ndim != 3 or image.shape[2] not in (1, 3):
        raise ValueError(
            f"{name}.prepare: image has shape {image.shape}; expected (height, width), (height, width, 3) or (3, height, width)"
        )
    return np.ascontiguousarray(np.broadcast_to(image, (*image.shape[:2], 3)).astype("uint8"))


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as e:
        raise ImportError(
            "catena.nn.links.vision: Pillow, which scales pictures, is not installed; pip install catena-nn[images]"
        ) from e
    return Image
