"""The same perceptron in the style of v1.0 to v1.3: FunctionSet, functions with weights, volatile variables, zero_grads."""

import argparse
import json

import numpy as np

import chainer
import chainer.functions as F
from chainer import cuda, optimizers


def make_digits(N):
    rng = np.random.RandomState(0)
    shapes = rng.rand(10, 784).astype(np.float32)
    y = rng.randint(0, 10, N).astype(np.int32)
    x = 0.5 * shapes[y] + 0.5 * rng.rand(N, 784).astype(np.float32)
    return x, y


def main():
    parser = argparse.ArgumentParser(description="Chainer example: MNIST")
    parser.add_argument("--gpu", "-g", default=-1, type=int, help="GPU ID (negative value indicates CPU)")
    parser.add_argument("--out", default=None)
    args = parser.parse_args()

    batchsize = 100
    n_epoch = 5
    n_units = 100

    x_all, y_all = make_digits(1200)
    N = 1000
    x_train, x_test = np.split(x_all, [N])
    y_train, y_test = np.split(y_all, [N])
    N_test = y_test.size

    # Prepare multi-layer perceptron model
    model = chainer.FunctionSet(
        l1=F.Linear(784, n_units), l2=F.Linear(n_units, n_units), l3=F.Linear(n_units, 10, wscale=0.5)
    )
    if args.gpu >= 0:
        cuda.check_cuda_available()
        cuda.get_device(args.gpu).use()
        model.to_gpu()
    xp = np if args.gpu < 0 else cuda.cupy

    def forward(x_data, y_data, train=True):
        # Neural net architecture
        x, t = chainer.Variable(x_data, volatile=not train), chainer.Variable(y_data, volatile=not train)
        h1 = F.dropout(F.relu(model.l1(x)), ratio=0.2, train=train)
        h2 = F.dropout(F.relu(model.l2(h1)), ratio=0.2, train=train)
        y = model.l3(h2)
        return F.softmax_cross_entropy(y, t, use_cudnn=False), F.accuracy(y, t)

    # Setup optimizer
    optimizer = optimizers.Adam()
    optimizer.setup(model.collect_parameters())

    losses = []
    for epoch in range(1, n_epoch + 1):
        print("epoch", epoch)
        # training
        perm = np.random.permutation(N)
        sum_accuracy = 0
        sum_loss = 0
        for i in range(0, N, batchsize):
            x_batch = xp.asarray(x_train[perm[i : i + batchsize]])
            y_batch = xp.asarray(y_train[perm[i : i + batchsize]])

            optimizer.zero_grads()
            loss, acc = forward(x_batch, y_batch)
            loss.backward()
            optimizer.weight_decay(0.0001)
            optimizer.clip_grads(10.0)
            optimizer.update()

            sum_loss += float(cuda.to_cpu(loss.data)) * len(y_batch)
            sum_accuracy += float(cuda.to_cpu(acc.data)) * len(y_batch)
        print("train mean loss={}, accuracy={}".format(sum_loss / N, sum_accuracy / N))
        losses.append(sum_loss / N)

        # evaluation
        sum_accuracy = 0
        sum_loss = 0
        for i in range(0, N_test, batchsize):
            x_batch = xp.asarray(x_test[i : i + batchsize])
            y_batch = xp.asarray(y_test[i : i + batchsize])
            loss, acc = forward(x_batch, y_batch, train=False)
            assert loss.creator is None  # a volatile graph is not kept
            sum_loss += float(cuda.to_cpu(loss.data)) * len(y_batch)
            sum_accuracy += float(cuda.to_cpu(acc.data)) * len(y_batch)
        print("test  mean loss={}, accuracy={}".format(sum_loss / N_test, sum_accuracy / N_test))

    return {"before": losses[0], "after": losses[-1], "accuracy": sum_accuracy / N_test}


if __name__ == "__main__":
    print(json.dumps(main()))
