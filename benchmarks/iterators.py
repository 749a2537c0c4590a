"""How fast iterators read JPEG files, as ratios within one process: `python -m benchmarks.iterators`.

256 x 256 colour images, made by Pillow from smooth noise, are decoded to float32 arrays (3, 256, 256) and turned over at random. Each turn
is one pass over all of them after one that starts the workers; contestants take turns, and the ratio is the median over the rounds.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from catena.training.convert import concat_examples
from catena.training.datasets import ImageDataset, TransformDataset
from catena.training.iterators import MultiprocessIterator, MultithreadIterator, SerialIterator
from xparray.random import get_generator

BATCH, WORKERS = 32, 2
AHEAD = 2 * WORKERS  # minibatches under way, as many as torch's DataLoader has by default


def flip(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The image or its mirror image, each with probability 1/2, as float32 from 0 to 1."""
    mirrored = bool(get_generator().bernoulli((), 0.5))
    return np.ascontiguousarray(x[:, :, ::-1] if mirrored else x) / np.float32(255)


def make_images(folder: Path, images: int) -> list[str]:
    """Write so many files, and return their paths."""
    from PIL import Image

    rng = np.random.default_rng(0)
    paths = []
    for i in range(images):
        small = Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8))
        paths.append(str(folder / f"{i}.jpg"))
        small.resize((256, 256), Image.Resampling.BICUBIC).save(paths[-1], quality=90)
    return paths


def ours(iterator: Any, images: int) -> Callable[[], int]:
    """A pass with one of our iterators."""

    def one_pass() -> int:
        n = 0
        while n < images:
            n += len(concat_examples(iterator.next()))
        return n

    return one_pass


def torchs(dataset: Any) -> Callable[[], int]:
    """A pass with torch's DataLoader."""
    from torch.utils.data import DataLoader

    loader = DataLoader(
        dataset, BATCH, shuffle=True, num_workers=WORKERS, persistent_workers=True, multiprocessing_context="spawn"
    )
    return lambda: sum(len(batch) for batch in loader)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.iterators", description=__doc__)
    parser.add_argument("--images", type=int, default=512, help=f"number of images, a multiple of {BATCH}")
    parser.add_argument("--rounds", type=int, default=5, help="passes that are timed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        dataset = TransformDataset(ImageDataset(make_images(Path(folder), options.images)), flip)
        multiprocess = MultiprocessIterator(dataset, BATCH, n_processes=WORKERS, n_prefetch=AHEAD)
        multithread = MultithreadIterator(dataset, BATCH, n_threads=WORKERS)
        contestants = {
            "SerialIterator": ours(SerialIterator(dataset, BATCH), options.images),
            "MultithreadIterator": ours(multithread, options.images),
            "MultiprocessIterator": ours(multiprocess, options.images),
        }
        try:
            contestants["torch DataLoader"] = torchs(dataset)
        except ImportError:
            print("torch is not installed: its DataLoader is left out")
        with multiprocess, multithread, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's, about the number of processors
            times: dict[str, list[float]] = {name: [] for name in contestants}
            for number in range(options.rounds + 1):
                for name, one_pass in contestants.items():
                    begin = time.perf_counter()
                    assert one_pass() == options.images
                    if number:  # the first pass starts the workers
                        times[name].append(time.perf_counter() - begin)
        for name, seconds in times.items():
            ratio = statistics.median(a / b for a, b in zip(times["SerialIterator"], seconds, strict=True))
            print(
                f"{name:22}{options.images / statistics.median(seconds):8.0f} images/s{ratio:8.2f} times SerialIterator"
            )


if __name__ == "__main__":
    main()
