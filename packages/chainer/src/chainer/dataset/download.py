"""Files from the network, kept on disk."""

from __future__ import annotations

from catena.training.datasets import (
    cache_or_load_file,
    cached_download,
    get_dataset_directory,
    get_dataset_root,
    set_dataset_root,
)

__all__ = ["cache_or_load_file", "cached_download", "get_dataset_directory", "get_dataset_root", "set_dataset_root"]
