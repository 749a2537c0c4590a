"""Recursive networks on trees of words, as in Chainer v1 to v7: nested tuples, a loop by hand, or trees as rows of one table."""

import argparse
import collections
import json
import random

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import optimizers, reporter

n_vocab = 10


class RecursiveNet(chainer.Chain):
    def __init__(self, n_vocab, n_units, n_label):
        super(RecursiveNet, self).__init__()
        with self.init_scope():
            self.embed = L.EmbedID(n_vocab, n_units)
            self.l = L.Linear(n_units * 2, n_units)
            self.w = L.Linear(n_units, n_label)

    def leaf(self, x):
        return self.embed(x)

    def node(self, left, right):
        return F.tanh(self.l(F.concat((left, right))))

    def label(self, v):
        return self.w(v)


def traverse(model, node, evaluate=None, root=True):
    if isinstance(node["node"], int):
        # leaf node
        word = model.xp.array([node["node"]], np.int32)
        loss = 0
        v = model.leaf(word)
    else:
        # internal node
        left_node, right_node = node["node"]
        left_loss, left = traverse(model, left_node, evaluate=evaluate, root=False)
        right_loss, right = traverse(model, right_node, evaluate=evaluate, root=False)
        v = model.node(left, right)
        loss = left_loss + right_loss

    y = model.label(v)

    if chainer.config.train:
        label = model.xp.array([node["label"]], np.int32)
        t = chainer.Variable(label)
        loss += F.softmax_cross_entropy(y, t)

    if evaluate is not None:
        predict = model.xp.argmax(y.array, axis=1)
        if predict[0] == node["label"]:
            evaluate["correct_node"] += 1
        evaluate["total_node"] += 1
        if root:
            if predict[0] == node["label"]:
                evaluate["correct_root"] += 1
            evaluate["total_root"] += 1

    return loss, v


def evaluate(model, test_trees):
    result = collections.defaultdict(lambda: 0)
    with chainer.using_config("train", False), chainer.no_backprop_mode():
        for tree in test_trees:
            traverse(model, tree, evaluate=result)

    acc_node = 100.0 * result["correct_node"] / result["total_node"]
    acc_root = 100.0 * result["correct_root"] / result["total_root"]
    print(" Node accuracy: {0:.2f} % ({1:,d}/{2:,d})".format(acc_node, result["correct_node"], result["total_node"]))
    print(" Root accuracy: {0:.2f} % ({1:,d}/{2:,d})".format(acc_root, result["correct_root"], result["total_root"]))
    return result["correct_node"] / result["total_node"]


class ThinStackSet(chainer.Function):
    """Set values to a thin stack."""

    def forward(self, inputs):
        s, i, v = inputs
        s[np.arange(len(i)), i] = v
        return (s,)

    def backward(self, inputs, grads):
        _, i, _ = inputs
        (g,) = grads
        gv = g[np.arange(len(i)), i]
        g[np.arange(len(i)), i] = 0
        return g, None, gv


class ThinStackGet(chainer.Function):
    """Get values from a thin stack; backward writes into the gradient of the whole stack."""

    def forward(self, inputs):
        s, i = inputs
        return s[np.arange(len(i)), i], s

    def backward(self, inputs, grads):
        s, i = inputs
        g, gs = grads
        if gs is None:
            gs = np.zeros_like(s)
        if g is not None:
            gs[np.arange(len(i)), i] += g
        return gs, None


def linearize_tree(root, xp=np):
    """The words, the order in which places of the stack are joined, and the labels of all places."""
    lefts, rights, dests, labels, words, leaf_labels = [], [], [], [], [], []

    def traverse_leaf(exp):
        if isinstance(exp["node"], int):
            words.append(exp["node"])
            leaf_labels.append(exp["label"])
        else:
            left, right = exp["node"]
            traverse_leaf(left)
            traverse_leaf(right)

    traverse_leaf(root)
    leaf_index = iter(range(len(words)))
    index = [len(words)]

    def traverse_node(exp):
        if isinstance(exp["node"], int):
            return next(leaf_index)
        left, right = exp["node"]
        left = traverse_node(left)
        right = traverse_node(right)
        lefts.append(left)
        rights.append(right)
        dests.append(index[0])
        labels.append(exp["label"])
        index[0] += 1
        return dests[-1]

    traverse_node(root)
    return {
        "lefts": xp.array(lefts, "i"),
        "rights": xp.array(rights, "i"),
        "dests": xp.array(dests, "i"),
        "words": xp.array(words, "i"),
        "labels": xp.array(labels, "i"),
        "leaf_labels": xp.array(leaf_labels, "i"),
    }


@chainer.dataset.converter()
def convert(batch, device):
    keys = "lefts", "rights", "dests", "labels", "words", "leaf_labels"
    return tuple([device.send(d[key]) for key in keys for d in batch])


