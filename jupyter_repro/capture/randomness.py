"""The states of the global random generators."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import random
import struct
import sys
from collections.abc import Callable
from typing import Any

State = Any
_WORDS = 600  # 32-bit words: the state of a Mersenne twister has 624 and its position


def _numpy_state() -> State:
    generator = getattr(getattr(sys.modules.get("numpy.random"), "mtrand", None), "_rand", None)
    if generator is None:
        return None
    state = generator.get_state(legacy=False)
    inner = state["state"]
    key = inner["key"].tobytes() if "key" in inner else repr(inner)
    return (state["bit_generator"], key, inner.get("pos"), state.get("has_gauss"), state.get("gauss"))


def _torch_state() -> State:
    torch = sys.modules.get("torch")
    return torch.random.get_rng_state().numpy().tobytes() if hasattr(torch, "random") and torch is not None else None


def _tensorflow_state() -> State:
    module = sys.modules.get("tensorflow.python.eager.context")
    context = module.context_safe() if module is not None and hasattr(module, "context_safe") else None
    if context is None:
        return None
    generator = getattr(context, "_rng", None)
    return (getattr(context, "_seed", None), generator.getstate() if generator is not None else None)


_STATES: dict[str, Callable[[], State]] = {
    "random": random.getstate,
    "numpy": _numpy_state,
    "torch": _torch_state,
    "tensorflow": _tensorflow_state,
}


LIBRARIES = frozenset(_STATES)


def state_of(library: str) -> State:
    """None where the library isn't loaded, or is just being imported."""
    with contextlib.suppress(Exception):
        return _STATES[library]()
    return None


def states() -> dict[str, State]:
    """The states of the global generators of the libraries that are loaded; comparable within the process."""
    found = {library: state_of(library) for library in _STATES}
    return {library: state for library, state in found.items() if state is not None}


def state_digest(state: State) -> str:
    """The same in any process."""
    return hashlib.sha256(repr(state).encode()).hexdigest()


def encoded_state(state: State) -> bytes:
    """A state as JSON, from which it can be set again: bytes and runs of 32-bit words as base64."""
    return json.dumps(_packed(state), separators=(",", ":"), default=repr).encode()


def _packed(value: State) -> Any:
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if not isinstance(value, tuple):
        return value
    if len(value) > _WORDS and all(type(each) is int and 0 <= each < 2**32 for each in value):
        return {"uint32": base64.b64encode(struct.pack(f"<{len(value)}I", *value)).decode()}
    return [_packed(each) for each in value]
