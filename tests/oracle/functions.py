"""Functions, each called once forward and backward: a program that runs on Chainer 7.8.1 and here, and writes what came out.

python functions.py OUT.npz
"""

import sys
import warnings

import chainer
import chainer.functions as F
import numpy as np

warnings.simplefilter("ignore")
chainer.config.dtype = np.float64  # so that what is compared is the formula, not the rounding


def inputs():
    r = np.random.RandomState(0)
    t = {
        "x": r.randn(3, 4), "y": r.randn(3, 4), "v": r.randn(4), "p": r.uniform(0.1, 0.9, (3, 4)), "q": r.uniform(1.5, 3, (3, 4)),
        "s": r.uniform(-0.9, 0.9, (3, 4)), "a": r.randn(4, 4), "b": r.randn(4, 5), "spd": np.eye(4) * 5 + np.ones((4, 4)),
        "A": r.randn(2, 3, 4), "B": r.randn(2, 4, 5), "im": r.randn(2, 4, 6, 6), "line": r.randn(2, 4, 9), "vol": r.randn(2, 4, 5, 5, 5),
        "W": r.randn(5, 4, 3, 3), "W1": r.randn(5, 4, 3), "W3": r.randn(5, 4, 3, 3, 3), "Wt": r.randn(4, 5, 3, 3), "Wt1": r.randn(4, 5, 3),
        "Wt3": r.randn(4, 5, 3, 3, 3), "Wd": r.randn(2, 4, 3, 3), "Wl": r.randn(5, 4), "c": r.randn(5), "E": r.randn(7, 3),
        "Wloc": r.randn(5, 4, 4, 4, 3, 3), "offset": 0.3 * r.randn(2, 18, 4, 4), "three": r.randn(3, 2, 2), "WB": r.randn(4, 4, 2),
        "gamma": r.uniform(0.5, 1.5, 4), "beta": r.randn(4), "mean": r.randn(4), "var": r.uniform(0.5, 1.5, 4), "scores": r.randn(3, 4),
        "theta": np.tile(np.array([[1.0, 0.1, 0.1], [0.1, 0.9, 0]]), (2, 1, 1)), "grid": r.uniform(-0.9, 0.9, (2, 2, 3, 3)),
        "four": r.randn(3, 16), "cell": r.randn(3, 4), "cell2": r.randn(3, 4), "four2": r.randn(3, 16), "five": r.randn(3, 20),
        "h0": r.randn(2, 3, 4), "c0": r.randn(2, 3, 4), "h4": r.randn(4, 3, 4), "c4": r.randn(4, 3, 4),
        "cost": r.randn(4, 4), "seq": r.randn(5, 3, 4), "emb": r.randn(3, 6, 2),
    }  # fmt: skip
    return {k: v.astype(np.float64) for k, v in t.items()}


# Chainer has these for float32 alone.
FLOAT32 = """
    batch_matmul bilinear resize_images roi_average_align_2d roi_max_align_2d spatial_transformer_sampler
""".split()
T = np.array([0, 2, 3])
TWELVE = np.arange(12) % 4
T2 = np.array([[0, 1, 0, 1], [1, 1, 0, 0], [0, 0, 0, 1]])
IDS = np.array([[0, 1], [6, 2]])
ROIS = np.array([[0, 0, 4, 4], [1, 1, 5, 5], [2, 0, 5, 3]], dtype=np.float64)
ROI_INDICES = np.array([0, 1, 1], dtype=np.int32)
MASK = np.array([[True, False, True, True]] * 3)


def rnn(n_weights, directions, n_layers=2):
    r = np.random.RandomState(1)
    ws, bs = [], []
    for layer in range(n_layers):
        for _ in range(directions):
            n_in = 4 if layer == 0 else 4 * directions
            half = n_weights // 2
            ws.append([r.randn(4, n_in if i < half else 4) * 0.5 for i in range(n_weights)])
            bs.append([r.randn(4) * 0.5 for _ in range(n_weights)])
    return ws, bs


def twelve(x, y):
    """Scores of twelve examples, of which some are right for each of four classes: of none right Chainer makes NaN."""
    return F.concat([x, y, -x, -y], axis=0) + 1.5 * np.eye(4)[TWELVE]


