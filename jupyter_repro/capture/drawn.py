"""What a figure plots, taken while it is displayed: afterwards the inline backend closes it.

It goes into the metadata of an output on record. A proof's kernel takes the same, so that a figure is compared by its
data before its pixels.
"""

from __future__ import annotations

import base64
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from jupyter_repro.capture.fingerprint import content, digest_within
from jupyter_repro.capture.replaced import Replaced

KEY = "jupyter_repro"  # in an output's metadata
_SECONDS = 0.05  # that it may take; drawing takes as long
_MOST_BYTES = 256 << 10  # of numbers
_FRAMES = 25  # between the message and what is displayed
_SHOWN = ("display_data", "execute_result")
_HOLDERS = {"display": "obj", "__call__": "result"}  # functions of IPython: the local name of what they show


def is_figure(data: Mapping[str, Any]) -> bool:
    """Whether a MIME bundle shows a figure of matplotlib's."""
    text = data.get("text/plain", "")
    return "".join(text).startswith("<Figure size") and any(mime.startswith("image/") for mime in data)


def drawn(data: Mapping[str, Any]) -> dict[str, str] | None:
    """The digest of the figure that is being displayed, and its numbers where they are few.

    None where the bundle is of none, and where it would take long or a part can only be described.
    """
    if not is_figure(data) or (figure := _displayed()) is None:
        return None
    digest = digest_within(figure, time.monotonic() + _SECONDS)
    if digest is None:
        return None
    numbers = content(figure, _MOST_BYTES)
    return {"figure": digest, **({"numbers": base64.b64encode(numbers).decode()} if numbers is not None else {})}


def _displayed() -> Any:
    """What IPython's `display` or its display hook has in hand, further up the stack."""
    kind = getattr(sys.modules.get("matplotlib.figure"), "Figure", None)
    frame = sys._getframe(1)
    for _ in range(_FRAMES):
        if frame.f_back is None or kind is None:
            return None
        frame = frame.f_back
        name = _HOLDERS.get(frame.f_code.co_name)
        if name is not None and str(frame.f_globals.get("__name__", "")).startswith(("IPython.", "ipykernel.")):
            held = frame.f_locals.get(name)
            return held if isinstance(held, kind) else None
    return None


class Drawings:
    """Listens to what a kernel shows; the messages go on unchanged."""

    def __init__(self, kernel: Any) -> None:
        self._found: list[dict[str, str] | None] = []
        send: Callable[..., Any] = kernel.session.send

        def listening_send(stream: Any, msg_or_type: Any, *args: Any, **kwargs: Any) -> Any:
            with suppress(Exception):  # the user's output goes on whatever happens here
                self._note(msg_or_type, *args[:1], **kwargs)
            return send(stream, msg_or_type, *args, **kwargs)

        Replaced(kernel.session, "send", listening_send)

    def take(self) -> list[dict[str, str] | None]:
        """An entry for each figure that was shown since the last time, in order; None where it could not be told."""
        found, self._found = self._found, []
        return found

    def _note(self, message: Any, content: Any = None, **_: Any) -> None:
        kind = message
        if isinstance(message, dict):
            kind, content = message.get("msg_type") or message["header"]["msg_type"], message.get("content")
        if kind in _SHOWN and is_figure(content["data"]):
            self._found.append(None)
            self._found[-1] = drawn(content["data"])
