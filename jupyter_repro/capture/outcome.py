"""How an execution ended, as IPython tells it; no line of the user's code is run to find out."""

from __future__ import annotations

import asyncio
import types
from typing import Any

from jupyter_repro.model import Status

_INTERRUPTS = (KeyboardInterrupt, asyncio.CancelledError)
_SCALARS = frozenset((str, int, float, bool, bytes, type(None)))


def is_blank(result: Any) -> bool:
    """A cell without text: IPython tells that it ran, but not that it would."""
    return result is not None and not result.info.raw_cell.strip()


def outcome(result: Any) -> tuple[BaseException | None, Status]:
    if result is None:
        return None, "interrupted"
    error = result.error_in_exec if result.error_before_exec is None else result.error_before_exec
    if error is None:
        return None, "ok"
    return error, "interrupted" if issubclass(type(error), _INTERRUPTS) else "error"


def message(error: BaseException) -> str:
    """What the error says; nothing if the user's code would be needed to say it."""
    written_in_c = type(type(error).__str__) is types.WrapperDescriptorType
    return str(error) if written_in_c and _is_plain(error.args) else ""


def _is_plain(value: object) -> bool:
    return type(value) in _SCALARS or (type(value) is tuple and all(map(_is_plain, value)))
