"""Functions of the user's that IPython calls: around every cell, and to show values. No cell's text says so."""

from __future__ import annotations

import types
from typing import Any

from jupyter_repro.capture.identity import identity
from jupyter_repro.capture.locality import is_local_name

CALLBACKS = "events callbacks"  # the name by which the heap knows them


class CallbackWatch:
    def __init__(self, shell: Any) -> None:
        self._lists = list(shell.events.callbacks.values())
        self._count = -1
        self._found: tuple[Any, ...] = ()

    def users(self) -> tuple[Any, ...]:
        """Those that are the user's: the same tuple as long as nobody comes or goes."""
        count = sum(map(len, self._lists))
        if count != self._count:
            self._count = count
            found = tuple(each for callbacks in self._lists for each in callbacks if _is_users(each))
            if found != self._found:
                self._found = found
        return self._found


def _is_users(callback: Any) -> bool:
    function = callback.__func__ if type(callback) is types.MethodType else callback
    return type(function) is types.FunctionType and is_local_name(function.__module__)


def user_printers(shell: Any) -> dict[str, int]:
    """How values are shown, as far as the user has said so: type and format -> which function."""
    formatters = getattr(getattr(shell, "display_formatter", None), "formatters", {})
    count = sum(len(each.type_printers) + len(each.deferred_printers) for each in formatters.values())
    if count != _printers[0]:
        _printers[:] = count, _find_printers(formatters)
    found: dict[str, int] = _printers[1]
    return found


_printers: list[Any] = [-1, {}]  # how many there were, of libraries too, and the user's


def _find_printers(formatters: Any) -> dict[str, int]:
    return {
        f"{kind.__module__}.{kind.__qualname__} as {format_type}": identity(printer)
        for format_type, formatter in formatters.items()
        for kind, printer in formatter.type_printers.items()
        if _is_users(printer)
    }
