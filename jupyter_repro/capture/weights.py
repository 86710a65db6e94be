"""Digests of a model's weights, in any process the same for the same weights, within a bounded time.

Up to 64 MB are hashed whole, which takes about 50 ms. Of more, evenly spaced blocks of that much are: a step of
training changes every dense layer, so two states of one training hardly agree in all of them; but that they agree is no
proof that the rest does, so the digest is marked as `sampled`.
"""

from __future__ import annotations

import hashlib
import math
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_MOST = 64 << 20  # bytes that are hashed
_BLOCK = 1 << 16
_BITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Weights:
    digest: str
    size: int  # bytes
    sampled: bool


@dataclass(frozen=True, slots=True)
class _Array:
    dtype: str  # its plain name: float32
    shape: tuple[int, ...]
    read: Callable[[], Any]  # a NumPy array that may share the weights' memory

    @property
    def size(self) -> int:
        bits = _BITS.search(self.dtype)
        return math.prod(self.shape) * (max(1, int(bits[0]) // 8) if bits else 1)


def keras_weights(model: Any) -> Weights | None:
    """Of a Keras model, in the order in which `get_weights` has them; None where it isn't built or can't be read."""
    return _weights(lambda: [_keras_array(weight) for weight in model.weights])


def torch_weights(module: Any) -> Weights | None:
    """Parameters and persistent buffers, in their order; None where there are none or they can't be read."""
    return _weights(lambda: [_torch_array(tensor) for tensor in _tensors(module)])


def _weights(find: Callable[[], list[_Array]]) -> Weights | None:
    try:
        arrays = find()
        return _digest(arrays) if arrays else None
    except Exception:  # noqa: BLE001 - any library's code is behind it, and lazy weights raise
        return None


def _digest(arrays: list[_Array]) -> Weights:
    size = sum(array.size for array in arrays)
    share = min(1.0, _MOST / size) if size else 1.0
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(f"{array.dtype} {array.shape}\0".encode())
        data = sys.modules["numpy"].ascontiguousarray(array.read()).reshape(-1).view("uint8")
        for block in _blocks(data, share):
            sha.update(block)
    return Weights(sha.hexdigest(), size, share < 1)


def _blocks(data: Any, share: float) -> Iterator[Any]:
    """Of flat bytes that share, in blocks from the first to the last."""
    count = max(2, int(len(data) * share) // _BLOCK)
    if share == 1 or len(data) <= count * _BLOCK:
        yield data
        return
    for index in range(count):
        start = index * (len(data) - _BLOCK) // (count - 1)
        yield data[start : start + _BLOCK]


def _keras_array(variable: Any) -> _Array:
    return _Array(_plain(variable.dtype), tuple(variable.shape), lambda: _keras_value(variable))


def _keras_value(variable: Any) -> Any:
    """TensorFlow's own memory where it hands it out: a copy of large weights would take longer than their digest."""
    read: Any = getattr(getattr(variable, "_value", variable), "read_value", None)
    try:
        return sys.modules["numpy"].asarray(memoryview(read()))
    except Exception:  # noqa: BLE001 - another backend, another device, or a type that memory views lack
        return variable.numpy()


def _tensors(module: Any) -> Iterator[Any]:
    base = sys.modules["torch"].nn.Module
    for part in base.modules(module):
        yield from (each for each in part._parameters.values() if each is not None)
        kept = part._buffers.keys() - part._non_persistent_buffers_set
        yield from (each for name, each in part._buffers.items() if name in kept and each is not None)


def _torch_array(tensor: Any) -> _Array:
    return _Array(_plain(tensor.dtype), tuple(tensor.shape), lambda: _torch_value(tensor))


def _torch_value(tensor: Any) -> Any:
    plain = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous().reshape(-1)
    return plain.view(sys.modules["torch"].uint8).numpy()  # NumPy lacks some of torch's types


def _plain(dtype: Any) -> str:
    return str(getattr(dtype, "name", dtype)).rpartition(".")[2]
