"""What an execution showed, as nbformat outputs; taken where the kernel sends it, whatever made it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from jupyter_repro.hashing import digest
from jupyter_repro.model import Output

_MAX_STREAM = 10_000_000  # characters of one execution's streams that are kept
_MAX_TEXT = 2_000  # characters in the journal
_SHOWN = ("display_data", "execute_result")
_KINDS = frozenset(("stream", "error", "clear_output", "update_display_data", *_SHOWN))


class OutputCollector:
    """Listens to `session.send` of a kernel; the messages go on unchanged."""

    def __init__(self, session: Any) -> None:
        self.outputs: list[dict[str, Any]] = []
        self._session = session
        self._send: Callable[..., Any] = session.send
        self._clear_next = False
        self._size = 0

    def start(self) -> None:
        send, note = self._send, self._note

        def listening_send(stream: Any, msg_or_type: Any, *args: Any, **kwargs: Any) -> Any:
            with suppress(Exception):  # the user's output goes on whatever happens here
                note(msg_or_type, args[0] if args else kwargs.get("content"))
            return send(stream, msg_or_type, *args, **kwargs)

        self._session.send = listening_send

    def stop(self) -> None:
        self._session.__dict__.pop("send", None)

    def begin(self) -> None:
        self.outputs = []
        self._clear_next = False
        self._size = 0

    def _note(self, message: Any, content: Any) -> None:
        if isinstance(message, dict):
            kind, content = message.get("msg_type") or message["header"]["msg_type"], message.get("content")
        else:
            kind = message
        if kind not in _KINDS or not isinstance(content, dict):
            return
        if kind == "clear_output":
            self._clear(bool(content.get("wait")))
            return
        if self._clear_next:
            self._clear(False)
        if kind == "stream":
            self._stream(content["name"], content["text"])
        elif kind == "update_display_data":
            self._update(content)
        elif kind == "error":
            shown: dict[str, Any] = {key: content.get(key) for key in ("ename", "evalue", "traceback")}
            self.outputs.append({"output_type": kind, **shown})
        else:
            self.outputs.append(_shown(kind, content))

    def _clear(self, wait: bool) -> None:
        self._clear_next = wait
        if not wait:
            self.outputs.clear()

    def _stream(self, name: str, text: str) -> None:
        text = text[: _MAX_STREAM - self._size]
        self._size += len(text)
        last = self.outputs[-1] if self.outputs else None
        if last is not None and last["output_type"] == "stream" and last["name"] == name:
            last["text"] += text
        else:
            self.outputs.append({"output_type": "stream", "name": name, "text": text})

    def _update(self, content: dict[str, Any]) -> None:
        wanted = content.get("transient", {}).get("display_id")
        for output in self.outputs:
            if wanted is not None and output.get("transient", {}).get("display_id") == wanted:
                output["data"] = dict(content["data"])


def _shown(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    output: dict[str, Any] = {
        "output_type": kind,
        "data": dict(content["data"]),
        "metadata": dict(content.get("metadata") or {}),
    }
    if content.get("transient"):
        output["transient"] = dict(content["transient"])
    if kind == "execute_result":
        output["execution_count"] = content.get("execution_count")
    return output


def as_notebook_json(outputs: list[dict[str, Any]]) -> bytes:
    kept = [{key: value for key, value in output.items() if key != "transient"} for output in outputs]
    return json.dumps(kept, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")


def as_records(outputs: list[dict[str, Any]]) -> list[Output]:
    return [_record(output) for output in outputs]


def _record(output: dict[str, Any]) -> Output:
    kind = output["output_type"]
    if kind == "stream":
        text, data = output["text"], {"text/plain": output["text"]}
    elif kind == "error":
        text = f"{output['ename']}: {output['evalue']}"
        data = {"text/plain": text}
    else:
        data = output["data"]
        text = data.get("text/plain", "")
    return Output(
        kind=kind,
        name=output.get("name"),
        data={mime: digest(_bytes(value)) for mime, value in data.items()},
        text=str(text)[:_MAX_TEXT] or None,
    )


def _bytes(value: Any) -> bytes:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return text.encode("utf-8", "surrogatepass")
