"""Small helpers that programs for Chainer use."""
