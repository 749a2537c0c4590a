"""Translation by an encoder and a decoder of NStepLSTM, on sequences of any length, as in Chainer v2 to v7."""

import argparse
import json

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import training
from chainer.training import extensions

UNK = 0
EOS = 1


def sequence_embed(embed, xs):
    x_len = [len(x) for x in xs]
    x_section = np.cumsum(x_len[:-1])
    ex = embed(F.concat(xs, axis=0))
    exs = F.split_axis(ex, x_section, 0)
    return exs


class Seq2seq(chainer.Chain):
    def __init__(self, n_layers, n_source_vocab, n_target_vocab, n_units):
        super(Seq2seq, self).__init__()
        with self.init_scope():
            self.embed_x = L.EmbedID(n_source_vocab, n_units)
            self.embed_y = L.EmbedID(n_target_vocab, n_units)
            self.encoder = L.NStepLSTM(n_layers, n_units, n_units, 0.1)
            self.decoder = L.NStepLSTM(n_layers, n_units, n_units, 0.1)
            self.W = L.Linear(n_units, n_target_vocab)

        self.n_layers = n_layers
        self.n_units = n_units

    def forward(self, xs, ys):
        xs = [x[::-1] for x in xs]

        eos = self.xp.array([EOS], np.int32)
        ys_in = [F.concat([eos, y], axis=0) for y in ys]
        ys_out = [F.concat([y, eos], axis=0) for y in ys]

        # Both xs and ys_in are lists of arrays.
        exs = sequence_embed(self.embed_x, xs)
        eys = sequence_embed(self.embed_y, ys_in)

        batch = len(xs)
        # None represents a zero vector in an encoder.
        hx, cx, _ = self.encoder(None, None, exs)
        _, _, os = self.decoder(hx, cx, eys)

        # It is faster to concatenate data before calculating loss because only one matrix multiplication is called.
        concat_os = F.concat(os, axis=0)
        concat_ys_out = F.concat(ys_out, axis=0)
        loss = F.sum(F.softmax_cross_entropy(self.W(concat_os), concat_ys_out, reduce="no")) / batch

        chainer.report({"loss": loss}, self)
        n_words = concat_ys_out.shape[0]
        perp = self.xp.exp(loss.array * batch / n_words)
        chainer.report({"perp": perp}, self)
        return loss

    def translate(self, xs, max_length=20):
        batch = len(xs)
        with chainer.no_backprop_mode(), chainer.using_config("train", False):
            xs = [x[::-1] for x in xs]
            exs = sequence_embed(self.embed_x, xs)
            h, c, _ = self.encoder(None, None, exs)
            ys = self.xp.full(batch, EOS, np.int32)
            result = []
            for _ in range(max_length):
                eys = self.embed_y(ys)
                eys = F.split_axis(eys, batch, 0)
                h, c, ys = self.decoder(h, c, eys)
                cys = F.concat(ys, axis=0)
                wy = self.W(cys)
                ys = self.xp.argmax(wy.array, axis=1).astype(np.int32)
                result.append(ys)

        # Using `xp.concatenate(...)` instead of `xp.stack(result)` here to support NumPy 1.9.
        result = chainer.get_device("@numpy").send(self.xp.concatenate([self.xp.expand_dims(x, 0) for x in result]).T)

        # Remove EOS taggs
        outs = []
        for y in result:
            inds = np.argwhere(y == EOS)
            if len(inds) > 0:
                y = y[: inds[0, 0]]
            outs.append(y)
        return outs


@chainer.dataset.converter()
def convert(batch, device):
    def to_device_batch(batch):
        if device is None:
            return batch
        if device.xp is np:
            return [device.send(x) for x in batch]
        xp = device.xp
        concat = xp.concatenate([device.send(x) for x in batch], axis=0)
        sections = np.cumsum([len(x) for x in batch[:-1]], dtype=np.int32)
        return xp.split(concat, sections)

    return {"xs": to_device_batch([x for x, _ in batch]), "ys": to_device_batch([y for _, y in batch])}


class CalculateAccuracy(training.Extension):
    """The share of sentences that are translated without an error."""

    trigger = 1, "epoch"
    priority = training.PRIORITY_WRITER

    def __init__(self, model, test_data, key, device, batch=50, max_length=10):
        self.model = model
        self.test_data = test_data
        self.key = key
        self.batch = batch
        self.device = device
        self.max_length = max_length

    def __call__(self, trainer):
        hits = []
        for i in range(0, len(self.test_data), self.batch):
            sources, targets = zip(*self.test_data[i : i + self.batch])
            sources = [self.device.send(x) for x in sources]
            ys = self.model.translate(sources, self.max_length)
            hits += [np.array_equal(y, t) for y, t in zip(ys, targets)]
        chainer.report({self.key: np.mean(hits)})


def get_sentences(n, n_vocab, seed):
    """Translations: words backwards, each moved on by one."""
    rng = np.random.RandomState(seed)
    sources = [rng.randint(2, n_vocab, rng.randint(2, 5)).astype(np.int32) for _ in range(n)]
    return [(x, ((x[::-1] - 1) % (n_vocab - 2) + 2).astype(np.int32)) for x in sources]


def main():
    parser = argparse.ArgumentParser(description="Chainer example: seq2seq")
    parser.add_argument("--batchsize", "-b", type=int, default=50)
    parser.add_argument("--epoch", "-e", type=int, default=10)
    parser.add_argument("--device", "-d", type=str, default="-1")
    parser.add_argument("--resume", "-r", default="")
    parser.add_argument("--unit", "-u", type=int, default=64)
    parser.add_argument("--layer", "-l", type=int, default=1)
    parser.add_argument("--out", "-o", default="result")
    args = parser.parse_args()
    device = chainer.get_device(args.device)
    device.use()

    n_vocab = 8
    train_data, test_data = get_sentences(1000, n_vocab, 0), get_sentences(100, n_vocab, 1)
    model = Seq2seq(args.layer, n_vocab, n_vocab, args.unit)
    model.to_device(device)

    optimizer = chainer.optimizers.Adam(0.01)
    optimizer.setup(model)

    train_iter = chainer.iterators.SerialIterator(train_data, args.batchsize)
    updater = training.updaters.StandardUpdater(train_iter, optimizer, converter=convert, device=device)
    trainer = training.Trainer(updater, (args.epoch, "epoch"), out=args.out)
    trainer.extend(extensions.LogReport(trigger=(1, "epoch")))
    trainer.extend(
        extensions.PrintReport(
            ["epoch", "iteration", "main/loss", "main/perp", "validation/main/accuracy", "elapsed_time"]
        ),
        trigger=(5, "epoch"),
    )
    trainer.extend(extensions.snapshot(), trigger=(10, "epoch"))

    @chainer.training.make_extension()
    def translate(trainer):
        source, target = test_data[np.random.choice(len(test_data))]
        result = model.translate([model.xp.array(source)])[0]
        print("# source : {} expect : {} result : {}".format(source, target, result))

    trainer.extend(translate, trigger=(5, "epoch"))
    trainer.extend(CalculateAccuracy(model, test_data, "validation/main/accuracy", device))

    if args.resume:
        chainer.serializers.load_npz(args.resume, trainer)
    print("start training")
    trainer.run()

    log = trainer.get_extension("LogReport").log
    return {
        "before": log[0]["main/perp"],
        "after": log[-1]["main/perp"],
        "accuracy": float(log[-1]["validation/main/accuracy"]),
    }


if __name__ == "__main__":
    print(json.dumps(main()))
