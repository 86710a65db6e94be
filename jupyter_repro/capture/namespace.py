"""The names that are the user's: not IPython's own, but with its `_`, `__`, `___` and `_3`, which cells can read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_HIDDEN = frozenset(
    """
    In Out _ih _oh _dh _i _ii _iii _exit_code __builtin__ __builtins__ __name__ __doc__ __package__ __loader__ __spec__
    _sh exit quit get_ipython __vsc_ipynb_file__ __warningregistry__ __annotations__
    """.split()
)


class Namespace:
    """The user's names and a few more of ours; what is hidden is told apart only when it is asked for."""

    def __init__(self, shell: Any, extra: dict[str, Any]) -> None:
        self._names: dict[str, Any] = shell.user_ns
        self._hidden: dict[str, Any] = shell.user_ns_hidden
        self._extra = extra

    def items(self) -> list[tuple[str, Any]]:
        """Hidden ones too: `shows` tells."""
        return [*self._names.items(), *self._extra.items()]

    def shows(self, name: str, value: Any) -> bool:
        if name in _HIDDEN or (name[:2] == "_i" and name[2:].isdigit()):
            return False
        return not (name in self._hidden and self._hidden[name] is value and name.strip("_0123456789"))

    def missing(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if name not in self._names and name not in self._extra]

    def values(self, names: Iterable[str]) -> list[Any]:
        """Of those names that exist."""
        return [table[name] for name in names for table in (self._names, self._extra) if name in table]