def sequences():
    r = np.random.RandomState(2)
    return [r.randn(n, 4) for n in (3, 3, 2, 1)]  # a step each, of sequences of lengths 4, 3 and 2


# name -> a function of the inputs of its parameters' names
CASES = {
    # activation
    "clipped_relu": lambda x: F.clipped_relu(x, z=0.5), "crelu": lambda x: F.crelu(x), "elu": lambda x: F.elu(x, alpha=0.7),
    "hard_sigmoid": lambda x: F.hard_sigmoid(x), "leaky_relu": lambda x: F.leaky_relu(x), "log_softmax": lambda x: F.log_softmax(x),
    "maxout": lambda x: F.maxout(x, 2), "prelu": lambda x, v: F.prelu(x, v), "relu": lambda x: F.relu(x), "relu6": lambda x: F.relu6(x * 5),
    "selu": lambda x: F.selu(x), "sigmoid": lambda x: F.sigmoid(x), "softmax": lambda x: F.softmax(x), "softplus": lambda x: F.softplus(x, 2.0),
    "swish": lambda x, v: F.swish(x, v), "tanh": lambda x: F.tanh(x), "rrelu": lambda x: F.rrelu(x, r=np.full((3, 4), 0.2)),
    "lstm": lambda cell, four: F.lstm(cell, four), "slstm": lambda cell, cell2, four, four2: F.slstm(cell, cell2, four, four2),
    "tree_lstm": lambda cell, cell2, five: F.tree_lstm(cell, cell2, five),
    # array
    "as_strided": lambda x: F.as_strided(x, (2, 2), (4, 1)), "broadcast": lambda x, v: F.broadcast(x, v),
    "broadcast_to": lambda v: F.broadcast_to(v, (3, 4)), "cast": lambda x: F.cast(x, np.float32), "concat": lambda x, y: F.concat([x, y]),
    "copy": lambda x: F.copy(x, -1), "depth2space": lambda im: F.depth2space(im, 2), "diagonal": lambda a: F.diagonal(a, 1),
    "dstack": lambda x, y: F.dstack([x, y]), "expand_dims": lambda x: F.expand_dims(x, 1), "flatten": lambda x: F.flatten(x),
    "flip": lambda x: F.flip(x, 1), "fliplr": lambda x: F.fliplr(x), "flipud": lambda x: F.flipud(x),
    "get_item": lambda x: F.get_item(x, (slice(1), [0, 2])), "hstack": lambda x, y: F.hstack([x, y]), "im2col": lambda im: F.im2col(im, 3, 2, 1),
    "moveaxis": lambda A: F.moveaxis(A, 0, 2), "pad": lambda x: F.pad(x, 1, "constant"), "pad_sequence": lambda x, a: F.pad_sequence([x, a], padding=-1),
    "permutate": lambda x: F.permutate(x, np.array([2, 0, 1], "i")), "repeat": lambda x: F.repeat(x, 2, 1), "reshape": lambda x: F.reshape(x, (2, -1)),
    "resize_images": lambda im: F.resize_images(im, (4, 9)), "rollaxis": lambda A: F.rollaxis(A, 2), "scatter_add": lambda x, v: F.scatter_add(x, 1, v),
    "select_item": lambda x: F.select_item(x, T), "separate": lambda x: F.separate(x, 1), "space2depth": lambda im: F.space2depth(im, 2),
    "spatial_transformer_grid": lambda theta: F.spatial_transformer_grid(theta, (3, 3)),
    "spatial_transformer_sampler": lambda im, grid: F.spatial_transformer_sampler(im, grid),
    "split_axis": lambda x: F.split_axis(x, [1, 3], 1), "squeeze": lambda A: F.squeeze(A[:1]), "stack": lambda x, y: F.stack([x, y], 1),
    "swapaxes": lambda A: F.swapaxes(A, 0, 2), "tile": lambda x: F.tile(x, (2, 1)), "transpose": lambda A: F.transpose(A, (2, 0, 1)),
    "transpose_sequence": lambda x, y: F.transpose_sequence([x, y[:2]]), "vstack": lambda x, y: F.vstack([x, y]), "where": lambda x, y: F.where(MASK, x, y),
    # connection
    "bilinear": lambda x, y, WB: F.bilinear(x, y, WB), "convolution_1d": lambda line, W1, c: F.convolution_1d(line, W1, c, pad=1),
    "convolution_2d": lambda im, W, c: F.convolution_2d(im, W, c, stride=2, pad=1), "convolution_3d": lambda vol, W3: F.convolution_3d(vol, W3),
    "convolution_2d dilate": lambda im, W: F.convolution_2d(im, W, dilate=2), "convolution_2d cover_all": lambda im, W: F.convolution_2d(im, W, stride=2, cover_all=True),
    "convolution_nd": lambda im, W, c: F.convolution_nd(im, W, c), "deconvolution_1d": lambda line, Wt1: F.deconvolution_1d(line, Wt1),
    "deconvolution_2d": lambda im, Wt, c: F.deconvolution_2d(im, Wt, c, stride=2, pad=1), "deconvolution_3d": lambda vol, Wt3: F.deconvolution_3d(vol, Wt3),
    "deconvolution_nd": lambda im, Wt: F.deconvolution_nd(im, Wt, stride=2, outsize=(14, 13)),
    "deformable_convolution_2d_sampler": lambda im, offset, W: F.deformable_convolution_2d_sampler(im, offset, W),
    "depthwise_convolution_2d": lambda im, Wd: F.depthwise_convolution_2d(im, Wd), "dilated_convolution_2d": lambda im, W: F.dilated_convolution_2d(im, W, dilate=2),
    "embed_id": lambda E: F.embed_id(IDS, E), "embed_id ignore": lambda E: F.embed_id(IDS, E, ignore_label=6), "linear": lambda x, Wl, c: F.linear(x, Wl, c),
    "linear axes": lambda A, Wl: F.linear(A, Wl, n_batch_axes=2), "local_convolution_2d": lambda im, Wloc: F.local_convolution_2d(im, Wloc),
    "shift": lambda im: F.shift(F.concat([im, im, im]), 3),
    "n_step_lstm": lambda h0, c0: F.n_step_lstm(2, 0.0, h0, c0, *rnn(8, 1), sequences()),
    "n_step_bilstm": lambda h4, c4: F.n_step_bilstm(2, 0.0, h4, c4, *rnn(8, 2), sequences()),
    "n_step_gru": lambda h0: F.n_step_gru(2, 0.0, h0, *rnn(6, 1), sequences()),
    "n_step_bigru": lambda h4: F.n_step_bigru(2, 0.0, h4, *rnn(6, 2), sequences()),
    "n_step_rnn": lambda h0: F.n_step_rnn(2, 0.0, h0, *rnn(2, 1), sequences()),
    "n_step_birnn": lambda h4: F.n_step_birnn(2, 0.0, h4, *rnn(2, 2), sequences(), activation="relu"),
    # evaluation
    "accuracy": lambda x: F.accuracy(x, T), "accuracy ignore": lambda x: F.accuracy(x, T, ignore_label=2), "binary_accuracy": lambda x: F.binary_accuracy(x, T2),
    "classification_summary": lambda x, y: F.classification_summary(twelve(x, y), TWELVE), "precision": lambda x, y: F.precision(twelve(x, y), TWELVE),
    "recall": lambda x, y: F.recall(twelve(x, y), TWELVE, label_num=4), "f1_score": lambda x, y: F.f1_score(twelve(x, y), TWELVE, label_num=4), "r2_score": lambda x, y: F.r2_score(x, y),
    # loss
    "absolute_error": lambda x, y: F.absolute_error(x, y), "black_out": lambda x, E: F.black_out(x[:, :3], T, E, np.array([[1, 4], [5, 6], [0, 1]])),
    "contrastive": lambda x, y: F.contrastive(x, y, np.array([1, 0, 1])),
    "crf1d": lambda cost, seq: F.crf1d(cost, F.separate(seq), [np.array([0, 1, 2])] * 5),
    "argmax_crf1d": lambda cost, seq: F.argmax_crf1d(cost, F.separate(seq))[0],
    "cross_covariance": lambda x, y: F.cross_covariance(x, y),
    "connectionist_temporal_classification": lambda seq: F.connectionist_temporal_classification(F.separate(seq), np.array([[0, 1], [1, 2], [2, 0]], "i"), 3),
    "decov": lambda x: F.decov(x), "discriminative_margin_based_clustering_loss": lambda emb: F.discriminative_margin_based_clustering_loss(
        F.reshape(emb, (1, 2, 3, 6)), np.array([[[1, 1, 2, 2, 1, 2]] * 3]), 0.2, 0.5, 2),
    "hinge": lambda x: F.hinge(x, T), "hinge L2": lambda x: F.hinge(x, T, norm="L2"), "huber_loss": lambda x, y: F.huber_loss(x, y, 0.8),
    "mean_absolute_error": lambda x, y: F.mean_absolute_error(x, y), "mean_squared_error": lambda x, y: F.mean_squared_error(x, y),
    "negative_sampling": lambda x, E: F.negative_sampling(x[:, :3], T.astype(np.int32), E, lambda shape: np.full(shape, 5, np.int32), 2),
    "sigmoid_cross_entropy": lambda x: F.sigmoid_cross_entropy(x, T2), "softmax_cross_entropy": lambda x: F.softmax_cross_entropy(x, T),
    "softmax_cross_entropy weights": lambda x: F.softmax_cross_entropy(x, T, class_weight=np.array([1.0, 2, 3, 4]), enable_double_backprop=True),
    "softmax_cross_entropy ignore": lambda x: F.softmax_cross_entropy(x, np.array([0, -1, 3])), "softmax_cross_entropy no": lambda x: F.softmax_cross_entropy(x, T, reduce="no"),
    "squared_difference": lambda x, y: F.squared_difference(x, y), "squared_error": lambda x, y: F.squared_error(x, y),
    "triplet": lambda x, y, p: F.triplet(x, y, p), "bernoulli_nll": lambda x, y: F.bernoulli_nll(x, y), "gaussian_kl_divergence": lambda x, y: F.gaussian_kl_divergence(x, y),
    "gaussian_nll": lambda x, y, p: F.gaussian_nll(x, y, p),
    # math
    "absolute": lambda x: F.absolute(x), "add": lambda x, y, p: F.add(x, y, p), "arccos": lambda s: F.arccos(s), "arcsin": lambda s: F.arcsin(s),
    "arctan": lambda x: F.arctan(x), "arctan2": lambda x, y: F.arctan2(x, y), "arctanh": lambda s: F.arctanh(s), "argmax": lambda x: F.argmax(x, 1),
    "argmin": lambda x: F.argmin(x, 0), "average": lambda x: F.average(x, 1, weights=np.array([1.0, 2, 3, 4])), "batch_det": lambda spd: F.batch_det(spd[None]),
    "batch_inv": lambda spd: F.batch_inv(spd[None]), "batch_l2_norm_squared": lambda x: F.batch_l2_norm_squared(x),
    "batch_matmul": lambda A, B: F.batch_matmul(A, B), "bias": lambda x, v: F.bias(x, v), "ceil": lambda x: F.ceil(x), "cholesky": lambda spd: F.cholesky(spd),
    "clip": lambda x: F.clip(x, -0.5, 0.5), "cos": lambda x: F.cos(x), "cosh": lambda x: F.cosh(x), "cumprod": lambda x: F.cumprod(x, 1),
    "cumsum": lambda x: F.cumsum(x, 0), "det": lambda spd: F.det(spd), "digamma": lambda q: F.digamma(q), "einsum": lambda A, B: F.einsum("bij,bjk->bk", A, B),
    "erf": lambda x: F.erf(x), "erfc": lambda x: F.erfc(x), "erfcinv": lambda p: F.erfcinv(p), "erfcx": lambda x: F.erfcx(x), "erfinv": lambda s: F.erfinv(s),
    "exp": lambda x: F.exp(x), "expm1": lambda x: F.expm1(x), "fft": lambda x, y: F.fft((x, y)), "ifft": lambda x, y: F.ifft((x, y)), "fix": lambda x: F.fix(x),
    "floor": lambda x: F.floor(x), "fmod": lambda x, q: F.fmod(x, q), "identity": lambda x: F.identity(x), "inv": lambda spd: F.inv(spd),
    "lgamma": lambda q: F.lgamma(q), "linear_interpolate": lambda p, x, y: F.linear_interpolate(p, x, y), "log": lambda q: F.log(q), "log10": lambda q: F.log10(q),
    "log1p": lambda q: F.log1p(q), "log2": lambda q: F.log2(q), "log_ndtr": lambda x: F.log_ndtr(x), "logsumexp": lambda x: F.logsumexp(x, 1),
    "matmul": lambda x, b: F.matmul(x, b), "matmul transa": lambda x, y: F.matmul(x, y, transa=True), "max": lambda x: F.max(x, 1, keepdims=True),
    "maximum": lambda x, y: F.maximum(x, y), "mean": lambda x: F.mean(x, 0), "min": lambda x: F.min(x, 0), "minimum": lambda x, y: F.minimum(x, y),
    "ndtr": lambda x: F.ndtr(x), "ndtri": lambda p: F.ndtri(p), "polygamma": lambda q: F.polygamma(np.array(1), q), "prod": lambda x: F.prod(x, 1), "rsqrt": lambda q: F.rsqrt(q),
    "scale": lambda x, v: F.scale(x, v), "sign": lambda x: F.sign(x), "sin": lambda x: F.sin(x), "sinh": lambda x: F.sinh(x), "sqrt": lambda q: F.sqrt(q),
    "square": lambda x: F.square(x), "sparse_matmul": lambda b: F.sparse_matmul(chainer.utils.CooMatrix(np.array([1.0, 2, 3]), np.array([0, 0, 2]), np.array([1, 3, 0]), (3, 4)), b),
    "sparse_matmul transa": lambda a: F.sparse_matmul(chainer.utils.to_coo(np.eye(4)), a, transa=True),
    "sum": lambda x: F.sum(x, 1), "sum_to": lambda x: F.sum_to(x, (1, 4)), "tan": lambda s: F.tan(s),
    "tensordot": lambda A, B: F.tensordot(A, B, axes=([2, 0], [1, 0])), "zeta": lambda q: F.zeta(np.full((3, 4), 2.5), q),
    # noise, given what is drawn
    "dropout": lambda x: F.dropout(x, 0.5, mask=np.full((3, 4), 2.0) * MASK), "gaussian": lambda x, y: F.gaussian(x, y, eps=np.full((3, 4), 0.3)),
    "zoneout": lambda x, y: F.zoneout(x, y, 0.0),
    "simplified_dropconnect": lambda x, Wl: F.simplified_dropconnect(x, Wl, mask=np.ones((3, 5, 4)), ratio=0.0),
    # normalization
    "batch_normalization": lambda im, gamma, beta: F.batch_normalization(im, gamma, beta),
    "fixed_batch_normalization": lambda im, gamma, beta, mean, var: F.fixed_batch_normalization(im, gamma, beta, mean, var),
    "batch_renormalization": lambda im, gamma, beta: F.batch_renormalization(im, gamma, beta, 2.0, 0.5, running_mean=np.full(4, 0.1), running_var=np.full(4, 0.8)),
    "fixed_batch_renormalization": lambda im, gamma, beta, mean, var: F.fixed_batch_renormalization(im, gamma, beta, mean, var),
    "decorrelated_batch_normalization": lambda x: F.decorrelated_batch_normalization(F.concat([x, x * x, F.sin(x)], axis=0), groups=2),
    "fixed_decorrelated_batch_normalization": lambda x: F.fixed_decorrelated_batch_normalization(x, np.array([[0.1, 0.2], [0.3, 0.4]]), np.arange(8.0).reshape(2, 2, 2), groups=2),
    "group_normalization": lambda im, gamma, beta: F.group_normalization(im, 2, gamma, beta), "layer_normalization": lambda x, gamma, beta: F.layer_normalization(x, gamma, beta),
    "local_response_normalization": lambda im: F.local_response_normalization(im, n=3, alpha=0.1), "normalize": lambda x: F.normalize(x),
    # pooling
    "average_pooling_1d": lambda line: F.average_pooling_1d(line, 3, 2, 1), "average_pooling_2d": lambda im: F.average_pooling_2d(im, 3, 2, 1),
    "average_pooling_3d": lambda vol: F.average_pooling_3d(vol, 2), "average_pooling_nd": lambda im: F.average_pooling_nd(im, 3, 2, 1, pad_value=None),
    "max_pooling_1d": lambda line: F.max_pooling_1d(line, 3, 2), "max_pooling_2d": lambda im: F.max_pooling_2d(im, 3, 2, 1),
    "max_pooling_2d floor": lambda im: F.max_pooling_2d(im, 3, 2, cover_all=False), "max_pooling_3d": lambda vol: F.max_pooling_3d(vol, 2),
    "max_pooling_nd": lambda im: F.max_pooling_nd(im, 2), "roi_average_align_2d": lambda im: F.roi_average_align_2d(im, ROIS.astype(np.float32), ROI_INDICES, 2, 1.0, 2),
    "roi_average_pooling_2d": lambda im: F.roi_average_pooling_2d(im, ROIS, ROI_INDICES, 2, 1.0),
    "roi_max_align_2d": lambda im: F.roi_max_align_2d(im, ROIS.astype(np.float32), ROI_INDICES, 2, 1.0, 2), "roi_max_pooling_2d": lambda im: F.roi_max_pooling_2d(im, ROIS, ROI_INDICES, 2, 1.0),
    "roi_pooling_2d": lambda im: F.roi_pooling_2d(im, np.concatenate([ROI_INDICES[:, None].astype(np.float64), ROIS], 1), 2, 2, 1.0),
    "spatial_pyramid_pooling_2d": lambda im: F.spatial_pyramid_pooling_2d(im, 2, pooling="max"), "unpooling_1d": lambda line: F.unpooling_1d(line, 2, cover_all=False),
    "unpooling_2d": lambda im: F.unpooling_2d(im, 2, cover_all=False), "unpooling_3d": lambda vol: F.unpooling_3d(vol, 2, cover_all=False),
    "unpooling_nd": lambda im: F.unpooling_nd(im, 3, 2),
    "upsampling_2d": lambda im: F.upsampling_2d(*F.max_pooling_2d(im, 2, 2, return_indices=True), ksize=2, stride=2, cover_all=False),
    # rest
    "forget": lambda x, y: F.forget(lambda a, b: F.tanh(a * b), x, y),
}  # fmt: skip


