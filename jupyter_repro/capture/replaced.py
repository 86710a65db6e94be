"""Functions of the kernel and of libraries, replaced while a session is recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_NOTHING = object()


class Replaced:
    """`owner.name` is `new` until `undo`. What somebody else has put over it since then stays."""

    def __init__(self, owner: Any, name: str, new: Callable[..., Any]) -> None:
        self._owner = owner
        self._name = name
        self._new = new
        self._before = vars(owner).get(name, _NOTHING)  # somebody may have replaced it earlier
        setattr(owner, name, new)

    def undo(self) -> None:
        if vars(self._owner).get(self._name) is not self._new:
            return
        if self._before is _NOTHING:
            delattr(self._owner, self._name)
        else:
            setattr(self._owner, self._name, self._before)
