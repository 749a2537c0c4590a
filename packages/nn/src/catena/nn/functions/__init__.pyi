# Made by tests/types/stubs.py; do not edit.
# pyright: reportOverlappingOverload=false
from collections.abc import Callable, Sequence
from typing import Any, Literal, overload

import numpy as np

from catena.autograd import Variable
from catena.autograd.functions import _T, _Array, _In
from catena.autograd.functions import abs as abs
from catena.autograd.functions import absolute as absolute
from catena.autograd.functions import acos as acos
from catena.autograd.functions import acosh as acosh
from catena.autograd.functions import all as all
from catena.autograd.functions import any as any
from catena.autograd.functions import arccos as arccos
from catena.autograd.functions import arcsin as arcsin
from catena.autograd.functions import arctan as arctan
from catena.autograd.functions import arctan2 as arctan2
from catena.autograd.functions import arctanh as arctanh
from catena.autograd.functions import argmax as argmax
from catena.autograd.functions import argmin as argmin
from catena.autograd.functions import as_strided as as_strided
from catena.autograd.functions import asin as asin
from catena.autograd.functions import asinh as asinh
from catena.autograd.functions import astype as astype
from catena.autograd.functions import atan as atan
from catena.autograd.functions import atan2 as atan2
from catena.autograd.functions import atanh as atanh
from catena.autograd.functions import average as average
from catena.autograd.functions import batch_det as batch_det
from catena.autograd.functions import batch_inv as batch_inv
from catena.autograd.functions import batch_l2_norm_squared as batch_l2_norm_squared
from catena.autograd.functions import batch_matmul as batch_matmul
from catena.autograd.functions import bias as bias
from catena.autograd.functions import broadcast as broadcast
from catena.autograd.functions import broadcast_arrays as broadcast_arrays
from catena.autograd.functions import broadcast_to as broadcast_to
from catena.autograd.functions import cast as cast
from catena.autograd.functions import ceil as ceil
from catena.autograd.functions import cholesky as cholesky
from catena.autograd.functions import conj as conj
from catena.autograd.functions import copy as copy
from catena.autograd.functions import copysign as copysign
from catena.autograd.functions import cos as cos
from catena.autograd.functions import cosh as cosh
from catena.autograd.functions import cumprod as cumprod
from catena.autograd.functions import cumsum as cumsum
from catena.autograd.functions import cumulative_prod as cumulative_prod
from catena.autograd.functions import cumulative_sum as cumulative_sum
from catena.autograd.functions import depth2space as depth2space
from catena.autograd.functions import det as det
from catena.autograd.functions import diagonal as diagonal
from catena.autograd.functions import diff as diff
from catena.autograd.functions import digamma as digamma
from catena.autograd.functions import divide as divide
from catena.autograd.functions import dstack as dstack
from catena.autograd.functions import einsum as einsum
from catena.autograd.functions import equal as equal
from catena.autograd.functions import erf as erf
from catena.autograd.functions import erfc as erfc
from catena.autograd.functions import erfcinv as erfcinv
from catena.autograd.functions import erfcx as erfcx
from catena.autograd.functions import erfinv as erfinv
from catena.autograd.functions import exp as exp
from catena.autograd.functions import expand_dims as expand_dims
from catena.autograd.functions import expm1 as expm1
from catena.autograd.functions import fix as fix
from catena.autograd.functions import flatten as flatten
from catena.autograd.functions import flip as flip
from catena.autograd.functions import fliplr as fliplr
from catena.autograd.functions import flipud as flipud
from catena.autograd.functions import floor as floor
from catena.autograd.functions import floor_divide as floor_divide
from catena.autograd.functions import fmod as fmod
from catena.autograd.functions import full_like as full_like
from catena.autograd.functions import gather as gather
from catena.autograd.functions import get_item as get_item
from catena.autograd.functions import getitem as getitem
from catena.autograd.functions import greater as greater
from catena.autograd.functions import greater_equal as greater_equal
from catena.autograd.functions import hstack as hstack
from catena.autograd.functions import hypot as hypot
from catena.autograd.functions import identity as identity
from catena.autograd.functions import ifft as ifft
from catena.autograd.functions import im2col as im2col
from catena.autograd.functions import imag as imag
from catena.autograd.functions import inv as inv
from catena.autograd.functions import isfinite as isfinite
from catena.autograd.functions import isnan as isnan
from catena.autograd.functions import less as less
from catena.autograd.functions import less_equal as less_equal
from catena.autograd.functions import lgamma as lgamma
from catena.autograd.functions import linalg as linalg
from catena.autograd.functions import linear_interpolate as linear_interpolate
from catena.autograd.functions import log as log
from catena.autograd.functions import log1p as log1p
from catena.autograd.functions import log2 as log2
from catena.autograd.functions import log10 as log10
from catena.autograd.functions import log_ndtr as log_ndtr
from catena.autograd.functions import logaddexp as logaddexp
from catena.autograd.functions import matmul as matmul
from catena.autograd.functions import matrix_transpose as matrix_transpose
from catena.autograd.functions import max as max
from catena.autograd.functions import maximum as maximum
from catena.autograd.functions import mean as mean
from catena.autograd.functions import meshgrid as meshgrid
from catena.autograd.functions import min as min
from catena.autograd.functions import minimum as minimum
from catena.autograd.functions import moveaxis as moveaxis
from catena.autograd.functions import multiply as multiply
from catena.autograd.functions import ndtr as ndtr
from catena.autograd.functions import ndtri as ndtri
from catena.autograd.functions import negative as negative
from catena.autograd.functions import not_equal as not_equal
from catena.autograd.functions import ones_like as ones_like
from catena.autograd.functions import pad as pad
from catena.autograd.functions import pad_sequence as pad_sequence
from catena.autograd.functions import permutate as permutate
from catena.autograd.functions import permute_dims as permute_dims
from catena.autograd.functions import polygamma as polygamma
from catena.autograd.functions import positive as positive
from catena.autograd.functions import pow as pow
from catena.autograd.functions import prod as prod
from catena.autograd.functions import real as real
from catena.autograd.functions import reciprocal as reciprocal
from catena.autograd.functions import remainder as remainder
from catena.autograd.functions import repeat as repeat
from catena.autograd.functions import reshape as reshape
from catena.autograd.functions import resize_images as resize_images
from catena.autograd.functions import roll as roll
from catena.autograd.functions import rollaxis as rollaxis
from catena.autograd.functions import round as round
from catena.autograd.functions import rsqrt as rsqrt
from catena.autograd.functions import scale as scale
from catena.autograd.functions import scatter as scatter
from catena.autograd.functions import scatter_add as scatter_add
from catena.autograd.functions import select_item as select_item
from catena.autograd.functions import separate as separate
from catena.autograd.functions import sign as sign
from catena.autograd.functions import sin as sin
from catena.autograd.functions import sinh as sinh
from catena.autograd.functions import sort as sort
from catena.autograd.functions import space2depth as space2depth
from catena.autograd.functions import sparse_matmul as sparse_matmul
from catena.autograd.functions import spatial_transformer_grid as spatial_transformer_grid
from catena.autograd.functions import spatial_transformer_sampler as spatial_transformer_sampler
from catena.autograd.functions import special as special
from catena.autograd.functions import split_axis as split_axis
from catena.autograd.functions import sqrt as sqrt
from catena.autograd.functions import square as square
from catena.autograd.functions import squeeze as squeeze
from catena.autograd.functions import stack as stack
from catena.autograd.functions import std as std
from catena.autograd.functions import subtract as subtract
from catena.autograd.functions import sum as sum
from catena.autograd.functions import sum_to as sum_to
from catena.autograd.functions import swapaxes as swapaxes
from catena.autograd.functions import take as take
from catena.autograd.functions import take_along_axis as take_along_axis
from catena.autograd.functions import tan as tan
from catena.autograd.functions import tanh as tanh
from catena.autograd.functions import tile as tile
from catena.autograd.functions import to_device as to_device
from catena.autograd.functions import transpose as transpose
from catena.autograd.functions import transpose_sequence as transpose_sequence
from catena.autograd.functions import tril as tril
from catena.autograd.functions import triu as triu
from catena.autograd.functions import trunc as trunc
from catena.autograd.functions import unstack as unstack
from catena.autograd.functions import var as var
from catena.autograd.functions import vecdot as vecdot
from catena.autograd.functions import vstack as vstack
from catena.autograd.functions import where as where
from catena.autograd.functions import zeros_like as zeros_like
from catena.autograd.functions import zeta as zeta
from catena.nn.functions._windows import Size
from catena.nn.functions.batch_statistics import Axis
from catena.nn.functions.statistical_loss import Reduction

