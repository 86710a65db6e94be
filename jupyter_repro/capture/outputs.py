"""What an execution showed, as nbformat outputs; taken where the kernel sends it, whatever made it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from jupyter_repro.capture.drawn import KEY, drawn
from jupyter_repro.capture.replaced import Replaced
from jupyter_repro.hashing import digest
from jupyter_repro.model import Output
from jupyter_repro.redact import redact_text

_MAX_STREAM = 10_000_000  # characters of one execution's streams that are kept
_MAX_TEXT = 2_000  # characters in the journal
_SHOWN = ("display_data", "execute_result")
_KINDS = frozenset(("stream", "error", "clear_output", "update_display_data", *_SHOWN))


class OutputCollector:
    """Listens to `session.send` of a kernel; the messages go on unchanged."""

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel
        self._send: Callable[..., Any] = kernel.session.send
        self._replaced: Replaced | None = None
        self._request: str | None = None  # that runs the current cell
        self._ours: set[str] = set()
        self.begin()

    def start(self) -> None:
        send, note = self._send, self._note

        def listening_send(stream: Any, msg_or_type: Any, *args: Any, **kwargs: Any) -> Any:
            with suppress(Exception):  # the user's output goes on whatever happens here
                note(msg_or_type, *args[:2], **kwargs)
            return send(stream, msg_or_type, *args, **kwargs)

        self._replaced = Replaced(self._kernel.session, "send", listening_send)

    def stop(self) -> None:
        if self._replaced is not None:
            self._replaced.undo()
            self._replaced = None

    def begin(self) -> None:
        self._outputs: list[dict[str, Any]] = []
        self._clear_next = False
        self._size = 0
        self._request = _request(self._kernel.get_parent())

    def leave_out(self, text: str) -> None:
        """What we say ourselves is none of the cell's outputs."""
        self._ours.add(text)

    def error(self, name: str) -> str | None:
        """What the last error said as it was shown, if it has this name."""
        last = self._outputs[-1] if self._outputs else {}
        return str(last["evalue"]) if last.get("ename") == name else None

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """Of the current execution so far."""
        whole = (output if "pieces" not in output else self._whole(output) for output in list(self._outputs))
        return [_discreet(output) for output in whole if output.get("text") != ""]

    def _whole(self, stream: dict[str, Any]) -> dict[str, Any]:
        text = "".join(stream["pieces"])
        for ours in self._ours:
            text = text.replace(ours, "")
        return {"output_type": "stream", "name": stream["name"], "text": text}

    def _note(self, message: Any, content: Any = None, parent: Any = None, **_: Any) -> None:
        kind = message
        if isinstance(message, dict):
            kind, content = message.get("msg_type") or message["header"]["msg_type"], message.get("content")
            parent = message.get("parent_header")
        if kind not in _KINDS or not isinstance(content, dict) or self._replaced is None:
            return
        if self._request is not None and (_request(parent) or self._request) != self._request:
            return  # a thread that an earlier cell left running
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
            self._outputs.append({"output_type": kind, **shown})
        else:
            self._outputs.append(_with_figure(_shown(kind, content)))

    def _clear(self, wait: bool) -> None:
        self._clear_next = wait
        if not wait:
            self._outputs.clear()

    def _stream(self, name: str, text: str) -> None:
        text = text[: _MAX_STREAM - self._size]
        self._size += len(text)
        if not text:
            return
        last = self._outputs[-1] if self._outputs else None
        if last is not None and last["output_type"] == "stream" and last["name"] == name:
            last["pieces"].append(text)
        else:
            self._outputs.append({"output_type": "stream", "name": name, "pieces": [text]})

    def _update(self, content: dict[str, Any]) -> None:
        wanted = content.get("transient", {}).get("display_id")
        for output in self._outputs:
            if wanted is not None and output.get("transient", {}).get("display_id") == wanted:
                output["data"] = dict(content["data"])


def _discreet(output: dict[str, Any]) -> dict[str, Any]:
    """Libraries quote addresses in what their errors say, with tokens and all."""
    if output["output_type"] != "error":
        return output
    traceback = [redact_text(str(line)) for line in output["traceback"] or ()]
    return {**output, "evalue": redact_text(str(output["evalue"])), "traceback": traceback}


def _request(parent: Any) -> str | None:
    """The id of a message, from the message or its header."""
    header = parent.get("header", parent) if isinstance(parent, dict) else {}
    identifier = header.get("msg_id")
    return identifier if isinstance(identifier, str) else None


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


def _with_figure(output: dict[str, Any]) -> dict[str, Any]:
    """While it is shown."""
    if (found := drawn(output["data"])) is not None:
        output["metadata"][KEY] = found
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
