# Made by tests/types/stubs.py; do not edit.
# mypy: disable-error-code=overload-overlap
# pyright: reportOverlappingOverload=false
from collections.abc import Callable, Sequence
from typing import Any, Literal, overload

import numpy as np

from catena.autograd import Variable
from catena.autograd.functions import _Array, _In
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

@overload
def absolute_error(x0: _Array, x1: _Array) -> np.ndarray[Any, Any]: ...
@overload
def absolute_error(x0: _In, x1: _In) -> Variable: ...
@overload
def accuracy(y: _Array, t: _Array, ignore_label: int | None = None) -> np.ndarray[Any, Any]: ...
@overload
def accuracy(y: _In, t: _In, ignore_label: int | None = None) -> Variable: ...
@overload
def add(*xs: _Array) -> np.ndarray[Any, Any]: ...
@overload
def add(*xs: _In) -> Variable: ...
@overload
def argmax_crf1d(cost: _Array, xs: Sequence[_Array]) -> tuple[np.ndarray[Any, Any], list[np.ndarray[Any, Any]]]: ...
@overload
def argmax_crf1d(cost: Any, xs: Sequence[Any]) -> tuple[Variable, list[Variable]]: ...
@overload
def average_pooling_1d(
    x: _Array, ksize: Size, stride: Size | None = None, pad: Size = 0, pad_value: float | None = 0
) -> np.ndarray[Any, Any]: ...
@overload
def average_pooling_1d(
    x: Variable, ksize: Size, stride: Size | None = None, pad: Size = 0, pad_value: float | None = 0
) -> Variable: ...
@overload
def average_pooling_2d(x: _Array, ksize: Size, stride: Size | None = None, pad: Size = 0) -> np.ndarray[Any, Any]: ...
@overload
def average_pooling_2d(x: Variable, ksize: Size, stride: Size | None = None, pad: Size = 0) -> Variable: ...
@overload
def average_pooling_3d(
    x: _Array, ksize: Size, stride: Size | None = None, pad: Size = 0, pad_value: float | None = 0
) -> np.ndarray[Any, Any]: ...
@overload
def average_pooling_3d(
    x: Variable, ksize: Size, stride: Size | None = None, pad: Size = 0, pad_value: float | None = 0
) -> Variable: ...
@overload
def average_pooling_nd(
    x: _Array, ksize: Size, stride: Size | None = None, pad: Size = 0, pad_value: float | None = 0
) -> np.ndarray[Any, Any]: ...
@overload
def average_pooling_nd(
    x: Variable, ksize: Size, stride: Size | None = None, pad: Size = 0, pad_value: float | None = 0
) -> Variable: ...
@overload
def batch_normalization(
    x: _Array,
    gamma: _Array,
    beta: _Array,
    *,
    eps: float = 2e-05,
    running_mean: _Array | None = None,
    running_var: _Array | None = None,
    decay: float = 0.9,
    axis: Axis = None,
) -> np.ndarray[Any, Any]: ...
@overload
def batch_normalization(
    x: _In,
    gamma: _In,
    beta: _In,
    *,
    eps: float = 2e-05,
    running_mean: _In | None = None,
    running_var: _In | None = None,
    decay: float = 0.9,
    axis: Axis = None,
) -> Variable: ...
@overload
def batch_renormalization(
    x: _Array,
    gamma: _Array,
    beta: _Array,
    rmax: float,
    dmax: float,
    eps: float = 2e-05,
    running_mean: _Array | None = None,
    running_var: _Array | None = None,
    decay: float = 0.9,
    update_statistics: bool = False,
) -> np.ndarray[Any, Any]: ...
@overload
def batch_renormalization(
    x: _In,
    gamma: _In,
    beta: _In,
    rmax: float,
    dmax: float,
    eps: float = 2e-05,
    running_mean: _In | None = None,
    running_var: _In | None = None,
    decay: float = 0.9,
    update_statistics: bool = False,
) -> Variable: ...
@overload
def bernoulli_nll(x: _Array, y: _Array, reduce: Reduction = "sum") -> np.ndarray[Any, Any]: ...
@overload
def bernoulli_nll(x: _In, y: _In, reduce: Reduction = "sum") -> Variable: ...
@overload
def bilinear(
    e1: _Array, e2: _Array, W: _Array, V1: _Array | None = None, V2: _Array | None = None, b: _Array | None = None
) -> np.ndarray[Any, Any]: ...
@overload
def bilinear(
    e1: _In, e2: _In, W: _In, V1: _In | None = None, V2: _In | None = None, b: _In | None = None
) -> Variable: ...
@overload
def binary_accuracy(y: _Array, t: _Array) -> np.ndarray[Any, Any]: ...
@overload
def binary_accuracy(y: _In, t: _In) -> Variable: ...
@overload
def black_out(
    x: _Array, t: _Array, W: _Array, samples: _Array, reduce: Literal["mean", "no"] = "mean"
) -> np.ndarray[Any, Any]: ...
@overload
def black_out(x: _In, t: _In, W: _In, samples: _In, reduce: Literal["mean", "no"] = "mean") -> Variable: ...
@overload
def celu(x: _Array, alpha: float = 1.0) -> np.ndarray[Any, Any]: ...
@overload
def celu(x: Variable, alpha: float = 1.0) -> Variable: ...
@overload
def classification_summary(
    y: _Array, t: _Array, label_num: int | None = None, beta: float = 1.0, ignore_label: int = -1
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]: ...
@overload
def classification_summary(
    y: _In, t: _In, label_num: int | None = None, beta: float = 1.0, ignore_label: int = -1
) -> tuple[Variable, Variable, Variable, Variable]: ...
@overload
def clip(x: _Array, x_min: _Array | float | None, x_max: _Array | float | None) -> np.ndarray[Any, Any]: ...
@overload
def clip(x: _In, x_min: _In | float | None, x_max: _In | float | None) -> Variable: ...
@overload
def clipped_relu(x: _Array, z: float = 20.0) -> np.ndarray[Any, Any]: ...
@overload
def clipped_relu(x: Variable, z: float = 20.0) -> Variable: ...
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
@overload
def contrastive(
    x0: _Array, x1: _Array, y: _Array, margin: float = 1, reduce: Literal["mean", "no"] = "mean"
) -> np.ndarray[Any, Any]: ...
@overload
def contrastive(x0: _In, x1: _In, y: _In, margin: float = 1, reduce: Literal["mean", "no"] = "mean") -> Variable: ...
@overload
def convolution_1d(
    x: _Array,
    W: _Array,
    b: _Array | None = None,
    stride: Size = 1,
    pad: Size = 0,
    cover_all: bool = False,
    dilate: Size = 1,
    groups: int = 1,
) -> np.ndarray[Any, Any]: ...
@overload
def convolution_1d(
    x: _In,
    W: _In,
    b: _In | None = None,
    stride: Size = 1,
    pad: Size = 0,
    cover_all: bool = False,
    dilate: Size = 1,
    groups: int = 1,
) -> Variable: ...
@overload
def convolution_2d(
    x: _Array,
    W: _Array,
    b: _Array | None = None,
    stride: Size = 1,
    pad: Size = 0,
    cover_all: bool = False,
    *,
    dilate: Size = 1,
    groups: int = 1,
) -> np.ndarray[Any, Any]: ...
@overload
def convolution_2d(
    x: _In,
    W: _In,
    b: _In | None = None,
    stride: Size = 1,
    pad: Size = 0,
    cover_all: bool = False,
    *,
    dilate: Size = 1,
    groups: int = 1,
) -> Variable: ...
@overload
def convolution_3d(
    x: _Array,
    W: _Array,
    b: _Array | None = None,
    stride: Size = 1,
    pad: Size = 0,
    cover_all: bool = False,
    dilate: Size = 1,
    groups: int = 1,
) -> np.ndarray[Any, Any]: ...
@overload
def convolution_3d(
    x: _In,
    W: _In,
    b: _In | None = None,
    stride: Size = 1,
    pad: Size = 0,
    cover_all: bool = False,
    dilate: Size = 1,
    groups: int = 1,
) -> Variable: ...
@overload
def convolution_nd(
    x: _Array,
    W: _Array,
    b: _Array | None = None,
    stride: Size = 1,
    pad: Size = 0,
    cover_all: bool = False,
    dilate: Size = 1,
    groups: int = 1,
) -> np.ndarray[Any, Any]: ...
@overload
def convolution_nd(
    x: _In,
    W: _In,
    b: _In | None = None,
    stride: Size = 1,
    pad: Size = 0,
    cover_all: bool = False,
    dilate: Size = 1,
    groups: int = 1,
) -> Variable: ...
@overload
def crelu(x: _Array, axis: int = 1) -> np.ndarray[Any, Any]: ...
@overload
def crelu(x: Variable, axis: int = 1) -> Variable: ...
@overload
def crf1d(
    cost: _Array, xs: Sequence[_Array], ys: Sequence[_Array], reduce: Literal["mean", "no"] = "mean"
) -> np.ndarray[Any, Any]: ...
@overload
def crf1d(cost: Any, xs: Sequence[Any], ys: Sequence[Any], reduce: Literal["mean", "no"] = "mean") -> Variable: ...
@overload
def cross_covariance(
    y: _Array, z: _Array, reduce: Literal["half_squared_sum", "no"] = "half_squared_sum"
) -> np.ndarray[Any, Any]: ...
@overload
def cross_covariance(y: _In, z: _In, reduce: Literal["half_squared_sum", "no"] = "half_squared_sum") -> Variable: ...
@overload
def deconvolution_1d(
    x: _Array,
    W: _Array,
    b: _Array | None = None,
    stride: Size = 1,
    pad: Size = 0,
    outsize: Size | None = None,
    dilate: Size = 1,
    groups: int = 1,
) -> np.ndarray[Any, Any]: ...
@overload
def deconvolution_1d(
    x: _In,
    W: _In,
    b: _In | None = None,
    stride: Size = 1,
    pad: Size = 0,
    outsize: Size | None = None,
    dilate: Size = 1,
    groups: int = 1,
) -> Variable: ...
@overload
def deconvolution_2d(
    x: _Array,
    W: _Array,
    b: _Array | None = None,
    stride: Size = 1,
    pad: Size = 0,
    outsize: Size | None = None,
    *,
    dilate: Size = 1,
    groups: int = 1,
) -> np.ndarray[Any, Any]: ...
@overload
def deconvolution_2d(
    x: _In,
    W: _In,
    b: _In | None = None,
    stride: Size = 1,
    pad: Size = 0,
    outsize: Size | None = None,
    *,
    dilate: Size = 1,
    groups: int = 1,
) -> Variable: ...
@overload
def deconvolution_3d(
    x: _Array,
    W: _Array,
    b: _Array | None = None,
    stride: Size = 1,
    pad: Size = 0,
    outsize: Size | None = None,
    dilate: Size = 1,
    groups: int = 1,
) -> np.ndarray[Any, Any]: ...
@overload
def deconvolution_3d(
    x: _In,
    W: _In,
    b: _In | None = None,
    stride: Size = 1,
    pad: Size = 0,
    outsize: Size | None = None,
    dilate: Size = 1,
    groups: int = 1,
) -> Variable: ...
@overload
def deconvolution_nd(
    x: _Array,
    W: _Array,
    b: _Array | None = None,
    stride: Size = 1,
    pad: Size = 0,
    outsize: Size | None = None,
    dilate: Size = 1,
    groups: int = 1,
) -> np.ndarray[Any, Any]: ...
@overload
def deconvolution_nd(
    x: _In,
    W: _In,
    b: _In | None = None,
    stride: Size = 1,
    pad: Size = 0,
    outsize: Size | None = None,
    dilate: Size = 1,
    groups: int = 1,
) -> Variable: ...
@overload
def decorrelated_batch_normalization(
    x: _Array,
    *,
    groups: int = 16,
    eps: float = 2e-05,
    running_mean: _Array | None = None,
    running_projection: _Array | None = None,
    decay: float = 0.9,
) -> np.ndarray[Any, Any]: ...
@overload
def decorrelated_batch_normalization(
    x: _In,
    *,
    groups: int = 16,
    eps: float = 2e-05,
    running_mean: _In | None = None,
    running_projection: _In | None = None,
    decay: float = 0.9,
) -> Variable: ...
@overload
def decov(h: _Array, reduce: Literal["half_squared_sum", "no"] = "half_squared_sum") -> np.ndarray[Any, Any]: ...
@overload
def decov(h: Variable, reduce: Literal["half_squared_sum", "no"] = "half_squared_sum") -> Variable: ...
@overload
def deformable_convolution_2d_sampler(
    x: _Array, offset: _Array, W: _Array, b: _Array | None = None, stride: Size = 1, pad: Size = 0
) -> np.ndarray[Any, Any]: ...
@overload
def deformable_convolution_2d_sampler(
    x: _In, offset: _In, W: _In, b: _In | None = None, stride: Size = 1, pad: Size = 0
) -> Variable: ...
@overload
def depthwise_convolution_2d(
    x: _Array, W: _Array, b: _Array | None = None, stride: Size = 1, pad: Size = 0
) -> np.ndarray[Any, Any]: ...
@overload
def depthwise_convolution_2d(x: _In, W: _In, b: _In | None = None, stride: Size = 1, pad: Size = 0) -> Variable: ...
@overload
def dilated_convolution_2d(
    x: _Array,
    W: _Array,
    b: _Array | None = None,
    stride: Size = 1,
    pad: Size = 0,
    dilate: Size = 1,
    cover_all: bool = False,
) -> np.ndarray[Any, Any]: ...
@overload
def dilated_convolution_2d(
    x: _In, W: _In, b: _In | None = None, stride: Size = 1, pad: Size = 0, dilate: Size = 1, cover_all: bool = False
) -> Variable: ...
@overload
def discriminative_margin_based_clustering_loss(
    embeddings: _Array,
    labels: _Array,
    delta_v: float,
    delta_d: float,
    max_embedding_dim: int,
    norm: Literal[1, 2] = 1,
    alpha: float = 1.0,
    beta: float = 1.0,
    gamma: float = 0.001,
) -> np.ndarray[Any, Any]: ...
@overload
def discriminative_margin_based_clustering_loss(
    embeddings: _In,
    labels: _In,
    delta_v: float,
    delta_d: float,
    max_embedding_dim: int,
    norm: Literal[1, 2] = 1,
    alpha: float = 1.0,
    beta: float = 1.0,
    gamma: float = 0.001,
) -> Variable: ...
def dropout(x: _In, ratio: float = 0.5, *, mask: _In | None = None, return_mask: bool = False) -> Any: ...
@overload
def elu(x: _Array, alpha: float = 1.0) -> np.ndarray[Any, Any]: ...
@overload
def elu(x: Variable, alpha: float = 1.0) -> Variable: ...
@overload
def embed_id(x: _Array, W: _Array, ignore_label: int | None = None) -> np.ndarray[Any, Any]: ...
@overload
def embed_id(x: _In, W: _In, ignore_label: int | None = None) -> Variable: ...
@overload
def f1_score(
    y: _Array, t: _Array, label_num: int | None = None, ignore_label: int = -1
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]: ...
@overload
def f1_score(y: _In, t: _In, label_num: int | None = None, ignore_label: int = -1) -> tuple[Variable, Variable]: ...
@overload
def fft(x: tuple[_Array, _Array]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]: ...
@overload
def fft(x: tuple[_In, _In]) -> tuple[Variable, Variable]: ...
@overload
def fixed_batch_normalization(
    x: _Array, gamma: _Array, beta: _Array, mean: _Array, var: _Array, eps: float = 2e-05, axis: Axis = None
) -> np.ndarray[Any, Any]: ...
@overload
def fixed_batch_normalization(
    x: _In, gamma: _In, beta: _In, mean: _In, var: _In, eps: float = 2e-05, axis: Axis = None
) -> Variable: ...
@overload
def fixed_batch_renormalization(
    x: _Array, gamma: _Array, beta: _Array, mean: _Array, var: _Array, eps: float = 2e-05
) -> np.ndarray[Any, Any]: ...
@overload
def fixed_batch_renormalization(x: _In, gamma: _In, beta: _In, mean: _In, var: _In, eps: float = 2e-05) -> Variable: ...
@overload
def fixed_decorrelated_batch_normalization(
    x: _Array, mean: _Array, projection: _Array, groups: int = 16
) -> np.ndarray[Any, Any]: ...
@overload
def fixed_decorrelated_batch_normalization(x: _In, mean: _In, projection: _In, groups: int = 16) -> Variable: ...
@overload
def focal_loss(
    x: _Array,
    t: _Array,
    gamma: float = 2.0,
    class_weight: _Array | None = None,
    normalize: bool = True,
    ignore_label: int = -1,
    reduce: Literal["mean", "no"] = "mean",
) -> np.ndarray[Any, Any]: ...
@overload
def focal_loss(
    x: _In,
    t: _In,
    gamma: float = 2.0,
    class_weight: _In | None = None,
    normalize: bool = True,
    ignore_label: int = -1,
    reduce: Literal["mean", "no"] = "mean",
) -> Variable: ...
def forget(func: Callable[..., Any], *xs: Any) -> Any: ...
def gaussian(mean: _In, ln_var: _In, *, eps: _In | None = None, return_eps: bool = False) -> Any: ...
@overload
def gaussian_kl_divergence(mean: _Array, ln_var: _Array, reduce: Reduction = "sum") -> np.ndarray[Any, Any]: ...
@overload
def gaussian_kl_divergence(mean: _In, ln_var: _In, reduce: Reduction = "sum") -> Variable: ...
@overload
def gaussian_nll(x: _Array, mean: _Array, ln_var: _Array, reduce: Reduction = "sum") -> np.ndarray[Any, Any]: ...
@overload
def gaussian_nll(x: _In, mean: _In, ln_var: _In, reduce: Reduction = "sum") -> Variable: ...
@overload
def gelu(x: _Array, approximate: bool = False) -> np.ndarray[Any, Any]: ...
@overload
def gelu(x: Variable, approximate: bool = False) -> Variable: ...
@overload
def glu(x: _Array, axis: int = 1) -> np.ndarray[Any, Any]: ...
@overload
def glu(x: Variable, axis: int = 1) -> Variable: ...
@overload
def group_normalization(
    x: _Array, groups: int, gamma: _Array, beta: _Array, eps: float = 1e-05
) -> np.ndarray[Any, Any]: ...
@overload
def group_normalization(x: _In, groups: int, gamma: _In, beta: _In, eps: float = 1e-05) -> Variable: ...
@overload
def gumbel_softmax(log_pi: _Array, tau: float = 0.1, axis: int = 1) -> np.ndarray[Any, Any]: ...
@overload
def gumbel_softmax(log_pi: Variable, tau: float = 0.1, axis: int = 1) -> Variable: ...
@overload
def hard_sigmoid(x: _Array) -> np.ndarray[Any, Any]: ...
@overload
def hard_sigmoid(x: Variable) -> Variable: ...
@overload
def hard_swish(x: _Array) -> np.ndarray[Any, Any]: ...
@overload
def hard_swish(x: Variable) -> Variable: ...
@overload
def hard_tanh(x: _Array) -> np.ndarray[Any, Any]: ...
@overload
def hard_tanh(x: Variable) -> Variable: ...
@overload
def hinge(
    x: _Array, t: _Array, norm: Literal["L1", "L2"] = "L1", reduce: Literal["mean", "no"] = "mean"
) -> np.ndarray[Any, Any]: ...
@overload
def hinge(x: _In, t: _In, norm: Literal["L1", "L2"] = "L1", reduce: Literal["mean", "no"] = "mean") -> Variable: ...
@overload
def huber_loss(
    x: _Array, t: _Array, delta: float, reduce: Literal["sum_along_second_axis", "no"] = "sum_along_second_axis"
) -> np.ndarray[Any, Any]: ...
@overload
def huber_loss(
    x: _In, t: _In, delta: float, reduce: Literal["sum_along_second_axis", "no"] = "sum_along_second_axis"
) -> Variable: ...
@overload
def label_smoothed_cross_entropy(
    x: _Array,
    t: _Array,
    smoothing: float = 0.1,
    normalize: bool = True,
    ignore_label: int = -1,
    reduce: Literal["mean", "no"] = "mean",
) -> np.ndarray[Any, Any]: ...
@overload
def label_smoothed_cross_entropy(
    x: _In,
    t: _In,
    smoothing: float = 0.1,
    normalize: bool = True,
    ignore_label: int = -1,
    reduce: Literal["mean", "no"] = "mean",
) -> Variable: ...
@overload
def layer_normalization(x: _Array, gamma: _Array, beta: _Array, eps: float = 1e-05) -> np.ndarray[Any, Any]: ...
@overload
def layer_normalization(x: _In, gamma: _In, beta: _In, eps: float = 1e-05) -> Variable: ...
@overload
def leaky_relu(x: _Array, slope: float = 0.2) -> np.ndarray[Any, Any]: ...
@overload
def leaky_relu(x: Variable, slope: float = 0.2) -> Variable: ...
@overload
def linear(x: _Array, W: _Array, b: _Array | None = None, n_batch_axes: int = 1) -> np.ndarray[Any, Any]: ...
@overload
def linear(x: _In, W: _In, b: _In | None = None, n_batch_axes: int = 1) -> Variable: ...
@overload
def local_convolution_2d(x: _Array, W: _Array, b: _Array | None = None, stride: Size = 1) -> np.ndarray[Any, Any]: ...
@overload
def local_convolution_2d(x: _In, W: _In, b: _In | None = None, stride: Size = 1) -> Variable: ...
@overload
def local_response_normalization(
    x: _Array, n: int = 5, k: float = 2, alpha: float = 0.0001, beta: float = 0.75
) -> np.ndarray[Any, Any]: ...
@overload
def local_response_normalization(
    x: Variable, n: int = 5, k: float = 2, alpha: float = 0.0001, beta: float = 0.75
) -> Variable: ...
@overload
def log_sigmoid(x: _Array) -> np.ndarray[Any, Any]: ...
@overload
def log_sigmoid(x: Variable) -> Variable: ...
@overload
def log_softmax(x: _Array, axis: int = 1) -> np.ndarray[Any, Any]: ...
@overload
def log_softmax(x: Variable, axis: int = 1) -> Variable: ...
@overload
def logsumexp(
    x: _Array, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False
) -> np.ndarray[Any, Any]: ...
@overload
def logsumexp(x: Variable, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Variable: ...
@overload
def lstm(c_prev: _Array, x: _Array) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]: ...
@overload
def lstm(c_prev: _In, x: _In) -> tuple[Variable, Variable]: ...
def max_pooling_1d(
    x: _In, ksize: Size, stride: Size | None = None, pad: Size = 0, cover_all: bool = True, return_indices: bool = False
) -> Any: ...
def max_pooling_2d(
    x: _In, ksize: Size, stride: Size | None = None, pad: Size = 0, cover_all: bool = True, return_indices: bool = False
) -> Any: ...
def max_pooling_3d(
    x: _In, ksize: Size, stride: Size | None = None, pad: Size = 0, cover_all: bool = True, return_indices: bool = False
) -> Any: ...
def max_pooling_nd(
    x: _In, ksize: Size, stride: Size | None = None, pad: Size = 0, cover_all: bool = True, return_indices: bool = False
) -> Any: ...
@overload
def maxout(x: _Array, pool_size: int, axis: int = 1) -> np.ndarray[Any, Any]: ...
@overload
def maxout(x: Variable, pool_size: int, axis: int = 1) -> Variable: ...
@overload
def mean_absolute_error(x0: _Array, x1: _Array) -> np.ndarray[Any, Any]: ...
@overload
def mean_absolute_error(x0: _In, x1: _In) -> Variable: ...
@overload
def mean_squared_error(x0: _Array, x1: _Array) -> np.ndarray[Any, Any]: ...
@overload
def mean_squared_error(x0: _In, x1: _In) -> Variable: ...
@overload
def mish(x: _Array) -> np.ndarray[Any, Any]: ...
@overload
def mish(x: Variable) -> Variable: ...
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
    x: _In,
    t: _In,
    W: _In,
    sampler: Callable[[tuple[int, ...]], _In],
    sample_size: int,
    reduce: Literal["sum", "no"] = "sum",
    *,
    samples: _In | None = None,
    return_samples: bool = False,
) -> Any: ...
@overload
def normalize(x: _Array, eps: float = 1e-05, axis: int | tuple[int, ...] = 1) -> np.ndarray[Any, Any]: ...
@overload
def normalize(x: Variable, eps: float = 1e-05, axis: int | tuple[int, ...] = 1) -> Variable: ...
@overload
def positional_encoding(x: _Array, base: float = 10000.0, start: int = 0) -> np.ndarray[Any, Any]: ...
@overload
def positional_encoding(x: Variable, base: float = 10000.0, start: int = 0) -> Variable: ...
@overload
def precision(
    y: _Array, t: _Array, label_num: int | None = None, ignore_label: int = -1
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]: ...
@overload
def precision(y: _In, t: _In, label_num: int | None = None, ignore_label: int = -1) -> tuple[Variable, Variable]: ...
@overload
def prelu(x: _Array, W: _Array) -> np.ndarray[Any, Any]: ...
@overload
def prelu(x: _In, W: _In) -> Variable: ...
@overload
def r2_score(
    pred: _Array,
    true: _Array,
    sample_weight: _Array | None = None,
    multioutput: Literal["uniform_average", "raw_values"] = "uniform_average",
) -> np.ndarray[Any, Any]: ...
@overload
def r2_score(
    pred: _In,
    true: _In,
    sample_weight: _In | None = None,
    multioutput: Literal["uniform_average", "raw_values"] = "uniform_average",
) -> Variable: ...
@overload
def recall(
    y: _Array, t: _Array, label_num: int | None = None, ignore_label: int = -1
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]: ...
@overload
def recall(y: _In, t: _In, label_num: int | None = None, ignore_label: int = -1) -> tuple[Variable, Variable]: ...
@overload
def relu(x: _Array) -> np.ndarray[Any, Any]: ...
@overload
def relu(x: Variable) -> Variable: ...
@overload
def relu6(x: _Array) -> np.ndarray[Any, Any]: ...
@overload
def relu6(x: Variable) -> Variable: ...
@overload
def rms_normalization(x: _Array, gamma: _Array, eps: float = 1e-06) -> np.ndarray[Any, Any]: ...
@overload
def rms_normalization(x: _In, gamma: _In, eps: float = 1e-06) -> Variable: ...
@overload
def roi_average_align_2d(
    x: _Array,
    rois: _Array,
    roi_indices: _Array,
    outsize: Size,
    spatial_scale: float,
    sampling_ratio: int | tuple[int | None, int | None] | None = None,
) -> np.ndarray[Any, Any]: ...
@overload
def roi_average_align_2d(
    x: _In,
    rois: _In,
    roi_indices: _In,
    outsize: Size,
    spatial_scale: float,
    sampling_ratio: int | tuple[int | None, int | None] | None = None,
) -> Variable: ...
@overload
def roi_average_pooling_2d(
    x: _Array, rois: _Array, roi_indices: _Array, outsize: Size, spatial_scale: float
) -> np.ndarray[Any, Any]: ...
@overload
def roi_average_pooling_2d(x: _In, rois: _In, roi_indices: _In, outsize: Size, spatial_scale: float) -> Variable: ...
@overload
def roi_max_align_2d(
    x: _Array,
    rois: _Array,
    roi_indices: _Array,
    outsize: Size,
    spatial_scale: float,
    sampling_ratio: int | tuple[int | None, int | None] | None = None,
) -> np.ndarray[Any, Any]: ...
@overload
def roi_max_align_2d(
    x: _In,
    rois: _In,
    roi_indices: _In,
    outsize: Size,
    spatial_scale: float,
    sampling_ratio: int | tuple[int | None, int | None] | None = None,
) -> Variable: ...
@overload
def roi_max_pooling_2d(
    x: _Array, rois: _Array, roi_indices: _Array, outsize: Size, spatial_scale: float
) -> np.ndarray[Any, Any]: ...
@overload
def roi_max_pooling_2d(x: _In, rois: _In, roi_indices: _In, outsize: Size, spatial_scale: float) -> Variable: ...
@overload
def roi_pooling_2d(x: _Array, rois: _Array, outh: int, outw: int, spatial_scale: float) -> np.ndarray[Any, Any]: ...
@overload
def roi_pooling_2d(x: _In, rois: _In, outh: int, outw: int, spatial_scale: float) -> Variable: ...
@overload
def rotary_embedding(
    x: _Array, positions: _Array | None = None, base: float = 10000.0, interleaved: bool = True
) -> np.ndarray[Any, Any]: ...
@overload
def rotary_embedding(
    x: _In, positions: _In | None = None, base: float = 10000.0, interleaved: bool = True
) -> Variable: ...
def rrelu(
    x: _In, l: float = 0.125, u: float = 0.3333333333333333, *, r: _In | None = None, return_r: bool = False
) -> Any: ...
@overload
def scaled_dot_product_attention(
    query: _Array,
    key: _Array,
    value: _Array,
    mask: _Array | None = None,
    causal: bool = False,
    dropout: float = 0.0,
    scale: float | None = None,
) -> np.ndarray[Any, Any]: ...
@overload
def scaled_dot_product_attention(
    query: _In,
    key: _In,
    value: _In,
    mask: _In | None = None,
    causal: bool = False,
    dropout: float = 0.0,
    scale: float | None = None,
) -> Variable: ...
@overload
def selu(x: _Array, alpha: float = 1.6732632423543772, scale: float = 1.0507009873554805) -> np.ndarray[Any, Any]: ...
@overload
def selu(x: Variable, alpha: float = 1.6732632423543772, scale: float = 1.0507009873554805) -> Variable: ...
@overload
def shift(x: _Array, ksize: Size = 3, dilate: Size = 1) -> np.ndarray[Any, Any]: ...
@overload
def shift(x: Variable, ksize: Size = 3, dilate: Size = 1) -> Variable: ...
@overload
def sigmoid(x: _Array) -> np.ndarray[Any, Any]: ...
@overload
def sigmoid(x: Variable) -> Variable: ...
@overload
def sigmoid_cross_entropy(
    x: _Array, t: _Array, normalize: bool = True, reduce: Literal["mean", "no"] = "mean"
) -> np.ndarray[Any, Any]: ...
@overload
def sigmoid_cross_entropy(
    x: _In, t: _In, normalize: bool = True, reduce: Literal["mean", "no"] = "mean"
) -> Variable: ...
@overload
def sigmoid_focal_loss(
    x: _Array,
    t: _Array,
    gamma: float = 2.0,
    alpha: float | None = 0.25,
    normalize: bool = True,
    reduce: Literal["mean", "no"] = "mean",
) -> np.ndarray[Any, Any]: ...
@overload
def sigmoid_focal_loss(
    x: _In,
    t: _In,
    gamma: float = 2.0,
    alpha: float | None = 0.25,
    normalize: bool = True,
    reduce: Literal["mean", "no"] = "mean",
) -> Variable: ...
@overload
def silu(x: _Array) -> np.ndarray[Any, Any]: ...
@overload
def silu(x: Variable) -> Variable: ...
@overload
def simplified_dropconnect(
    x: _Array,
    W: _Array,
    b: _Array | None = None,
    ratio: float = 0.5,
    train: bool = True,
    mask: _Array | None = None,
    use_batchwise_mask: bool = True,
) -> np.ndarray[Any, Any]: ...
@overload
def simplified_dropconnect(
    x: _In,
    W: _In,
    b: _In | None = None,
    ratio: float = 0.5,
    train: bool = True,
    mask: _In | None = None,
    use_batchwise_mask: bool = True,
) -> Variable: ...
@overload
def slstm(
    c_prev1: _Array, c_prev2: _Array, x1: _Array, x2: _Array
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]: ...
@overload
def slstm(c_prev1: _In, c_prev2: _In, x1: _In, x2: _In) -> tuple[Variable, Variable]: ...
@overload
def softmax(x: _Array, axis: int = 1) -> np.ndarray[Any, Any]: ...
@overload
def softmax(x: Variable, axis: int = 1) -> Variable: ...
@overload
def softmax_cross_entropy(
    x: _Array,
    t: _Array,
    normalize: bool = True,
    cache_score: bool = True,
    class_weight: _Array | None = None,
    ignore_label: int = -1,
    reduce: Literal["mean", "no"] = "mean",
    enable_double_backprop: bool = True,
    soft_target_loss: Literal["cross-entropy", "kl-divergence"] = "cross-entropy",
) -> np.ndarray[Any, Any]: ...
@overload
def softmax_cross_entropy(
    x: _In,
    t: _In,
    normalize: bool = True,
    cache_score: bool = True,
    class_weight: _In | None = None,
    ignore_label: int = -1,
    reduce: Literal["mean", "no"] = "mean",
    enable_double_backprop: bool = True,
    soft_target_loss: Literal["cross-entropy", "kl-divergence"] = "cross-entropy",
) -> Variable: ...
@overload
def softplus(x: _Array, beta: float = 1.0) -> np.ndarray[Any, Any]: ...
@overload
def softplus(x: Variable, beta: float = 1.0) -> Variable: ...
@overload
def softsign(x: _Array) -> np.ndarray[Any, Any]: ...
@overload
def softsign(x: Variable) -> Variable: ...
@overload
def spatial_pyramid_pooling_2d(x: _Array, pyramid_height: int, pooling: str | None = None) -> np.ndarray[Any, Any]: ...
@overload
def spatial_pyramid_pooling_2d(x: Variable, pyramid_height: int, pooling: str | None = None) -> Variable: ...
@overload
def squared_difference(x1: _Array, x2: _Array) -> np.ndarray[Any, Any]: ...
@overload
def squared_difference(x1: _In, x2: _In) -> Variable: ...
@overload
def squared_error(x0: _Array, x1: _Array) -> np.ndarray[Any, Any]: ...
@overload
def squared_error(x0: _In, x1: _In) -> Variable: ...
@overload
def swish(x: _Array, beta: _Array) -> np.ndarray[Any, Any]: ...
@overload
def swish(x: _In, beta: _In) -> Variable: ...
@overload
def tensordot(a: _Array, b: _Array, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> np.ndarray[Any, Any]: ...
@overload
def tensordot(a: _In, b: _In, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> Variable: ...
@overload
def tree_lstm(*inputs: _Array) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]: ...
@overload
def tree_lstm(*inputs: _In) -> tuple[Variable, Variable]: ...
@overload
def triplet(
    anchor: _Array, positive: _Array, negative: _Array, margin: float = 0.2, reduce: Literal["mean", "no"] = "mean"
) -> np.ndarray[Any, Any]: ...
@overload
def triplet(
    anchor: _In, positive: _In, negative: _In, margin: float = 0.2, reduce: Literal["mean", "no"] = "mean"
) -> Variable: ...
@overload
def unpooling_1d(
    x: _Array,
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    outsize: Size | None = None,
    cover_all: bool = True,
) -> np.ndarray[Any, Any]: ...
@overload
def unpooling_1d(
    x: Variable,
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    outsize: Size | None = None,
    cover_all: bool = True,
) -> Variable: ...
@overload
def unpooling_2d(
    x: _Array,
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    outsize: Size | None = None,
    cover_all: bool = True,
) -> np.ndarray[Any, Any]: ...
@overload
def unpooling_2d(
    x: Variable,
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    outsize: Size | None = None,
    cover_all: bool = True,
) -> Variable: ...
@overload
def unpooling_3d(
    x: _Array,
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    outsize: Size | None = None,
    cover_all: bool = True,
) -> np.ndarray[Any, Any]: ...
@overload
def unpooling_3d(
    x: Variable,
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    outsize: Size | None = None,
    cover_all: bool = True,
) -> Variable: ...
@overload
def unpooling_nd(
    x: _Array,
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    outsize: Size | None = None,
    cover_all: bool = True,
) -> np.ndarray[Any, Any]: ...
@overload
def unpooling_nd(
    x: Variable,
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    outsize: Size | None = None,
    cover_all: bool = True,
) -> Variable: ...
@overload
def upsampling_2d(
    x: _Array,
    indexes: _Array,
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    outsize: Size | None = None,
    cover_all: bool = True,
) -> np.ndarray[Any, Any]: ...
@overload
def upsampling_2d(
    x: _In,
    indexes: _In,
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    outsize: Size | None = None,
    cover_all: bool = True,
) -> Variable: ...
def zoneout(h: _In, x: _In, ratio: float = 0.5, *, mask: _In | None = None, return_mask: bool = False) -> Any: ...

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
