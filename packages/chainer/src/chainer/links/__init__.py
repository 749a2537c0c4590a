"""catena's links, usually imported as L."""

from __future__ import annotations

from catena.nn.links import *  # noqa: F403
from chainer.links import model as model
from chainer.links.model.vision.googlenet import GoogLeNet as GoogLeNet
from chainer.links.model.vision.resnet import ResNet50Layers as ResNet50Layers
from chainer.links.model.vision.resnet import ResNet101Layers as ResNet101Layers
from chainer.links.model.vision.resnet import ResNet152Layers as ResNet152Layers
from chainer.links.model.vision.vgg import VGG16Layers as VGG16Layers
from chainer.links.model.vision.vgg import VGG19Layers as VGG19Layers
