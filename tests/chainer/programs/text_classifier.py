"""Sentences of any length into classes by a bidirectional LSTM and a bag of words, as in Chainer v3 to v7."""

import argparse
import json

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import reporter, training
from chainer.training import extensions, triggers

embed_init = chainer.initializers.Uniform(0.25)


def block_embed(embed, x, dropout=0.0):
    """Embedding function followed by convolution: (batch, n_units, length, 1)."""
    e = embed(x)
    e = F.dropout(e, ratio=dropout)
    e = F.transpose(e, (0, 2, 1))
    return e[:, :, :, None]


class RNNEncoder(chainer.Chain):
    """A bidirectional LSTM; the sentence is the last hidden states of both directions."""

    def __init__(self, n_layers, n_vocab, n_units, dropout=0.1):
        super(RNNEncoder, self).__init__()
        with self.init_scope():
            self.embed = L.EmbedID(n_vocab, n_units, initialW=embed_init)
            self.encoder = L.NStepBiLSTM(n_layers, n_units, n_units, dropout)
        self.out_units = 2 * n_units
        self.dropout = dropout

    def forward(self, xs):
        exs = [F.dropout(self.embed(x), ratio=self.dropout) for x in xs]
        last_h, last_c, ys = self.encoder(None, None, exs)
        assert ys[0].shape == (len(xs[0]), self.out_units)
        return F.concat([last_h[-2], last_h[-1]], axis=1)


class CNNEncoder(chainer.Chain):
    """Convolutions of three widths over padded sentences, and the maximum over time."""

    def __init__(self, n_vocab, n_units, dropout=0.1):
        out_units = n_units // 2
        super(CNNEncoder, self).__init__()
        with self.init_scope():
            self.embed = L.EmbedID(n_vocab, n_units, ignore_label=-1, initialW=embed_init)
            self.cnn_w3 = L.Convolution2D(n_units, out_units, ksize=(3, 1), stride=1, pad=(2, 0), nobias=True)
            self.cnn_w4 = L.Convolution2D(n_units, out_units, ksize=(4, 1), stride=1, pad=(3, 0), nobias=True)
            self.mlp = L.Linear(2 * out_units, 2 * out_units)
        self.out_units = 2 * out_units
        self.dropout = dropout

    def forward(self, xs):
        x_block = chainer.dataset.convert.concat_examples(xs, padding=-1)
        ex_block = block_embed(self.embed, x_block, self.dropout)
        h_w3 = F.max(self.cnn_w3(ex_block), axis=2)
        h_w4 = F.max(self.cnn_w4(ex_block), axis=2)
        h = F.relu(F.concat([h_w3, h_w4], axis=1))
        h = F.dropout(h, ratio=self.dropout)
        return F.tanh(self.mlp(F.reshape(h, h.shape[:2])))


class TextClassifier(chainer.Chain):
    def __init__(self, encoder, n_class, dropout=0.1):
        super(TextClassifier, self).__init__()
        with self.init_scope():
            self.encoder = encoder
            self.output = L.Linear(encoder.out_units, n_class)
        self.dropout = dropout

    def forward(self, xs, ys):
        concat_outputs = self.predict(xs)
        concat_truths = F.concat(ys, axis=0)

        loss = F.softmax_cross_entropy(concat_outputs, concat_truths)
        accuracy = F.accuracy(concat_outputs, concat_truths)
        reporter.report({"loss": loss}, self)
        reporter.report({"accuracy": accuracy}, self)
        return loss

    def predict(self, xs, softmax=False, argmax=False):
        concat_encodings = F.dropout(self.encoder(xs), ratio=self.dropout)
        concat_outputs = self.output(concat_encodings)
        if softmax:
            return F.softmax(concat_outputs).array
        elif argmax:
            return self.xp.argmax(concat_outputs.array, axis=1)
        else:
            return concat_outputs


@chainer.dataset.converter()
def convert_seq(batch, device=None, with_label=True):
    def to_device_batch(batch):
        if device is None:
            return batch
        return [device.send(x) for x in batch]

    if with_label:
        return {"xs": to_device_batch([x for x, _ in batch]), "ys": to_device_batch([y for _, y in batch])}
    return to_device_batch(batch)


def get_sentences(n, seed):
    """Sentences of 20 words; the class is whether word 1 comes before word 2."""
    rng = np.random.RandomState(seed)
    data = []
    for _ in range(n):
        words = rng.randint(3, 20, rng.randint(4, 12)).astype(np.int32)
        first, second = sorted(rng.choice(len(words), 2, replace=False))
        label = rng.randint(2)
        words[first], words[second] = (1, 2) if label else (2, 1)
        data.append((words, np.array([label], np.int32)))
    return data


def main():
    parser = argparse.ArgumentParser(description="Chainer example: Text Classification")
    parser.add_argument("--batchsize", "-b", type=int, default=40)
    parser.add_argument("--epoch", "-e", type=int, default=6)
    parser.add_argument("--device", "-d", type=str, default="-1")
    parser.add_argument("--out", "-o", default="result")
    parser.add_argument("--unit", "-u", type=int, default=24)
    parser.add_argument("--model", "-model", default="rnn", choices=["cnn", "rnn"])
    args = parser.parse_args()
    device = chainer.get_device(args.device)
    device.use()

    train, test = get_sentences(600, 0), get_sentences(100, 1)
    train_iter = chainer.iterators.SerialIterator(train, args.batchsize)
    test_iter = chainer.iterators.SerialIterator(test, args.batchsize, repeat=False, shuffle=False)
    encoder = RNNEncoder(1, 20, args.unit) if args.model == "rnn" else CNNEncoder(20, args.unit)
    model = TextClassifier(encoder, 2)
    model.to_device(device)

    optimizer = chainer.optimizers.Adam(0.01)
    optimizer.setup(model)
    optimizer.add_hook(chainer.optimizer_hooks.WeightDecay(1e-4))

    updater = training.updaters.StandardUpdater(train_iter, optimizer, converter=convert_seq, device=device)
    trainer = training.Trainer(updater, (args.epoch, "epoch"), out=args.out)
    trainer.extend(extensions.Evaluator(test_iter, model, converter=convert_seq, device=device))
    record_trigger = triggers.MaxValueTrigger("validation/main/accuracy", (1, "epoch"))
    trainer.extend(extensions.snapshot_object(model, "best_model.npz"), trigger=record_trigger)
    trainer.extend(extensions.LogReport())
    trainer.extend(
        extensions.PrintReport(
            ["epoch", "main/loss", "validation/main/loss", "main/accuracy", "validation/main/accuracy"]
        )
    )
    trainer.run()

    chainer.serializers.load_npz(args.out + "/best_model.npz", model)
    with chainer.using_config("train", False), chainer.no_backprop_mode():
        predicted = model.predict(convert_seq([x for x, _ in test], device=device, with_label=False), argmax=True)
    log = trainer.get_extension("LogReport").log
    return {
        "before": log[0]["main/loss"],
        "after": log[-1]["main/loss"],
        "accuracy": float(np.mean(predicted == np.concatenate([y for _, y in test]))),
    }


if __name__ == "__main__":
    print(json.dumps(main()))
