"""The names that are the user's: not IPython's own, but with its `_`, `__`, `___` and `_3`, which cells can read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import takewhile
from operator import is_not
from typing import Any

_HIDDEN = frozenset(
    """
    In Out _ih _oh _dh _i _ii _iii _exit_code __builtin__ __builtins__ __name__ __doc__ __package__ __loader__ __spec__
    _sh exit quit get_ipython __vsc_ipynb_file__ __nonzero__ __warningregistry__ __annotations__
    """.split()
)
_FRONT_END = "_VSCODE_"  # begins what it needs to look at the user's variables


class Keys:
    """The names in a dict but for IPython's `_i3`, of which there is one for each execution.

    A dict keeps the order in which names came: those that are new since the last look are found from its end.
    """

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = names
        self._found: dict[str, None] = {}
        self._count = 0
        self._last: Any = None

    def look(self) -> Iterable[str]:
        names = self._names
        new = list(takewhile(partial(is_not, self._last), reversed(names)))
        if len(names) != self._count + len(new):  # some are gone
            self._found, new = {}, list(reversed(names))
        self._found |= dict.fromkeys(name for name in reversed(new) if type(name) is str and not _is_input(name))
        self._count, self._last = len(names), next(reversed(names), None)
        return self._found.keys()


def _is_input(name: str) -> bool:
    return name[:2] == "_i" and name[2:].isdigit()


class Namespace:
    """The user's names and a few more of ours; what is hidden is told apart only when it is asked for."""

    def __init__(self, shell: Any, keys: Keys, extra: dict[str, Any]) -> None:
        self._names: dict[str, Any] = shell.user_ns
        self._hidden: dict[str, Any] = shell.user_ns_hidden
        self._keys = keys
        self._extra = extra

    def items(self, among: Iterable[str] | None = None) -> Iterator[tuple[str, Any]]:
        """Of these names only, and what is not the user's. Hidden ones too: `shows` tells."""
        names = self._names
        found = self._keys.look() if among is None else [name for name in among if name in names]
        yield from zip(found, map(names.__getitem__, found), strict=True)
        yield from self._extra.items()

    def shows(self, name: str, value: Any) -> bool:
        if name in _HIDDEN or _is_input(name) or name.startswith(_FRONT_END):
            return False
        return not (name in self._hidden and self._hidden[name] is value and name.strip("_0123456789"))

    def missing(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if name not in self._names and name not in self._extra]

    def values(self, names: Iterable[str]) -> list[Any]:
        """Of those names that exist."""
        return [table[name] for name in names for table in (self._names, self._extra) if name in table]
