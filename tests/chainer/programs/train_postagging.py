"""Parts of speech by a conditional random field over an embedding, on sentences of any length, as in Chainer v1.15 to v7."""

import argparse
import json

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import reporter, training
from chainer.training import extensions


class CRF(chainer.Chain):
    def __init__(self, n_vocab, n_pos):
        super(CRF, self).__init__()
        with self.init_scope():
            self.feature = L.EmbedID(n_vocab, n_pos)
            self.crf = L.CRF1d(n_pos, initial_cost=None)

    def forward(self, xs, ys):
        # Before making a transpose, you need to sort two lists in descending order of length.
        inds = np.argsort([-len(x) for x in xs]).astype(np.int32)
        xs = [xs[i] for i in inds]
        ys = [ys[i] for i in inds]

        # Make transposed sequences. Now xs[t] is a batch of words at time t.
        xs = F.transpose_sequence(xs)
        ys = F.transpose_sequence(ys)

        # h[i] is feature vector for each batch of words.
        hs = [self.feature(x) for x in xs]
        loss = self.crf(hs, ys)
        reporter.report({"loss": loss}, self)

        # To predict labels, call argmax method.
        _, predict = self.crf.argmax(hs)
        correct = 0
        total = 0
        for y, p in zip(ys, predict):
            # NOTE y is ndarray because it does not pass to transpose_sequence
            correct += self.xp.sum(y.array == p)
            total += len(y)
        reporter.report({"correct": correct}, self)
        reporter.report({"total": total}, self)
        return loss

    def argmax(self, xs):
        inds = np.argsort([-len(x) for x in xs]).astype(np.int32)
        hs = [self.feature(x) for x in F.transpose_sequence([xs[i] for i in inds])]
        score, path = self.crf.argmax(hs)
        # Sort back: the paths of sentences, in the order in which they were given.
        path = F.transpose_sequence(path)
        return [path[i].array for i in np.argsort(inds)]


@chainer.dataset.converter()
def convert(batch, device):
    sentences = [device.send(sentence) for sentence, _ in batch]
    poses = [device.send(pos) for _, pos in batch]
    return {"xs": sentences, "ys": poses}


def get_sentences(n, seed):
    """Sentences in which half of the words are of two parts of speech, which only the part before tells apart."""
    rng = np.random.RandomState(seed)
    following = {0: [1, 2], 1: [3], 2: [1], 3: [0, 2]}
    data = []
    for _ in range(n):
        pos = [0]
        for _ in range(rng.randint(3, 12)):
            pos.append(rng.choice(following[pos[-1]]))
        words = [5 * p + rng.randint(5) if rng.rand() < 0.5 else 20 + 5 * (p // 2) + rng.randint(5) for p in pos]
        data.append((np.array(words, np.int32), np.array(pos, np.int32)))
    return data


def main():
    parser = argparse.ArgumentParser(description="Chainer example: POS-tagging")
    parser.add_argument("--batchsize", "-b", type=int, default=30)
    parser.add_argument("--epoch", "-e", type=int, default=8)
    parser.add_argument("--device", "-d", type=str, default="-1")
    parser.add_argument("--out", "-o", default="result")
    args = parser.parse_args()
    device = chainer.get_device(args.device)
    device.use()

    train_data, test_data = get_sentences(400, 0), get_sentences(60, 1)
    train_iter = chainer.iterators.SerialIterator(train_data, args.batchsize)
    test_iter = chainer.iterators.SerialIterator(test_data, args.batchsize, repeat=False, shuffle=False)

    model = CRF(30, 4)
    model.to_device(device)
    optimizer = chainer.optimizers.Adam(0.05)
    optimizer.setup(model)
    optimizer.add_hook(chainer.optimizer_hooks.WeightDecay(0.0001))

    updater = training.updaters.StandardUpdater(train_iter, optimizer, converter=convert, device=device)
    trainer = training.Trainer(updater, (args.epoch, "epoch"), out=args.out)

    evaluator = extensions.Evaluator(test_iter, model, device=device, converter=convert)
    # Only validate in each 1000 iteration
    trainer.extend(evaluator, trigger=(20, "iteration"))
    trainer.extend(extensions.LogReport(trigger=(20, "iteration")), trigger=(20, "iteration"))
    trainer.extend(extensions.MicroAverage("main/correct", "main/total", "main/accuracy"))
    trainer.extend(
        extensions.MicroAverage(
            "validation/main/correct", "validation/main/total", "validation/main/accuracy", trigger=(20, "iteration")
        )
    )
    trainer.extend(
        extensions.PrintReport(
            ["epoch", "main/loss", "validation/main/loss", "main/accuracy", "validation/main/accuracy", "elapsed_time"]
        ),
        trigger=(20, "iteration"),
    )
    trainer.extend(extensions.ProgressBar(update_interval=10))
    trainer.run()

    paths = model.argmax([device.send(words) for words, _ in test_data])
    hits = np.concatenate([path == pos for path, (_, pos) in zip(paths, test_data)])
    log = trainer.get_extension("LogReport").log
    return {"before": log[0]["main/loss"], "after": log[-1]["main/loss"], "accuracy": float(hits.mean())}


if __name__ == "__main__":
    print(json.dumps(main()))
