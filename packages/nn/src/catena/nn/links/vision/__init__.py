"""Networks for pictures, with the names of Chainer's parameters, so that its `.npz` files load. Nothing is downloaded."""

from __future__ import annotations

from catena.nn.links.vision.googlenet import GoogLeNet
from catena.nn.links.vision.resnet import ResNet50Layers, ResNet101Layers, ResNet152Layers
from catena.nn.links.vision.squeezenet import Fire, SqueezeNet
from catena.nn.links.vision.vgg import VGG16Layers, VGG19Layers

__all__ = [
    "Fire",
    "GoogLeNet",
    "ResNet50Layers",
    "ResNet101Layers",
    "ResNet152Layers",
    "SqueezeNet",
    "VGG16Layers",
    "VGG19Layers",
]