def flat(ys):
    if isinstance(ys, (list, tuple)):
        return [y for part in ys for y in flat(part)]
    return [ys]


def call(name, f):
    """The outputs and gradients of one case."""
    names = f.__code__.co_varnames[: f.__code__.co_argcount]
    given = inputs()
    variables = [chainer.Variable(given[n].astype(np.float32) if name in FLOAT32 else given[n]) for n in names]
    outputs = flat(f(*variables))
    found = {f"{name}: output {i}": y.array for i, y in enumerate(outputs)}
    weights = np.random.RandomState(3)
    terms = [
        F.sum(y * np.asarray(weights.randn(*y.shape), dtype=y.dtype))
        for y in outputs
        if y.dtype.kind == "f" and y.requires_grad
    ]
    if terms:
        sum(terms).backward()
    for n, v in zip(names, variables, strict=False):
        if v.grad is not None and name not in ("batch_renormalization",):
            found[f"{name}: gradient of {n}"] = v.grad
    return found


def main(path):
    results, absent = {}, []
    for name, f in CASES.items():
        if not hasattr(F, name.split()[0]):
            absent.append(name)
            continue
        try:
            results.update(call(name, f))
        except Exception as error:
            results[f"{name}: error"] = np.array(f"{type(error).__name__}: {error}")
    np.savez(path, absent=np.array(absent, dtype="U80"), **results)


if __name__ == "__main__":
    main(sys.argv[1])
