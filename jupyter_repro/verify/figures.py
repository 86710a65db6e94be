"""Comparing figures by the data that is plotted in them, as far as it was taken: see `capture.drawn`."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from jupyter_repro.capture.comparison import compare_contents
from jupyter_repro.verify.difference import Difference, different, equivalent
from jupyter_repro.verify.images import look_alike


def compare_figures(
    expected: Mapping[str, str], found: Mapping[str, str], one: bytes, other: bytes
) -> Difference | None:
    """Two figures, and their encoded images, which differ. None where the data can't tell: pixels are all there is.

    The same data in quite another picture (another style, a background) is no equal: that is in no data.
    """
    if not look_alike(one, other):
        return None
    if expected["figure"] == found["figure"]:
        return equivalent("the same data is plotted, drawn a little otherwise")
    if "numbers" not in expected or "numbers" not in found:
        return None
    try:
        check = compare_contents(base64.b64decode(expected["numbers"]), base64.b64decode(found["numbers"]))
    except ValueError:
        return None
    if check.verdict == "equivalent":
        return equivalent(f"by the data that is plotted: {check.tolerance}", check.deviation)
    where = "of what is plotted"
    return different(f"{check.expected} {where}", f"{check.found} {where}", check.deviation)
