"""Links: functions together with their parameters, usually imported as L."""

from __future__ import (
    annotations,
)

from catena.nn.links.activation import (
    Maxout,
    PReLU,
    Swish,
)
from catena.nn.links.attention import (
    MultiHeadAttention,
    TransformerEncoderLayer,
)
from catena.nn.links.batch_normalization import (
    BatchNormalization,
    BatchRenormalization,
    DecorrelatedBatchNormalization,
)
from catena.nn.links.classifier import (
    Classifier,
)
from catena.nn.links.connection import (
    Bilinear,
    Highway,
    Linear,
)
from catena.nn.links.convolution import (
    Convolution1D,
    Convolution2D,
    Convolution3D,
    ConvolutionND,
    DepthwiseConvolution2D,
    DilatedConvolution2D,
)
from catena.nn.links.deconvolution import (
    Deconvolution1D,
    Deconvolution2D,
    Deconvolution3D,
    DeconvolutionND,
)
from catena.nn.links.embedding import (
    EmbedID,
)
from catena.nn.links.gated import (
    GRU,
    StatefulGRU,
    StatefulMGU,
    StatelessGRU,
    StatelessMGU,
)
from catena.nn.links.inception import (
    Inception,
    InceptionBN,
    MLPConvolution2D,
)
from catena.nn.links.local import (
    DeformableConvolution2D,
    LocalConvolution2D,
)
from catena.nn.links.loss import (
    BinaryHierarchicalSoftmax,
    BlackOut,
    CRF1d,
    NegativeSampling,
)
from catena.nn.links.noise import (
    Dropout,
    SimplifiedDropconnect,
)
from catena.nn.links.normalization import (
    GroupNormalization,
    InstanceNormalization,
    LayerNormalization,
    RMSNorm,
)
from catena.nn.links.recurrent import (
    LSTM,
    StatefulPeepholeLSTM,
    StatefulZoneoutLSTM,
    StatelessLSTM,
)
from catena.nn.links.scaling import (
    Bias,
    Parameter,
    Scale,
)
from catena.nn.links.sequence_recurrent import (
    NStepBiGRU,
    NStepBiLSTM,
    NStepBiRNNReLU,
    NStepBiRNNTanh,
    NStepGRU,
    NStepLSTM,
    NStepRNNReLU,
    NStepRNNTanh,
)
from catena.nn.links.tree_lstm import (
    ChildSumTreeLSTM,
    NaryTreeLSTM,
)
from catena.nn.links.vision import (
    Fire,
    GoogLeNet,
    ResNet50Layers,
    ResNet101Layers,
    ResNet152Layers,
    SqueezeNet,
    VGG16Layers,
    VGG19Layers,
)

__all__ = [
    "GRU",
    "LSTM",
    "BatchNormalization",
    "BatchRenormalization",
    "Bias",
    "Bilinear",
    "BinaryHierarchicalSoftmax",
    "BlackOut",
    "CRF1d",
    "ChildSumTreeLSTM",
    "Classifier",
    "Convolution1D",
    "Convolution2D",
    "Convolution3D",
    "ConvolutionND",
    "Deconvolution1D",
    "Deconvolution2D",
    "Deconvolution3D",
    "DeconvolutionND",
    "DecorrelatedBatchNormalization",
    "DeformableConvolution2D",
    "DepthwiseConvolution2D",
    "DilatedConvolution2D",
    "Dropout",
    "EmbedID",
    "Fire",
    "GoogLeNet",
    "GroupNormalization",
    "Highway",
    "Inception",
    "InceptionBN",
    "InstanceNormalization",
    "LayerNormalization",
    "Linear",
    "LocalConvolution2D",
    "MLPConvolution2D",
    "Maxout",
    "MultiHeadAttention",
    "NStepBiGRU",
    "NStepBiLSTM",
    "NStepBiRNNReLU",
    "NStepBiRNNTanh",
    "NStepGRU",
    "NStepLSTM",
    "NStepRNNReLU",
    "NStepRNNTanh",
    "NaryTreeLSTM",
    "NegativeSampling",
    "PReLU",
    "Parameter",
    "RMSNorm",
    "ResNet50Layers",
    "ResNet101Layers",
    "ResNet152Layers",
    "Scale",
    "SimplifiedDropconnect",
    "SqueezeNet",
    "StatefulGRU",
    "StatefulMGU",
    "StatefulPeepholeLSTM",
    "StatefulZoneoutLSTM",
    "StatelessGRU",
    "StatelessLSTM",
    "StatelessMGU",
    "Swish",
    "TransformerEncoderLayer",
    "VGG16Layers",
    "VGG19Layers",
]
