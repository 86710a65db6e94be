"""Describing Keras objects by their variables, so that a model, its layers and an optimizer share them.

Walking their attributes instead would lead through the whole of TensorFlow.
"""

from __future__ import annotations

import sys
from typing import Any

from jupyter_repro.capture.arrays import array_token
from jupyter_repro.capture.node import WHOLE, Node, Opaque
from jupyter_repro.capture.tokens import sequence_token, token


def describe_keras(value: Any, node: Node) -> bool:
    keras = sys.modules.get("keras")
    if keras is None or not hasattr(keras, "Variable"):
        return False
    if isinstance(value, keras.Variable):
        _describe_variable(value, node)
    elif isinstance(value, keras.layers.Layer):  # models are layers
        _describe_layer(value, node)
    elif isinstance(value, keras.optimizers.Optimizer):
        node.put(WHOLE, (token(value.built), sequence_token(value.variables)), *value.variables)
    elif isinstance(value, keras.callbacks.History):
        node.put(WHOLE, token(value.history), value.history)
    elif isinstance(value, keras.callbacks.Callback):
        return False
    else:
        raise Opaque
    return True


def _describe_variable(variable: Any, node: Node) -> None:
    numpy = sys.modules["numpy"]
    if getattr(variable, "_value", None) is None:
        node.put(WHOLE, "uninitialised")
        return
    node.put(WHOLE, (variable.dtype, variable.trainable, array_token(numpy.asarray(variable.numpy()))))


def _describe_layer(layer: Any, node: Node) -> None:
    optimizer = getattr(layer, "optimizer", None)
    children = [*layer.variables, *getattr(layer, "_layers", ()), *([] if optimizer is None else [optimizer])]
    state = (layer.built, layer.trainable, getattr(layer, "compiled", None), getattr(layer, "stop_training", None))
    node.put(WHOLE, (sequence_token(state), sequence_token(children)), *children)
