"""Tensors and models of PyTorch, TensorFlow and Keras, by what they would compute with."""

from __future__ import annotations

import re
import sys
from typing import Any

from jupyter_repro.capture.identity import attributes_of, is_a
from jupyter_repro.capture.values import objects
from jupyter_repro.capture.values.node import Handler, Node, fields, opaque, tag_of

_TORCH_STATE = frozenset({"_parameters", "_buffers", "_modules"})
_PLAIN = (bool, int, float, complex, str, bytes, type(None), tuple, list, dict)
_OF_KERAS = frozenset(  # attributes that Keras itself gives to models and layers
    "activity_regularizer autocast build built call_signature_parameters compiled input_spec loss name predict_function"
    " stateless steps_per_execution stop_training supports_jit supports_masking test_function train_function"
    " unrolled_steps_per_execution".split()
)
_NUMBER = re.compile(r"_\d+$")


def _tensor(value: Any) -> Node:
    if value.is_meta:
        return Node("torch.Tensor", f"{value.dtype} {tuple(value.shape)} meta")
    head = f"{value.dtype} {tuple(value.shape)} grad={value.requires_grad} {value.device.type}"
    text = f"{value.dtype} {tuple(value.shape)}"
    plain = value.detach()
    if value.layout is not sys.modules["torch"].strided:
        plain = plain.to_dense()
        head += f" {value.layout}"
    return fields("torch.Tensor", head=head, text=text, data=_numpy(plain.cpu().resolve_conj().resolve_neg()))


def _numpy(plain: Any) -> Any:
    """As an array; types that NumPy lacks (bfloat16) as 32-bit floats."""
    try:
        return plain.numpy()
    except TypeError:
        return plain.float().numpy()


def _module(value: Any) -> Node:
    """Parameters, buffers, sub-modules and plain attributes, without hooks and caches."""
    names, children = objects.attributes(value)
    kept = {
        name: part
        for name, part in zip(names, children, strict=True)
        if not name.startswith("_") or name in _TORCH_STATE
    }
    return Node(tag_of(type(value)), kind="fields", names=tuple(kept), children=tuple(kept.values()))


def _optimizer(value: Any) -> Node:
    return fields(tag_of(type(value)), state=value.state_dict())


def _torch_generator(value: Any) -> Node:
    return fields("torch.Generator", state=value.get_state())


def _constant(value: Any) -> Node:
    """Types, devices and layouts: there is one of each."""
    return Node(tag_of(type(value)), str(value), text=str(value))


def _eager(value: Any) -> Node:
    """A TensorFlow tensor or variable; a symbolic one raises and is described."""
    array = value.numpy()
    return fields(tag_of(type(value)), text=f"{value.dtype.name} {tuple(value.shape)}", data=array)


def _ragged(value: Any) -> Node:
    return fields("tensorflow.RaggedTensor", values=value.values, splits=value.row_splits)


def _sparse(value: Any) -> Node:
    return fields("tensorflow.SparseTensor", at=value.indices, values=value.values, shape=value.dense_shape)


def _shape(value: Any) -> Node:
    return Node("tensorflow.TensorShape", str(value), text=str(value))


def _variable(value: Any) -> Node:
    array = value.numpy()
    return fields("keras.Variable", text=f"{value.dtype} {tuple(value.shape)}", data=array)


def _layer(value: Any) -> Node:
    """A model or layer: its weights in order, and its configuration.

    Where a class of the user's is in it, `get_config` would run the user's code: then that of Keras' own layers, and of
    the user's what they hold.
    """
    weights = [weight.numpy() for weight in value.weights]
    layers = list(value._flatten_layers())
    text = f"{value.name}: {len(layers) - 1} layers, {sum(weight.size for weight in weights):,} weights"
    own = all(map(_is_library, layers))
    configuration = _unnumbered(_configuration(value) if own else [_settings(layer) for layer in layers])
    kinds = [tag_of(type(layer)) for layer in layers]
    return fields(tag_of(type(value)), text=text, layers=kinds, configuration=configuration, weights=weights)


def _is_library(layer: Any) -> bool:
    return tag_of(type(layer)).startswith("keras.")


def _configuration(value: Any) -> dict[str, Any]:
    return {"class_name": type(value).__name__, "config": value.get_config()}


def _settings(layer: Any) -> Any:
    """Of one layer alone, without those in it."""
    if not _is_library(layer):
        return {name: part for name, part in (attributes_of(layer) or {}).items() if _is_setting(name, part)}
    return _configuration(layer) if len(list(layer._flatten_layers())) == 1 else None


def _is_setting(name: str, part: Any) -> bool:
    """Plain values that the user's class holds; Keras wraps lists and dicts into its own kinds of them."""
    return not name.startswith("_") and name not in _OF_KERAS and is_a(part, _PLAIN)


def _unnumbered(configuration: Any) -> Any:
    """A configuration with automatic names numbered from the first one in it.

    Keras numbers layers through the whole session, so `dense_7` becomes `dense_2` once other cells are left out.
    """
    names: dict[str, str] = {}
    _collect(configuration, names)
    return _renamed(configuration, names)


def _collect(part: Any, names: dict[str, str]) -> None:
    """The names in it that follow from their class."""
    if isinstance(part, dict):
        inner = part.get("config")
        name = inner.get("name") if isinstance(inner, dict) else None
        if isinstance(name, str) and _NUMBER.sub("", name).replace("_", "") == str(part.get("class_name")).lower():
            names.setdefault(name, f"{_NUMBER.sub('', name)}#{len(names)}")
        part = list(part.values())
    if isinstance(part, (list, tuple)):
        for inner in part:
            _collect(inner, names)


def _renamed(part: Any, names: dict[str, str]) -> Any:
    if isinstance(part, dict):
        return {key: _renamed(inner, names) for key, inner in part.items()}
    if isinstance(part, (list, tuple)):
        return [_renamed(inner, names) for inner in part]
    return names.get(part, part) if isinstance(part, str) else part


def _configured(value: Any) -> Node:
    """An optimizer or metric: its configuration and its variables."""
    variables = [variable.numpy() for variable in value.variables]
    configuration = _unnumbered(_configuration(value)) if _is_library(value) else None
    return fields(tag_of(type(value)), configuration=configuration, variables=variables)


def _seed_generator(value: Any) -> Node:
    return fields("keras.SeedGenerator", state=value.state.numpy())


def _symbolic(value: Any) -> Node:
    return Node("keras.KerasTensor", f"{value.dtype} {value.shape}", text=f"{value.dtype} {value.shape}")


def _history(value: Any) -> Node:
    """What `fit` gives back: the curves, without the model and its timers."""
    return fields("keras.History", text=", ".join(value.history), epoch=value.epoch, history=value.history)


HANDLERS: dict[str, Handler] = {
    "torch.Tensor": _tensor,
    "torch.Module": _module,
    "torch.Optimizer": _optimizer,
    "torch.Generator": _torch_generator,
    "torch.dtype": _constant,
    "torch.device": _constant,
    "torch.layout": _constant,
    "tensorflow.Tensor": _eager,
    "tensorflow.Variable": _eager,
    "tensorflow.RaggedTensor": _ragged,
    "tensorflow.SparseTensor": _sparse,
    "tensorflow.TensorShape": _shape,
    "tensorflow.DType": _constant,
    "tensorflow.DatasetV2": opaque,
    "keras.Variable": _variable,
    "keras.Layer": _layer,
    "keras.Optimizer": _configured,
    "keras.Metric": _configured,
    "keras.SeedGenerator": _seed_generator,
    "keras.KerasTensor": _symbolic,
    "keras.History": _history,
}
