"""Word vectors: skip-gram and continuous bag of words with negative sampling, hierarchical softmax or a plain softmax."""

import argparse
import collections
import json
import os

import chainer
import chainer.functions as F
import chainer.initializers as I
import chainer.links as L
import numpy as np
from chainer import reporter, training
from chainer.training import extensions


class ContinuousBoW(chainer.Chain):
    """Predicts a word from the mean of those around it."""

    def __init__(self, n_vocab, n_units, loss_func):
        super(ContinuousBoW, self).__init__()
        with self.init_scope():
            self.embed = L.EmbedID(n_vocab, n_units, initialW=I.Uniform(1.0 / n_units))
            self.loss_func = loss_func

    def forward(self, x, contexts):
        e = self.embed(contexts)
        h = F.sum(e, axis=1) * (1.0 / contexts.shape[1])
        loss = self.loss_func(h, x)
        reporter.report({"loss": loss}, self)
        return loss


class SkipGram(chainer.Chain):
    """Predicts a word from each of those around it."""

    def __init__(self, n_vocab, n_units, loss_func):
        super(SkipGram, self).__init__()
        with self.init_scope():
            self.embed = L.EmbedID(n_vocab, n_units, initialW=I.Uniform(1.0 / n_units))
            self.loss_func = loss_func

    def forward(self, x, contexts):
        e = self.embed(contexts)
        batch_size, n_context, n_units = e.shape
        x = F.broadcast_to(x[:, None], (batch_size, n_context))
        e = F.reshape(e, (batch_size * n_context, n_units))
        x = F.reshape(x, (batch_size * n_context,))
        loss = self.loss_func(e, x)
        reporter.report({"loss": loss}, self)
        return loss


class SoftmaxCrossEntropyLoss(chainer.Chain):
    """A linear layer and softmax cross entropy."""

    def __init__(self, n_in, n_out):
        super(SoftmaxCrossEntropyLoss, self).__init__()
        with self.init_scope():
            self.out = L.Linear(n_in, n_out, initialW=0)

    def forward(self, x, t):
        return F.softmax_cross_entropy(self.out(x), t)


class WindowIterator(chainer.dataset.Iterator):
    """Words with those around them, in windows of random size."""

    def __init__(self, dataset, window, batch_size, repeat=True):
        self.dataset = np.array(dataset, np.int32)
        self.window = window  # size of context window
        self.batch_size = batch_size
        self._repeat = repeat
        # order is the array which is shuffled [window, window + 1, ..., len(dataset) - window - 1]
        self.order = np.random.permutation(len(dataset) - window * 2).astype(np.int32)
        self.order += window
        self.current_position = 0
        self.epoch = 0
        self.is_new_epoch = False

    def __next__(self):
        if not self._repeat and self.epoch > 0:
            raise StopIteration

        i = self.current_position
        i_end = i + self.batch_size
        position = self.order[i:i_end]
        w = np.random.randint(self.window - 1) + 1
        offset = np.concatenate([np.arange(-w, 0), np.arange(1, w + 1)])
        pos = position[:, None] + offset[None, :]
        contexts = self.dataset.take(pos)
        center = self.dataset.take(position)

        if i_end >= len(self.order):
            np.random.shuffle(self.order)
            self.epoch += 1
            self.is_new_epoch = True
            self.current_position = 0
        else:
            self.is_new_epoch = False
            self.current_position = i_end

        return center, contexts

    @property
    def epoch_detail(self):
        return self.epoch + float(self.current_position) / len(self.order)

    def serialize(self, serializer):
        self.current_position = serializer("current_position", self.current_position)
        self.epoch = serializer("epoch", self.epoch)
        self.is_new_epoch = serializer("is_new_epoch", self.is_new_epoch)
        if self.order is not None:
            serializer("order", self.order)


@chainer.dataset.converter()
def convert(batch, device):
    center, contexts = batch
    center = device.send(center)
    contexts = device.send(contexts)
    return center, contexts