def absolute_error(x0: _In[_T], x1: _In[_T]) -> _T: ...
def accuracy(y: _In[_T], t: _In[_T], ignore_label: int | None = None) -> _T: ...
def add(*xs: _In[_T]) -> _T: ...
@overload
def argmax_crf1d(cost: _Array, xs: Sequence[_Array]) -> tuple[np.ndarray[Any, Any], list[np.ndarray[Any, Any]]]: ...
@overload
def argmax_crf1d(cost: Any, xs: Sequence[Any]) -> tuple[Variable, list[Variable]]: ...
def average_pooling_1d(
    x: _In[_T], ksize: Size, stride: Size | None = None, pad: Size = 0, pad_value: float | None = 0
) -> _T: ...
def average_pooling_2d(x: _In[_T], ksize: Size, stride: Size | None = None, pad: Size = 0) -> _T: ...
def average_pooling_3d(
    x: _In[_T], ksize: Size, stride: Size | None = None, pad: Size = 0, pad_value: float | None = 0
) -> _T: ...
def average_pooling_nd(
    x: _In[_T], ksize: Size, stride: Size | None = None, pad: Size = 0, pad_value: float | None = 0
) -> _T: ...
def batch_normalization(
    x: _In[_T],
    gamma: _In[_T],
    beta: _In[_T],
    *,
    eps: float = 2e-05,
    running_mean: _In[_T] | None = None,
    running_var: _In[_T] | None = None,
    decay: float = 0.9,
    axis: Axis = None,
) -> _T: ...
def batch_renormalization(
    x: _In[_T],
    gamma: _In[_T],
    beta: _In[_T],
    rmax: float,
    dmax: float,
    eps: float = 2e-05,
    running_mean: _In[_T] | None = None,
    running_var: _In[_T] | None = None,
    decay: float = 0.9,
    update_statistics: bool = False,
) -> _T: ...
def bernoulli_nll(x: _In[_T], y: _In[_T], reduce: Reduction = "sum") -> _T: ...
def bilinear(
    e1: _In[_T], e2: _In[_T], W: _In[_T], V1: _In[_T] | None = None, V2: _In[_T] | None = None, b: _In[_T] | None = None
) -> _T: ...
def binary_accuracy(y: _In[_T], t: _In[_T]) -> _T: ...
def black_out(x: _In[_T], t: _In[_T], W: _In[_T], samples: _In[_T], reduce: Literal["mean", "no"] = "mean") -> _T: ...
def celu(x: _In[_T], alpha: float = 1.0) -> _T: ...
def classification_summary(
    y: _In[_T], t: _In[_T], label_num: int | None = None, beta: float = 1.0, ignore_label: int = -1
) -> tuple[_T, _T, _T, _T]: ...
def clip(x: _In[_T], x_min: _In[_T] | float | None, x_max: _In[_T] | float | None) -> _T: ...
def clipped_relu(x: _In[_T], z: float = 20.0) -> _T: ...
@overload
def concat(xs: Sequence[_Array], axis: int = 1) -> np.ndarray[Any, Any]: ...
@overload
def concat(xs: Sequence[Any], axis: int = 1) -> Variable: ...
@overload
def connectionist_temporal_classification(
    x: Sequence[_Array] | _Array,
    t: _Array,
    blank_symbol: int,
    input_length: _Array | None = None,
    label_length: _Array | None = None,
    reduce: Literal["mean", "no"] = "mean",
) -> np.ndarray[Any, Any]: ...
@overload
def connectionist_temporal_classification(
    x: Sequence[Any] | Any,
    t: Any,
    blank_symbol: int,
    input_length: Any | None = None,
    label_length: Any | None = None,
    reduce: Literal["mean", "no"] = "mean",
) -> Variable: ...
def contrastive(
    x0: _In[_T], x1: _In[_T], y: _In[_T], margin: float = 1, reduce: Literal["mean", "no"] = "mean"
) -> _T: ...
def convolution_1d(
    x: _In[_T],
    W: _In[_T],
    b: _In[_T] | None = None,
    stride: Size = 1,
    pad: Size = 0,
    cover_all: bool = False,
    dilate: Size = 1,
    groups: int = 1,
) -> _T: ...
def convolution_2d(
    x: _In[_T],
    W: _In[_T],
    b: _In[_T] | None = None,
    stride: Size = 1,
    pad: Size = 0,
    cover_all: bool = False,
    *,
    dilate: Size = 1,
    groups: int = 1,
) -> _T: ...
def convolution_3d(
    x: _In[_T],
    W: _In[_T],
    b: _In[_T] | None = None,
    stride: Size = 1,
    pad: Size = 0,
    cover_all: bool = False,
    dilate: Size = 1,
    groups: int = 1,
) -> _T: ...
def convolution_nd(
    x: _In[_T],
    W: _In[_T],
    b: _In[_T] | None = None,
    stride: Size = 1,
    pad: Size = 0,
    cover_all: bool = False,
    dilate: Size = 1,
    groups: int = 1,
) -> _T: ...
def crelu(x: _In[_T], axis: int = 1) -> _T: ...
@overload
def crf1d(
    cost: _Array, xs: Sequence[_Array], ys: Sequence[_Array], reduce: Literal["mean", "no"] = "mean"
) -> np.ndarray[Any, Any]: ...
@overload
def crf1d(cost: Any, xs: Sequence[Any], ys: Sequence[Any], reduce: Literal["mean", "no"] = "mean") -> Variable: ...
def cross_covariance(y: _In[_T], z: _In[_T], reduce: Literal["half_squared_sum", "no"] = "half_squared_sum") -> _T: ...
def deconvolution_1d(
    x: _In[_T],
    W: _In[_T],
    b: _In[_T] | None = None,
    stride: Size = 1,
    pad: Size = 0,
    outsize: Size | None = None,
    dilate: Size = 1,
    groups: int = 1,
) -> _T: ...
def deconvolution_2d(
    x: _In[_T],
    W: _In[_T],
    b: _In[_T] | None = None,
    stride: Size = 1,
    pad: Size = 0,
    outsize: Size | None = None,
    *,
    dilate: Size = 1,
    groups: int = 1,
) -> _T: ...
def deconvolution_3d(
    x: _In[_T],
    W: _In[_T],
    b: _In[_T] | None = None,
    stride: Size = 1,
    pad: Size = 0,
    outsize: Size | None = None,
    dilate: Size = 1,
    groups: int = 1,
) -> _T: ...
def deconvolution_nd(
    x: _In[_T],
    W: _In[_T],
    b: _In[_T] | None = None,
    stride: Size = 1,
    pad: Size = 0,
    outsize: Size | None = None,
    dilate: Size = 1,
    groups: int = 1,
) -> _T: ...
def decorrelated_batch_normalization(
    x: _In[_T],
    *,
    groups: int = 16,
    eps: float = 2e-05,
    running_mean: _In[_T] | None = None,
    running_projection: _In[_T] | None = None,
    decay: float = 0.9,
) -> _T: ...
def decov(h: _In[_T], reduce: Literal["half_squared_sum", "no"] = "half_squared_sum") -> _T: ...
def deformable_convolution_2d_sampler(
    x: _In[_T], offset: _In[_T], W: _In[_T], b: _In[_T] | None = None, stride: Size = 1, pad: Size = 0
) -> _T: ...
def depthwise_convolution_2d(
    x: _In[_T], W: _In[_T], b: _In[_T] | None = None, stride: Size = 1, pad: Size = 0
) -> _T: ...
def dilated_convolution_2d(
    x: _In[_T],
    W: _In[_T],
    b: _In[_T] | None = None,
    stride: Size = 1,
    pad: Size = 0,
    dilate: Size = 1,
    cover_all: bool = False,
) -> _T: ...
def discriminative_margin_based_clustering_loss(
    embeddings: _In[_T],
    labels: _In[_T],
    delta_v: float,
    delta_d: float,
    max_embedding_dim: int,
    norm: Literal[1, 2] = 1,
    alpha: float = 1.0,
    beta: float = 1.0,
    gamma: float = 0.001,
) -> _T: ...
def dropout(x: _In[_T], ratio: float = 0.5, *, mask: _In[_T] | None = None, return_mask: bool = False) -> Any: ...
def elu(x: _In[_T], alpha: float = 1.0) -> _T: ...
def embed_id(x: _In[_T], W: _In[_T], ignore_label: int | None = None) -> _T: ...
def f1_score(y: _In[_T], t: _In[_T], label_num: int | None = None, ignore_label: int = -1) -> tuple[_T, _T]: ...
def fft(x: tuple[_In[_T], _In[_T]]) -> tuple[_T, _T]: ...
def fixed_batch_normalization(
    x: _In[_T], gamma: _In[_T], beta: _In[_T], mean: _In[_T], var: _In[_T], eps: float = 2e-05, axis: Axis = None
) -> _T: ...
def fixed_batch_renormalization(
    x: _In[_T], gamma: _In[_T], beta: _In[_T], mean: _In[_T], var: _In[_T], eps: float = 2e-05
) -> _T: ...
def fixed_decorrelated_batch_normalization(x: _In[_T], mean: _In[_T], projection: _In[_T], groups: int = 16) -> _T: ...
def focal_loss(
    x: _In[_T],
    t: _In[_T],
    gamma: float = 2.0,
    class_weight: _In[_T] | None = None,
    normalize: bool = True,
    ignore_label: int = -1,
    reduce: Literal["mean", "no"] = "mean",
) -> _T: ...
def forget(func: Callable[..., Any], *xs: Any) -> Any: ...
def gaussian(mean: _In[_T], ln_var: _In[_T], *, eps: _In[_T] | None = None, return_eps: bool = False) -> Any: ...
def gaussian_kl_divergence(mean: _In[_T], ln_var: _In[_T], reduce: Reduction = "sum") -> _T: ...
def gaussian_nll(x: _In[_T], mean: _In[_T], ln_var: _In[_T], reduce: Reduction = "sum") -> _T: ...
def gelu(x: _In[_T], approximate: bool = False) -> _T: ...
def glu(x: _In[_T], axis: int = 1) -> _T: ...
def group_normalization(x: _In[_T], groups: int, gamma: _In[_T], beta: _In[_T], eps: float = 1e-05) -> _T: ...
def gumbel_softmax(log_pi: _In[_T], tau: float = 0.1, axis: int = 1) -> _T: ...
def hard_sigmoid(x: _In[_T]) -> _T: ...
def hard_swish(x: _In[_T]) -> _T: ...
def hard_tanh(x: _In[_T]) -> _T: ...
def hinge(x: _In[_T], t: _In[_T], norm: Literal["L1", "L2"] = "L1", reduce: Literal["mean", "no"] = "mean") -> _T: ...
def huber_loss(
    x: _In[_T], t: _In[_T], delta: float, reduce: Literal["sum_along_second_axis", "no"] = "sum_along_second_axis"
) -> _T: ...
def label_smoothed_cross_entropy(
    x: _In[_T],
    t: _In[_T],
    smoothing: float = 0.1,
    normalize: bool = True,
    ignore_label: int = -1,
    reduce: Literal["mean", "no"] = "mean",
) -> _T: ...
def layer_normalization(x: _In[_T], gamma: _In[_T], beta: _In[_T], eps: float = 1e-05) -> _T: ...
def leaky_relu(x: _In[_T], slope: float = 0.2) -> _T: ...
def linear(x: _In[_T], W: _In[_T], b: _In[_T] | None = None, n_batch_axes: int = 1) -> _T: ...
def local_convolution_2d(x: _In[_T], W: _In[_T], b: _In[_T] | None = None, stride: Size = 1) -> _T: ...
def local_response_normalization(
    x: _In[_T], n: int = 5, k: float = 2, alpha: float = 0.0001, beta: float = 0.75
) -> _T: ...
def log_sigmoid(x: _In[_T]) -> _T: ...
def log_softmax(x: _In[_T], axis: int = 1) -> _T: ...
def logsumexp(x: _In[_T], axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> _T: ...
def lstm(c_prev: _In[_T], x: _In[_T]) -> tuple[_T, _T]: ...
def max_pooling_1d(
    x: _In[_T],
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    cover_all: bool = True,
    return_indices: bool = False,
) -> Any: ...
def max_pooling_2d(
    x: _In[_T],
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    cover_all: bool = True,
    return_indices: bool = False,
) -> Any: ...
def max_pooling_3d(
    x: _In[_T],
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    cover_all: bool = True,
    return_indices: bool = False,
) -> Any: ...
def max_pooling_nd(
    x: _In[_T],
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    cover_all: bool = True,
    return_indices: bool = False,
) -> Any: ...
def maxout(x: _In[_T], pool_size: int, axis: int = 1) -> _T: ...
def mean_absolute_error(x0: _In[_T], x1: _In[_T]) -> _T: ...
def mean_squared_error(x0: _In[_T], x1: _In[_T]) -> _T: ...
def mish(x: _In[_T]) -> _T: ...
@overload
def n_step_bigru(
    n_layers: int,
    dropout_ratio: float,
    hx: _Array,
    ws: Sequence[Sequence[_Array]],
    bs: Sequence[Sequence[_Array]],
    xs: Sequence[_Array],
) -> tuple[np.ndarray[Any, Any], list[np.ndarray[Any, Any]]]: ...
@overload
def n_step_bigru(
    n_layers: int,
    dropout_ratio: float,
    hx: Any,
    ws: Sequence[Sequence[Any]],
    bs: Sequence[Sequence[Any]],
    xs: Sequence[Any],
) -> tuple[Variable, list[Variable]]: ...
@overload
def n_step_bilstm(
    n_layers: int,
    dropout_ratio: float,
    hx: _Array,
    cx: _Array,
    ws: Sequence[Sequence[_Array]],
    bs: Sequence[Sequence[_Array]],
    xs: Sequence[_Array],
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], list[np.ndarray[Any, Any]]]: ...
@overload
def n_step_bilstm(
    n_layers: int,
    dropout_ratio: float,
    hx: Any,
    cx: Any,
    ws: Sequence[Sequence[Any]],
    bs: Sequence[Sequence[Any]],
    xs: Sequence[Any],
) -> tuple[Variable, Variable, list[Variable]]: ...
@overload
def n_step_birnn(
    n_layers: int,
    dropout_ratio: float,
    hx: _Array,
    ws: Sequence[Sequence[_Array]],
    bs: Sequence[Sequence[_Array]],
    xs: Sequence[_Array],
    activation: Literal["tanh", "relu"] = "tanh",
) -> tuple[np.ndarray[Any, Any], list[np.ndarray[Any, Any]]]: ...
@overload
def n_step_birnn(
    n_layers: int,
    dropout_ratio: float,
    hx: Any,
    ws: Sequence[Sequence[Any]],
    bs: Sequence[Sequence[Any]],
    xs: Sequence[Any],
    activation: Literal["tanh", "relu"] = "tanh",
) -> tuple[Variable, list[Variable]]: ...
@overload
def n_step_gru(
    n_layers: int,
    dropout_ratio: float,
    hx: _Array,
    ws: Sequence[Sequence[_Array]],
    bs: Sequence[Sequence[_Array]],
    xs: Sequence[_Array],
) -> tuple[np.ndarray[Any, Any], list[np.ndarray[Any, Any]]]: ...
@overload
def n_step_gru(
    n_layers: int,
    dropout_ratio: float,
    hx: Any,
    ws: Sequence[Sequence[Any]],
    bs: Sequence[Sequence[Any]],
    xs: Sequence[Any],
) -> tuple[Variable, list[Variable]]: ...
@overload
def n_step_lstm(
    n_layers: int,
    dropout_ratio: float,
    hx: _Array,
    cx: _Array,
    ws: Sequence[Sequence[_Array]],
    bs: Sequence[Sequence[_Array]],
    xs: Sequence[_Array],
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], list[np.ndarray[Any, Any]]]: ...
@overload
def n_step_lstm(
    n_layers: int,
    dropout_ratio: float,
    hx: Any,
    cx: Any,
    ws: Sequence[Sequence[Any]],
    bs: Sequence[Sequence[Any]],
    xs: Sequence[Any],
) -> tuple[Variable, Variable, list[Variable]]: ...
@overload
def n_step_rnn(
    n_layers: int,
    dropout_ratio: float,
    hx: _Array,
    ws: Sequence[Sequence[_Array]],
    bs: Sequence[Sequence[_Array]],
    xs: Sequence[_Array],
    activation: Literal["tanh", "relu"] = "tanh",
) -> tuple[np.ndarray[Any, Any], list[np.ndarray[Any, Any]]]: ...
@overload
def n_step_rnn(
    n_layers: int,
    dropout_ratio: float,
    hx: Any,
    ws: Sequence[Sequence[Any]],
    bs: Sequence[Sequence[Any]],
    xs: Sequence[Any],
    activation: Literal["tanh", "relu"] = "tanh",
) -> tuple[Variable, list[Variable]]: ...
def negative_sampling(
    x: _In[_T],
    t: _In[_T],
    W: _In[_T],
    sampler: Callable[[tuple[int, ...]], _In[_T]],
    sample_size: int,
    reduce: Literal["sum", "no"] = "sum",
    *,
    samples: _In[_T] | None = None,
    return_samples: bool = False,
) -> Any: ...
def normalize(x: _In[_T], eps: float = 1e-05, axis: int | tuple[int, ...] = 1) -> _T: ...
def positional_encoding(x: _In[_T], base: float = 10000.0, start: int = 0) -> _T: ...
def precision(y: _In[_T], t: _In[_T], label_num: int | None = None, ignore_label: int = -1) -> tuple[_T, _T]: ...
def prelu(x: _In[_T], W: _In[_T]) -> _T: ...
def r2_score(
    pred: _In[_T],
    true: _In[_T],
    sample_weight: _In[_T] | None = None,
    multioutput: Literal["uniform_average", "raw_values"] = "uniform_average",
) -> _T: ...
def recall(y: _In[_T], t: _In[_T], label_num: int | None = None, ignore_label: int = -1) -> tuple[_T, _T]: ...
def relu(x: _In[_T]) -> _T: ...
def relu6(x: _In[_T]) -> _T: ...
def rms_normalization(x: _In[_T], gamma: _In[_T], eps: float = 1e-06) -> _T: ...
def roi_average_align_2d(
    x: _In[_T],
    rois: _In[_T],
    roi_indices: _In[_T],
    outsize: Size,
    spatial_scale: float,
    sampling_ratio: int | tuple[int | None, int | None] | None = None,
) -> _T: ...
def roi_average_pooling_2d(
    x: _In[_T], rois: _In[_T], roi_indices: _In[_T], outsize: Size, spatial_scale: float
) -> _T: ...
def roi_max_align_2d(
    x: _In[_T],
    rois: _In[_T],
    roi_indices: _In[_T],
    outsize: Size,
    spatial_scale: float,
    sampling_ratio: int | tuple[int | None, int | None] | None = None,
) -> _T: ...
def roi_max_pooling_2d(x: _In[_T], rois: _In[_T], roi_indices: _In[_T], outsize: Size, spatial_scale: float) -> _T: ...
def roi_pooling_2d(x: _In[_T], rois: _In[_T], outh: int, outw: int, spatial_scale: float) -> _T: ...
def rotary_embedding(
    x: _In[_T], positions: _In[_T] | None = None, base: float = 10000.0, interleaved: bool = True
) -> _T: ...
def rrelu(
    x: _In[_T], l: float = 0.125, u: float = 0.3333333333333333, *, r: _In[_T] | None = None, return_r: bool = False
) -> Any: ...
def scaled_dot_product_attention(
    query: _In[_T],
    key: _In[_T],
    value: _In[_T],
    mask: _In[_T] | None = None,
    causal: bool = False,
    dropout: float = 0.0,
    scale: float | None = None,
) -> _T: ...
def selu(x: _In[_T], alpha: float = 1.6732632423543772, scale: float = 1.0507009873554805) -> _T: ...
def shift(x: _In[_T], ksize: Size = 3, dilate: Size = 1) -> _T: ...
def sigmoid(x: _In[_T]) -> _T: ...
def sigmoid_cross_entropy(
    x: _In[_T], t: _In[_T], normalize: bool = True, reduce: Literal["mean", "no"] = "mean"
) -> _T: ...
def sigmoid_focal_loss(
    x: _In[_T],
    t: _In[_T],
    gamma: float = 2.0,
    alpha: float | None = 0.25,
    normalize: bool = True,
    reduce: Literal["mean", "no"] = "mean",
) -> _T: ...
def silu(x: _In[_T]) -> _T: ...
def simplified_dropconnect(
    x: _In[_T],
    W: _In[_T],
    b: _In[_T] | None = None,
    ratio: float = 0.5,
    train: bool = True,
    mask: _In[_T] | None = None,
    use_batchwise_mask: bool = True,
) -> _T: ...
def slstm(c_prev1: _In[_T], c_prev2: _In[_T], x1: _In[_T], x2: _In[_T]) -> tuple[_T, _T]: ...
def softmax(x: _In[_T], axis: int = 1) -> _T: ...
def softmax_cross_entropy(
    x: _In[_T],
    t: _In[_T],
    normalize: bool = True,
    cache_score: bool = True,
    class_weight: _In[_T] | None = None,
    ignore_label: int = -1,
    reduce: Literal["mean", "no"] = "mean",
    enable_double_backprop: bool = True,
    soft_target_loss: Literal["cross-entropy", "kl-divergence"] = "cross-entropy",
) -> _T: ...
def softplus(x: _In[_T], beta: float = 1.0) -> _T: ...
def softsign(x: _In[_T]) -> _T: ...
def spatial_pyramid_pooling_2d(x: _In[_T], pyramid_height: int, pooling: str | None = None) -> _T: ...
def squared_difference(x1: _In[_T], x2: _In[_T]) -> _T: ...
def squared_error(x0: _In[_T], x1: _In[_T]) -> _T: ...
def swish(x: _In[_T], beta: _In[_T]) -> _T: ...
def tensordot(a: _In[_T], b: _In[_T], axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> _T: ...
def tree_lstm(*inputs: _In[_T]) -> tuple[_T, _T]: ...
def triplet(
    anchor: _In[_T], positive: _In[_T], negative: _In[_T], margin: float = 0.2, reduce: Literal["mean", "no"] = "mean"
) -> _T: ...
def unpooling_1d(
    x: _In[_T],
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    outsize: Size | None = None,
    cover_all: bool = True,
) -> _T: ...
def unpooling_2d(
    x: _In[_T],
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    outsize: Size | None = None,
    cover_all: bool = True,
) -> _T: ...
def unpooling_3d(
    x: _In[_T],
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    outsize: Size | None = None,
    cover_all: bool = True,
) -> _T: ...
def unpooling_nd(
    x: _In[_T],
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    outsize: Size | None = None,
    cover_all: bool = True,
) -> _T: ...
def upsampling_2d(
    x: _In[_T],
    indexes: _In[_T],
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    outsize: Size | None = None,
    cover_all: bool = True,
) -> _T: ...
def zoneout(
    h: _In[_T], x: _In[_T], ratio: float = 0.5, *, mask: _In[_T] | None = None, return_mask: bool = False
) -> Any: ...

__all__ = [
    "abs",
    "absolute",
    "absolute_error",
    "accuracy",
    "acos",
    "acosh",
    "add",
    "all",
    "any",
    "arccos",
    "arcsin",
    "arctan",
    "arctan2",
    "arctanh",
    "argmax",
    "argmax_crf1d",
    "argmin",
    "as_strided",
    "asin",
    "asinh",
    "astype",
    "atan",
    "atan2",
    "atanh",
    "average",
    "average_pooling_1d",
    "average_pooling_2d",
    "average_pooling_3d",
    "average_pooling_nd",
    "batch_det",
    "batch_inv",
    "batch_l2_norm_squared",
    "batch_matmul",
    "batch_normalization",
    "batch_renormalization",
    "bernoulli_nll",
    "bias",
    "bilinear",
    "binary_accuracy",
    "black_out",
    "broadcast",
    "broadcast_arrays",
    "broadcast_to",
    "cast",
    "ceil",
    "celu",
    "cholesky",
    "classification_summary",
    "clip",
    "clipped_relu",
    "concat",
    "conj",
    "connectionist_temporal_classification",
    "contrastive",
    "convolution_1d",
    "convolution_2d",
    "convolution_3d",
    "convolution_nd",
    "copy",
    "copysign",
    "cos",
    "cosh",
    "crelu",
    "crf1d",
    "cross_covariance",
    "cumprod",
    "cumsum",
    "cumulative_prod",
    "cumulative_sum",
    "deconvolution_1d",
    "deconvolution_2d",
    "deconvolution_3d",
    "deconvolution_nd",
    "decorrelated_batch_normalization",
    "decov",
    "deformable_convolution_2d_sampler",
    "depth2space",
    "depthwise_convolution_2d",
    "det",
    "diagonal",
    "diff",
    "digamma",
    "dilated_convolution_2d",
    "discriminative_margin_based_clustering_loss",
    "divide",
    "dropout",
    "dstack",
    "einsum",
    "elu",
    "embed_id",
    "equal",
    "erf",
    "erfc",
    "erfcinv",
    "erfcx",
    "erfinv",
    "exp",
    "expand_dims",
    "expm1",
    "f1_score",
    "fft",
    "fix",
    "fixed_batch_normalization",
    "fixed_batch_renormalization",
    "fixed_decorrelated_batch_normalization",
    "flatten",
    "flip",
    "fliplr",
    "flipud",
    "floor",
    "floor_divide",
    "fmod",
    "focal_loss",
    "forget",
    "full_like",
    "gather",
    "gaussian",
    "gaussian_kl_divergence",
    "gaussian_nll",
    "gelu",
    "get_item",
    "getitem",
    "glu",
    "greater",
    "greater_equal",
    "group_normalization",
    "gumbel_softmax",
    "hard_sigmoid",
    "hard_swish",
    "hard_tanh",
    "hinge",
    "hstack",
    "huber_loss",
    "hypot",
    "identity",
    "ifft",
    "im2col",
    "imag",
    "inv",
    "isfinite",
    "isnan",
    "label_smoothed_cross_entropy",
    "layer_normalization",
    "leaky_relu",
    "less",
    "less_equal",
    "lgamma",
    "linalg",
    "linear",
    "linear_interpolate",
    "local_convolution_2d",
    "local_response_normalization",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_ndtr",
    "log_sigmoid",
    "log_softmax",
    "logaddexp",
    "logsumexp",
    "lstm",
    "matmul",
    "matrix_transpose",
    "max",
    "max_pooling_1d",
    "max_pooling_2d",
    "max_pooling_3d",
    "max_pooling_nd",
    "maximum",
    "maxout",
    "mean",
    "mean_absolute_error",
    "mean_squared_error",
    "meshgrid",
    "min",
    "minimum",
    "mish",
    "moveaxis",
    "multiply",
    "n_step_bigru",
    "n_step_bilstm",
    "n_step_birnn",
    "n_step_gru",
    "n_step_lstm",
    "n_step_rnn",
    "ndtr",
    "ndtri",
    "negative",
    "negative_sampling",
    "normalize",
    "not_equal",
    "ones_like",
    "pad",
    "pad_sequence",
    "permutate",
    "permute_dims",
    "polygamma",
    "positional_encoding",
    "positive",
    "pow",
    "precision",
    "prelu",
    "prod",
    "r2_score",
    "real",
    "recall",
    "reciprocal",
    "relu",
    "relu6",
    "remainder",
    "repeat",
    "reshape",
    "resize_images",
    "rms_normalization",
    "roi_average_align_2d",
    "roi_average_pooling_2d",
    "roi_max_align_2d",
    "roi_max_pooling_2d",
    "roi_pooling_2d",
    "roll",
    "rollaxis",
    "rotary_embedding",
    "round",
    "rrelu",
    "rsqrt",
    "scale",
    "scaled_dot_product_attention",
    "scatter",
    "scatter_add",
    "select_item",
    "selu",
    "separate",
    "shift",
    "sigmoid",
    "sigmoid_cross_entropy",
    "sigmoid_focal_loss",
    "sign",
    "silu",
    "simplified_dropconnect",
    "sin",
    "sinh",
    "slstm",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "softsign",
    "sort",
    "space2depth",
    "sparse_matmul",
    "spatial_pyramid_pooling_2d",
    "spatial_transformer_grid",
    "spatial_transformer_sampler",
    "special",
    "split_axis",
    "sqrt",
    "square",
    "squared_difference",
    "squared_error",
    "squeeze",
    "stack",
    "std",
    "subtract",
    "sum",
    "sum_to",
    "swapaxes",
    "swish",
    "take",
    "take_along_axis",
    "tan",
    "tanh",
    "tensordot",
    "tile",
    "to_device",
    "transpose",
    "transpose_sequence",
    "tree_lstm",
    "tril",
    "triplet",
    "triu",
    "trunc",
    "unpooling_1d",
    "unpooling_2d",
    "unpooling_3d",
    "unpooling_nd",
    "unstack",
    "upsampling_2d",
    "var",
    "vecdot",
    "vstack",
    "where",
    "zeros_like",
    "zeta",
    "zoneout",
]
