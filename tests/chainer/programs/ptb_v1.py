"""The language model in the style of v1.5 to v1.24: LSTM written by hand in a loop, a dict of states, volatile, zerograds."""

import argparse
import json
import math
import time

import numpy as np

import chainer
import chainer.functions as F
import chainer.links as L
from chainer import cuda, optimizers, serializers


class RNNLM(chainer.Chain):
    """Recurrent neural net language model, whose state is the caller's."""

    def __init__(self, n_vocab, n_units, train=True):
        super(RNNLM, self).__init__(
            embed=L.EmbedID(n_vocab, n_units),
            l1_x=L.Linear(n_units, 4 * n_units),
            l1_h=L.Linear(n_units, 4 * n_units),
            l2=L.Linear(n_units, n_vocab),
        )
        self.n_units = n_units
        self.train = train

    def make_initial_state(self, batchsize, train=True):
        return {
            name: chainer.Variable(self.xp.zeros((batchsize, self.n_units), dtype=np.float32), volatile=not train)
            for name in ("c1", "h1")
        }

    def __call__(self, x, state):
        h0 = self.embed(x)
        h1_in = self.l1_x(F.dropout(h0, ratio=0.1, train=self.train)) + self.l1_h(state["h1"])
        c1, h1 = F.lstm(state["c1"], h1_in)
        y = self.l2(F.dropout(h1, ratio=0.1, train=self.train))
        return {"c1": c1, "h1": h1}, y


def get_words(n, n_vocab, seed):
    """A text in which each word but one in ten is settled by the two before it."""
    rng = np.random.RandomState(seed)
    words = [0, 1]
    while len(words) < n:
        word = (3 * words[-1] + words[-2] + 1) % n_vocab
        words.append(rng.randint(n_vocab) if rng.rand() < 0.1 else word)
    return np.array(words, dtype=np.int32)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gpu", "-g", default=-1, type=int)
    parser.add_argument("--out", "-o", default=".")
    args = parser.parse_args()
    xp = cuda.cupy if args.gpu >= 0 else np

    n_epoch = 5  # number of epochs
    n_units = 40  # number of units per layer
    batchsize = 20  # minibatch size
    bprop_len = 10  # length of truncated BPTT
    grad_clip = 5  # gradient norm threshold to clip
    n_vocab = 8

    train_data = get_words(4000, n_vocab, 0)
    valid_data = get_words(400, n_vocab, 1)

    model = RNNLM(n_vocab, n_units)
    for param in model.params():
        data = param.data
        data[:] = np.random.uniform(-0.1, 0.1, data.shape)
    if args.gpu >= 0:
        cuda.get_device(args.gpu).use()
        model.to_gpu()

    optimizer = optimizers.RMSprop(lr=0.01)
    optimizer.setup(model)
    optimizer.add_hook(chainer.optimizer.GradientClipping(grad_clip))

    def forward_one_step(x_data, y_data, state, train=True):
        # Neural net architecture
        x = chainer.Variable(x_data, volatile=not train)
        t = chainer.Variable(y_data, volatile=not train)
        model.train = train
        state, y = model(x, state)
        return state, F.softmax_cross_entropy(y, t)

    def evaluate(dataset):
        # Evaluation routine
        sum_log_perp = xp.zeros(())
        state = model.make_initial_state(batchsize=1, train=False)
        for i in range(dataset.size - 1):
            x_batch = xp.asarray(dataset[i : i + 1])
            y_batch = xp.asarray(dataset[i + 1 : i + 2])
            state, loss = forward_one_step(x_batch, y_batch, state, train=False)
            sum_log_perp += loss.data.reshape(())
        assert state["h1"].creator is None  # a volatile graph is not kept
        return math.exp(float(cuda.to_cpu(sum_log_perp)) / (dataset.size - 1))

    whole_len = train_data.shape[0]
    jump = whole_len // batchsize
    cur_log_perp = xp.zeros(())
    epoch = 0
    start_at = time.time()
    state = model.make_initial_state(batchsize)
    accum_loss = chainer.Variable(xp.zeros((), dtype=np.float32))
    before = evaluate(valid_data)
    print("going to train {} iterations".format(jump * n_epoch))
    for i in range(jump * n_epoch):
        x_batch = xp.array([train_data[(jump * j + i) % whole_len] for j in range(batchsize)])
        y_batch = xp.array([train_data[(jump * j + i + 1) % whole_len] for j in range(batchsize)])
        state, loss_i = forward_one_step(x_batch, y_batch, state)
        accum_loss += loss_i
        cur_log_perp += loss_i.data.reshape(())

        if (i + 1) % bprop_len == 0:  # Run truncated BPTT
            model.zerograds()
            accum_loss.backward()
            accum_loss.unchain_backward()  # truncate
            accum_loss = chainer.Variable(xp.zeros((), dtype=np.float32))
            optimizer.update()

        if (i + 1) % jump == 0:
            epoch += 1
            now = time.time()
            perp = math.exp(float(cuda.to_cpu(cur_log_perp)) / jump)
            print("epoch {}: training perplexity: {:.2f} ({:.2f} s)".format(epoch, perp, now - start_at))
            cur_log_perp.fill(0)
            after = evaluate(valid_data)
            print("epoch {}: validation perplexity: {:.2f}".format(epoch, after))
            if epoch >= 3:
                optimizer.lr /= 1.2

    # Save the model and the optimizer
    serializers.save_npz(args.out + "/rnnlm.model", model)
    serializers.save_npz(args.out + "/rnnlm.state", optimizer)
    return {"before": before, "after": after}


if __name__ == "__main__":
    print(json.dumps(main()))
