"""Makes `chainer.npz` and `chainer.h5` with Chainer 7.8.1 itself: a model with persistent values, one of them None, and a lazy weight.

Run with Python 3.11, NumPy 1.23.5, `setuptools<70`, h5py and chainer==7.8.1.
"""

from pathlib import Path

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np


class Model(chainer.Chain):
    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.l1 = L.Linear(3, 2)
            self.rest = chainer.Sequential(F.relu, L.Linear(None, 4))
            self.conv = L.Convolution2D(1, 2, 3)
        self.add_persistent("count", 7)
        self.add_persistent("rate", 0.5)
        self.add_persistent("mean", np.arange(4.0))
        self.add_persistent("nothing", None)


def main():
    model = Model()
    for i, (_, param) in enumerate(sorted(model.namedparams(include_uninit=False))):
        param.array[...] = np.arange(param.size).reshape(param.shape) / 8 + i
    folder = Path(__file__).parent
    chainer.serializers.save_npz(folder / "chainer.npz", model)
    chainer.serializers.save_hdf5(str(folder / "chainer.h5"), model)


if __name__ == "__main__":
    main()