def get_words(n, seed):
    """A text of four topics of five words each; neighbours are of one topic."""
    rng = np.random.RandomState(seed)
    topics = np.repeat(rng.randint(0, 4, n // 20 + 1), 20)[:n]
    return (5 * topics + rng.randint(0, 5, n)).astype(np.int32)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", "-d", type=str, default="-1")
    parser.add_argument("--unit", "-u", default=16, type=int)
    parser.add_argument("--window", "-w", default=3, type=int)
    parser.add_argument("--batchsize", "-b", type=int, default=100)
    parser.add_argument("--epoch", "-e", default=5, type=int)
    parser.add_argument("--model", "-m", choices=["skipgram", "cbow"], default="skipgram")
    parser.add_argument("--negative-size", default=5, type=int)
    parser.add_argument("--out-type", "-o", choices=["hsm", "ns", "original"], default="ns")
    parser.add_argument("--out", default="result")
    args = parser.parse_args()

    device = chainer.get_device(args.device)
    device.use()

    train, val = get_words(5000, 0), get_words(500, 1)
    counts = collections.Counter(train)
    counts.update(collections.Counter(val))
    n_vocab = max(train) + 1
    vocab = {"w{}".format(i): i for i in range(n_vocab)}
    index2word = {wid: word for word, wid in vocab.items()}

    if args.out_type == "hsm":
        HSM = L.BinaryHierarchicalSoftmax
        tree = HSM.create_huffman_tree(counts)
        loss_func = HSM(args.unit, tree)
        loss_func.W.array[...] = 0
    elif args.out_type == "ns":
        cs = [counts[w] for w in range(len(counts))]
        loss_func = L.NegativeSampling(args.unit, cs, args.negative_size)
        loss_func.W.array[...] = 0
    else:
        loss_func = SoftmaxCrossEntropyLoss(args.unit, n_vocab)

    # Choose the model
    model = (SkipGram if args.model == "skipgram" else ContinuousBoW)(n_vocab, args.unit, loss_func)
    model.to_device(device)

    optimizer = chainer.optimizers.Adam(0.01)
    optimizer.setup(model)

    train_iter = WindowIterator(train, args.window, args.batchsize)
    val_iter = WindowIterator(val, args.window, args.batchsize, repeat=False)
    updater = training.updaters.StandardUpdater(train_iter, optimizer, converter=convert, device=device)
    trainer = training.Trainer(updater, (args.epoch, "epoch"), out=args.out)
    trainer.extend(extensions.Evaluator(val_iter, model, converter=convert, device=device))
    trainer.extend(extensions.LogReport())
    trainer.extend(extensions.PrintReport(["epoch", "main/loss", "validation/main/loss"]))
    trainer.extend(extensions.ProgressBar())
    trainer.extend(extensions.snapshot(filename="snapshot_epoch_{.updater.epoch}"), trigger=(args.epoch, "epoch"))
    trainer.run()

    # Save the word2vec model
    path = os.path.join(args.out, "word2vec.model")
    with open(path, "w") as f:
        f.write("%d %d\n" % (len(index2word), args.unit))
        w = device.xp.asnumpy(model.embed.W.array) if device.xp is not np else model.embed.W.array
        for i, wi in enumerate(w):
            v = " ".join(map(str, wi))
            f.write("%s %s\n" % (index2word[i], v))

    # The nearest word of each word is of its topic
    with open(path, "r") as f:
        n_vocab, n_units = map(int, f.readline().split())
        w = np.array([line.split()[1:] for line in f], dtype=np.float32)
    w /= np.sqrt((w * w).sum(1))[:, None]
    near = (w @ w.T - 2 * np.eye(n_vocab)).argmax(1)
    log = trainer.get_extension("LogReport").log
    return {
        "before": log[0]["main/loss"],
        "after": log[-1]["main/loss"],
        "accuracy": float((near // 5 == np.arange(n_vocab) // 5).mean()),
    }


if __name__ == "__main__":
    print(json.dumps(main()))
