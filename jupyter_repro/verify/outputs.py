"""Comparing what an execution showed with what it shows now: nbformat outputs, as plain JSON."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from jupyter_repro.capture.drawn import KEY
from jupyter_repro.redact import redact_text
from jupyter_repro.verify.comparators import compare_by_plugin
from jupyter_repro.verify.difference import Difference, different, equivalent, identical, missing, worst
from jupyter_repro.verify.figures import compare_figures
from jupyter_repro.verify.images import compare_images
from jupyter_repro.verify.markup import compare_markup
from jupyter_repro.verify.texts import compare_texts

Output = Mapping[str, Any]
_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_WARNING = re.compile(r"(?m)^\S[^\n]*:\d+: (\w*Warning): ")  # as Python shows them
_WIDGET = "application/vnd.jupyter.widget-view+json"  # the number of a live object; text/plain stands beside it


def compare_outputs(expected: Sequence[Output], found: Sequence[Output], *, partly: bool = False) -> Difference:
    """Results, displays, errors and standard output count; a difference in standard error only makes it equivalent.

    Warnings, logs and progress bars go to standard error, each with its own idea of when to appear. With `partly`, a
    display that has other forms on the two sides, as from another front end, is compared by those that both have.
    """
    if expected and not found:
        return missing("no output")
    return worst(_differences(expected, found, partly))


def _differences(expected: Sequence[Output], found: Sequence[Output], partly: bool) -> Iterator[Difference]:
    yield compare_texts(_stream(expected, "stdout"), _stream(found, "stdout"))
    ours, theirs = _shown(expected), _shown(found)
    if len(ours) != len(theirs):
        yield different(f"{len(ours)} displays", f"{len(theirs)} displays")
    for one, other in zip(ours, theirs, strict=False):
        yield _compare_bundles(one, other, partly)
    yield _compare_stderr(_stream(expected, "stderr"), _stream(found, "stderr"))


def _compare_stderr(expected: str, found: str) -> Difference:
    """Warnings apart from the rest: a new one is news, if none that makes a result another."""
    if compare_texts(expected, found).verdict == "identical":
        return identical()
    before, after = (Counter(_WARNING.findall(text)) for text in (expected, found))
    words = [f"{what} {name}" for what, names in (("no", before - after), ("a new", after - before)) for name in names]
    return equivalent("; ".join(("what went to standard error aside", *words)))


def _stream(outputs: Sequence[Output], name: str) -> str:
    return "".join(
        _joined(each["text"]) for each in outputs if each["output_type"] == "stream" and each["name"] == name
    )


def _shown(outputs: Sequence[Output]) -> list[dict[str, Any]]:
    """MIME bundles; an error is one of its own kind."""
    bundles = []
    for each in outputs:
        if each["output_type"] == "error":
            bundles.append({"error": redact_text(f"{each['ename']}: {each['evalue']}")})  # as it was recorded
        elif each["output_type"] != "stream":
            bundle = {mime: _value(mime, value) for mime, value in each["data"].items() if mime != _WIDGET}
            bundles.append({**bundle, **_drawn(each.get("metadata") or {})})
    return bundles


def _drawn(metadata: Mapping[str, Any]) -> dict[str, Any]:
    found = metadata.get(KEY)
    return {KEY: found} if found else {}


def _value(mime: str, value: Any) -> Any:
    return value if mime.endswith("json") else _joined(value)


def _joined(text: Any) -> str:
    """A notebook file may hold a text as a list of lines."""
    return "".join(text) if isinstance(text, list) else str(text)


def _compare_bundles(expected: Mapping[str, Any], found: Mapping[str, Any], partly: bool) -> Difference:
    ours, theirs = expected.get(KEY), found.get(KEY)
    expected, found = ({mime: value for mime, value in each.items() if mime != KEY} for each in (expected, found))
    image = next((mime for mime in _IMAGES if mime in expected and mime in found), None)
    if image is not None and ours and theirs and expected[image] != found[image] and expected.keys() == found.keys():
        pixels = _bytes(image, expected[image]), _bytes(image, found[image])
        if (plotted := compare_figures(ours, theirs, *pixels)) is not None:
            return plotted
    common = [mime for mime in expected if mime in found]
    compared = worst(_compare(mime, expected[mime], found[mime]) for mime in common)
    if expected.keys() == found.keys():
        return compared
    if not (partly and any(_tells(mime, expected[mime]) for mime in common)):
        return different(", ".join(sorted(expected)), ", ".join(sorted(found)))
    return worst([compared, equivalent(f"by {', '.join(common)} alone")])


def _tells(mime: str, value: Any) -> bool:
    """`<Figure size 640x480 with 1 Axes>` stands for any figure."""
    return not (mime == "text/plain" and value.startswith("<") and value.endswith(">"))


def _compare(mime: str, expected: Any, found: Any) -> Difference:
    if expected == found:
        return identical()
    if (compared := compare_by_plugin(mime, _bytes(mime, expected), _bytes(mime, found))) is not None:
        return compared
    if mime in _IMAGES:
        try:
            return compare_images(base64.b64decode(expected), base64.b64decode(found))
        except (binascii.Error, ValueError):
            return different(f"an image of {len(expected):,} characters", "an image that can't be decoded")
    if mime == "text/html":
        return compare_markup(str(expected), str(found))
    if not isinstance(expected, str):
        expected, found = (json.dumps(value, sort_keys=True, indent=1) for value in (expected, found))
    return compare_texts(expected, found)


def _bytes(mime: str, value: Any) -> bytes:
    if mime in _IMAGES:
        with suppress(binascii.Error, ValueError):
            return base64.b64decode(value)
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text.encode("utf-8", "surrogatepass")