class ThinStackRecursiveNet(RecursiveNet):
    """The same network for a minibatch of trees, one node of each at a time."""

    def forward(self, *inputs):
        batch = len(inputs) // 6
        lefts = inputs[0:batch]
        rights = inputs[batch : batch * 2]
        dests = inputs[batch * 2 : batch * 3]
        labels = inputs[batch * 3 : batch * 4]
        sequences = inputs[batch * 4 : batch * 5]
        leaf_labels = inputs[batch * 5 : batch * 6]

        inds = np.argsort([-len(left) for left in lefts])
        # Sort all arrays in descending order and transpose them
        lefts = F.transpose_sequence([lefts[i] for i in inds])
        rights = F.transpose_sequence([rights[i] for i in inds])
        dests = F.transpose_sequence([dests[i] for i in inds])
        labels = F.transpose_sequence([labels[i] for i in inds])
        sequences = F.transpose_sequence([sequences[i] for i in inds])
        leaf_labels = F.transpose_sequence([leaf_labels[i] for i in inds])

        batch = len(inds)
        maxlen = len(sequences)

        loss = 0
        count = 0
        correct = 0

        dtype = chainer.get_dtype()
        stack = self.xp.zeros((batch, maxlen * 2, self.embed.W.shape[1]), dtype)
        for i, (word, label) in enumerate(zip(sequences, leaf_labels)):
            batch = word.shape[0]
            es = self.leaf(word)
            ds = self.xp.full((batch,), i, self.xp.int32)
            y = self.label(es)
            loss += F.softmax_cross_entropy(y, label, normalize=False) * batch
            count += batch
            predict = self.xp.argmax(y.array, axis=1)
            correct += (predict == label.array).sum()

            stack = ThinStackSet()(stack, ds, es)

        for left, right, dest, label in zip(lefts, rights, dests, labels):
            l, stack = ThinStackGet()(stack, left)
            r, stack = ThinStackGet()(stack, right)
            o = self.node(l, r)
            y = self.label(o)
            batch = l.shape[0]
            loss += F.softmax_cross_entropy(y, label, normalize=False) * batch
            count += batch
            predict = self.xp.argmax(y.array, axis=1)
            correct += (predict == label.array).sum()

            stack = ThinStackSet()(stack, dest, o)

        loss /= count
        reporter.report({"loss": loss}, self)
        reporter.report({"total": count}, self)
        reporter.report({"correct": correct}, self)
        return loss


def get_trees(n, seed):
    """Trees whose label is the parity of words at the leaves; words of 5 and more are odd."""
    rng = random.Random(seed)

    def tree(depth):
        if depth == 0 or rng.random() < 0.3:
            word = rng.randrange(n_vocab)
            return {"label": int(word >= 5), "node": word}
        left, right = tree(depth - 1), tree(depth - 1)
        return {"label": (left["label"] + right["label"]) % 2, "node": (left, right)}

    return [tree(3) for _ in range(n)]


def train_by_hand(model, optimizer, train_trees, n_epoch, batchsize):
    """Trees of any shape: the losses of some trees are added up, then comes one backward."""
    for epoch in range(n_epoch):
        accum_loss = 0
        total_loss = 0.0
        random.Random(epoch).shuffle(train_trees)
        for count, tree in enumerate(train_trees, 1):
            loss, _ = traverse(model, tree)
            accum_loss += loss
            if count % batchsize == 0:
                model.cleargrads()
                accum_loss.backward()
                optimizer.update()
                total_loss += float(accum_loss.array)
                accum_loss = 0
        print("epoch {} loss: {:.2f}".format(epoch, total_loss))


def train_by_stack(model, optimizer, train_trees, n_epoch, batchsize, device, out):
    train = [linearize_tree(tree) for tree in train_trees]
    train_iter = chainer.iterators.SerialIterator(train, batchsize)
    updater = chainer.training.updaters.StandardUpdater(train_iter, optimizer, converter=convert, device=device)
    trainer = chainer.training.Trainer(updater, (n_epoch, "epoch"), out=out)
    trainer.extend(chainer.training.extensions.MicroAverage("main/correct", "main/total", "main/accuracy"))
    trainer.extend(chainer.training.extensions.LogReport(filename=None))
    trainer.extend(chainer.training.extensions.PrintReport(["epoch", "main/loss", "main/accuracy"]))
    trainer.run()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", "-d", type=str, default="-1")
    parser.add_argument("--batchsize", "-b", type=int, default=10)
    parser.add_argument("--epoch", "-e", default=8, type=int)
    parser.add_argument("--thin-stack", action="store_true")
    parser.add_argument("--out", default="result")
    args = parser.parse_args()
    device = chainer.get_device(args.device)
    device.use()

    train_trees, test_trees = get_trees(200, 0), get_trees(50, 1)
    model = (ThinStackRecursiveNet if args.thin_stack else RecursiveNet)(n_vocab, 16, 2)
    model.to_device(device)
    optimizer = optimizers.AdaGrad(lr=0.1)
    optimizer.setup(model)
    optimizer.add_hook(chainer.optimizer_hooks.WeightDecay(0.0001))

    before = evaluate(model, test_trees)
    if args.thin_stack:
        train_by_stack(model, optimizer, train_trees, args.epoch, args.batchsize, device, args.out)
    else:
        train_by_hand(model, optimizer, train_trees, args.epoch, args.batchsize)
    print("Test evaluation")
    return {"before": 1 - before, "after": 1 - evaluate(model, test_trees)}


if __name__ == "__main__":
    print(json.dumps(main()))
