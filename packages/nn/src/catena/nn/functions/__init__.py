"""Functions of neural networks, and those of `catena.autograd.functions`: one namespace, usually imported as F.

Names, argument order and defaults are Chainer's: where the array API standard and Chainer differ, as in the default axis of
`concat`, `F.` is Chainer's and `catena.autograd.functions` the standard's.
"""

from __future__ import annotations

from catena.autograd import functions as _of_arrays
from catena.autograd.functions import *  # noqa: F403
from catena.nn.functions.activation import (
    gelu,
    glu,
    log_sigmoid,
    log_softmax,
    mish,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
    swish,
)
from catena.nn.functions.array import concat  # noqa: F401 - in the list that is added below
from catena.nn.functions.attention import (
    positional_encoding,
    rotary_embedding,
    scaled_dot_product_attention,
)
from catena.nn.functions.batch_statistics import (
    batch_normalization,
    batch_renormalization,
    fixed_batch_normalization,
    fixed_batch_renormalization,
)
from catena.nn.functions.connection import bilinear, linear
from catena.nn.functions.convolution import (
    convolution_1d,
    convolution_2d,
    convolution_3d,
    convolution_nd,
    deconvolution_1d,
    deconvolution_2d,
    deconvolution_3d,
    deconvolution_nd,
    depthwise_convolution_2d,
    dilated_convolution_2d,
)
from catena.nn.functions.embedding import embed_id
from catena.nn.functions.evaluation import (
    accuracy,
    binary_accuracy,
    classification_summary,
    f1_score,
    precision,
    r2_score,
    recall,
)
from catena.nn.functions.local import (
    deformable_convolution_2d_sampler,
    local_convolution_2d,
    shift,
)
from catena.nn.functions.loss import (
    focal_loss,
    label_smoothed_cross_entropy,
    sigmoid_cross_entropy,
    sigmoid_focal_loss,
    softmax_cross_entropy,
)
from catena.nn.functions.math import add, clip, fft, logsumexp, tensordot  # noqa: F401 - in the list that is added below
from catena.nn.functions.noise import (
    dropout,
    gaussian,
    gumbel_softmax,
    simplified_dropconnect,
    zoneout,
)
from catena.nn.functions.normalization import (
    group_normalization,
    layer_normalization,
    local_response_normalization,
    normalize,
    rms_normalization,
)
from catena.nn.functions.pooling import (
    average_pooling_1d,
    average_pooling_2d,
    average_pooling_3d,
    average_pooling_nd,
    max_pooling_1d,
    max_pooling_2d,
    max_pooling_3d,
    max_pooling_nd,
    spatial_pyramid_pooling_2d,
    unpooling_1d,
    unpooling_2d,
    unpooling_3d,
    unpooling_nd,
    upsampling_2d,
)
from catena.nn.functions.ranking import (
    contrastive,
    discriminative_margin_based_clustering_loss,
    hinge,
    triplet,
)
from catena.nn.functions.recomputation import forget
from catena.nn.functions.rectifiers import (
    celu,
    clipped_relu,
    crelu,
    elu,
    hard_sigmoid,
    hard_swish,
    hard_tanh,
    leaky_relu,
    maxout,
    prelu,
    relu,
    relu6,
    rrelu,
    selu,
)
from catena.nn.functions.recurrent import (
    lstm,
    slstm,
    tree_lstm,
)
from catena.nn.functions.regression_loss import (
    absolute_error,
    huber_loss,
    mean_absolute_error,
    mean_squared_error,
    squared_difference,
    squared_error,
)
from catena.nn.functions.roi import (
    roi_average_align_2d,
    roi_average_pooling_2d,
    roi_max_align_2d,
    roi_max_pooling_2d,
    roi_pooling_2d,
)
from catena.nn.functions.sampled_loss import (
    black_out,
    negative_sampling,
)
from catena.nn.functions.sequence_loss import (
    argmax_crf1d,
    connectionist_temporal_classification,
    crf1d,
)
from catena.nn.functions.sequence_recurrent import (
    n_step_bigru,
    n_step_bilstm,
    n_step_birnn,
    n_step_gru,
    n_step_lstm,
    n_step_rnn,
)
from catena.nn.functions.statistical_loss import (
    bernoulli_nll,
    cross_covariance,
    decov,
    gaussian_kl_divergence,
    gaussian_nll,
)
from catena.nn.functions.whitening import (
    decorrelated_batch_normalization,
    fixed_decorrelated_batch_normalization,
)

__all__ = [
    "absolute_error",
    "accuracy",
    "argmax_crf1d",
    "average_pooling_1d",
    "average_pooling_2d",
    "average_pooling_3d",
    "average_pooling_nd",
    "batch_normalization",
    "batch_renormalization",
    "bernoulli_nll",
    "bilinear",
    "binary_accuracy",
    "black_out",
    "celu",
    "classification_summary",
    "clipped_relu",
    "connectionist_temporal_classification",
    "contrastive",
    "convolution_1d",
    "convolution_2d",
    "convolution_3d",
    "convolution_nd",
    "crelu",
    "crf1d",
    "cross_covariance",
    "deconvolution_1d",
    "deconvolution_2d",
    "deconvolution_3d",
    "deconvolution_nd",
    "decorrelated_batch_normalization",
    "decov",
    "deformable_convolution_2d_sampler",
    "depthwise_convolution_2d",
    "dilated_convolution_2d",
    "discriminative_margin_based_clustering_loss",
    "dropout",
    "elu",
    "embed_id",
    "f1_score",
    "fixed_batch_normalization",
    "fixed_batch_renormalization",
    "fixed_decorrelated_batch_normalization",
    "focal_loss",
    "forget",
    "gaussian",
    "gaussian_kl_divergence",
    "gaussian_nll",
    "gelu",
    "glu",
    "group_normalization",
    "gumbel_softmax",
    "hard_sigmoid",
    "hard_swish",
    "hard_tanh",
    "hinge",
    "huber_loss",
    "label_smoothed_cross_entropy",
    "layer_normalization",
    "leaky_relu",
    "linear",
    "local_convolution_2d",
    "local_response_normalization",
    "log_sigmoid",
    "log_softmax",
    "lstm",
    "max_pooling_1d",
    "max_pooling_2d",
    "max_pooling_3d",
    "max_pooling_nd",
    "maxout",
    "mean_absolute_error",
    "mean_squared_error",
    "mish",
    "n_step_bigru",
    "n_step_bilstm",
    "n_step_birnn",
    "n_step_gru",
    "n_step_lstm",
    "n_step_rnn",
    "negative_sampling",
    "normalize",
    "positional_encoding",
    "precision",
    "prelu",
    "r2_score",
    "recall",
    "relu",
    "relu6",
    "rms_normalization",
    "roi_average_align_2d",
    "roi_average_pooling_2d",
    "roi_max_align_2d",
    "roi_max_pooling_2d",
    "roi_pooling_2d",
    "rotary_embedding",
    "rrelu",
    "scaled_dot_product_attention",
    "selu",
    "shift",
    "sigmoid",
    "sigmoid_cross_entropy",
    "sigmoid_focal_loss",
    "silu",
    "simplified_dropconnect",
    "slstm",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "softsign",
    "spatial_pyramid_pooling_2d",
    "squared_difference",
    "squared_error",
    "swish",
    "tree_lstm",
    "triplet",
    "unpooling_1d",
    "unpooling_2d",
    "unpooling_3d",
    "unpooling_nd",
    "upsampling_2d",
    "zoneout",
]
__all__ += _of_arrays.__all__
