"""A memory network that answers questions about short stories, as in Chainer v2 to v7: adjacent weights, several hops."""

import argparse
import collections
import json

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import initializers, training
from chainer.training import extensions

Story = collections.namedtuple("Story", ["sentences", "question", "answer"])


def bow_encode(embed, sentences):
    """BoW sentence encoder: the sum of the words' vectors."""
    e = embed(sentences)
    return F.sum(e, axis=-2)


def position_encode(embed, sentences):
    """A sum whose weights depend on the place of the word."""
    xp = chainer.backend.get_array_module(sentences)

    e = embed(sentences)
    n_words, n_units = e.shape[-2:]

    # To avoid 0/0, we use max(length, 1) here.
    length = xp.maximum(xp.sum((sentences != 0).astype(np.float32), axis=-1), 1)
    length = length.reshape((length.shape + (1, 1)))
    k = xp.arange(1, n_units + 1, dtype=np.float32) / n_units
    i = xp.arange(1, n_words + 1, dtype=np.float32)[:, None]
    coeff = (1 - i / length) - k * (1 - 2.0 * i / length)
    e = coeff * e
    return F.sum(e, axis=-2)


class Memory(object):
    """Memory component in a memory network."""

    def __init__(self, A, C, TA, TC, encoder):
        self.A = A
        self.C = C
        self.TA = TA
        self.TC = TC
        self.encoder = encoder

    def register_all(self, sentences):
        self.m = self.encoder(self.A, sentences)
        self.c = self.encoder(self.C, sentences)

    def query(self, u):
        xp = chainer.backend.get_array_module(u)
        size = self.m.shape[1]
        inds = xp.arange(size - 1, -1, -1, dtype=np.int32)
        tm = self.TA(inds)
        tc = self.TC(inds)
        tm = F.broadcast_to(tm, self.m.shape)
        tc = F.broadcast_to(tc, self.c.shape)
        p = F.softmax(F.matmul(self.m + tm, F.expand_dims(u, -1)))
        o = F.matmul(F.swapaxes(self.c + tc, 2, 1), p)
        o = F.squeeze(o, -1)
        u = o + u
        return u


class MemNN(chainer.Chain):
    def __init__(self, n_units, n_vocab, encoder, max_memory, hops):
        super(MemNN, self).__init__()

        normal = initializers.Normal(0.1)
        with self.init_scope():
            self.embeds = chainer.ChainList()
            self.temporals = chainer.ChainList()

        # Shares both embeded matrixes in adjacent layres
        for _ in range(hops + 1):
            self.embeds.append(L.EmbedID(n_vocab, n_units, initialW=normal, ignore_label=-1))
            self.temporals.append(L.EmbedID(max_memory, n_units, initialW=normal))

        self.memories = [
            Memory(self.embeds[i], self.embeds[i + 1], self.temporals[i], self.temporals[i + 1], encoder)
            for i in range(hops)
        ]
        # The question is encoded by the first embedding, and the answer by the last, or by a linear layer.
        self.B = self.embeds[0]
        with self.init_scope():
            self.W = L.Linear(n_units, n_vocab, nobias=True, initialW=normal)

        self.n_units = n_units
        self.max_memory = max_memory
        self.hops = hops
        self.encoder = encoder

    def fix_ignore_label(self):
        for embed in self.embeds:
            embed.ignore_label = 0

    def register_all(self, sentences):
        for memory in self.memories:
            memory.register_all(sentences)

    def query(self, question):
        u = self.encoder(self.B, question)
        for memory in self.memories:
            u = memory.query(u)
        return self.W(u)

    def forward(self, sentences, question):
        self.register_all(sentences)
        a = self.query(question)
        return a


PLACES = "kitchen garden office hall".split()
PEOPLE = "mary john".split()


def make_stories(n, vocab, max_memory=6, seed=0):
    """Stories of who went where; the question is where someone is. Rows of word numbers, 0 for none."""
    rng = np.random.RandomState(seed)
    stories = []
    for _ in range(n):
        place = {}
        sentences = np.zeros((max_memory, 3), np.int32)
        count = rng.randint(2, max_memory + 1)
        for i in range(count):
            who, where = PEOPLE[rng.randint(2)], PLACES[rng.randint(4)]
            place[who] = where
            sentences[max_memory - count + i] = [vocab[word] for word in (who, "went", where)]
        who = sorted(place)[rng.randint(len(place))]
        question = np.array([vocab["where"], vocab["is"], vocab[who]], np.int32)
        stories.append(Story(sentences, question, np.array(vocab[place[who]], np.int32)))
    return stories


@chainer.dataset.converter()
def convert_data(batch, device):
    sentences, questions, answers = chainer.dataset.concat_examples([tuple(story) for story in batch], device)
    return {"sentences": sentences, "question": questions, "answer": answers}


def main():
    parser = argparse.ArgumentParser(description="Chainer example: End-to-end memory networks")
    parser.add_argument("--batchsize", "-b", type=int, default=50)
    parser.add_argument("--epoch", "-e", type=int, default=15)
    parser.add_argument("--device", "-d", type=str, default="-1")
    parser.add_argument("--unit", "-u", type=int, default=20)
    parser.add_argument("--hop", "-H", type=int, default=2)
    parser.add_argument("--sentence-repr", choices=["bow", "pe"], default="bow")
    parser.add_argument("--out", "-o", default="result")
    args = parser.parse_args()
    device = chainer.get_device(args.device)
    device.use()

    vocab = collections.defaultdict(lambda: len(vocab))
    vocab["<unk>"] = 0
    train_data, test_data = make_stories(800, vocab, seed=0), make_stories(200, vocab, seed=1)
    encoder = {"bow": bow_encode, "pe": position_encode}[args.sentence_repr]
    network = MemNN(args.unit, len(vocab), encoder, 6, args.hop)
    model = L.Classifier(network, label_key="answer")
    model.to_device(device)
    network.fix_ignore_label()

    opt = chainer.optimizers.Adam(0.01)
    opt.setup(model)
    opt.add_hook(chainer.optimizer_hooks.GradientNoise(0.001))

    train_iter = chainer.iterators.SerialIterator(train_data, args.batchsize)
    test_iter = chainer.iterators.SerialIterator(test_data, args.batchsize, repeat=False, shuffle=False)
    updater = training.StandardUpdater(train_iter, opt, converter=convert_data, device=device)
    trainer = training.Trainer(updater, (args.epoch, "epoch"), out=args.out)
    trainer.extend(extensions.Evaluator(test_iter, model, converter=convert_data, device=device))
    trainer.extend(extensions.LogReport())
    trainer.extend(
        extensions.PrintReport(
            ["epoch", "main/loss", "validation/main/loss", "main/accuracy", "validation/main/accuracy"]
        )
    )
    trainer.run()

    chainer.serializers.save_npz(args.out + "/model", network)
    log = trainer.get_extension("LogReport").log
    return {
        "before": log[0]["main/loss"],
        "after": log[-1]["main/loss"],
        "accuracy": float(log[-1]["validation/main/accuracy"]),
    }


if __name__ == "__main__":
    print(json.dumps(main()))
