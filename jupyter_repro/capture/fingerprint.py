"""Fingerprints: equal for equal values, in any process; and the numbers behind them, for comparison within a tolerance.

Structural and type-tagged. Libraries are reached through `sys.modules` only, one-shot iterators are not touched, no
line of the user's classes is run, nothing is changed.
"""

from __future__ import annotations

from typing import Any

from jupyter_repro.capture.values.content import encode
from jupyter_repro.capture.values.describe import Describer
from jupyter_repro.capture.values.digest import Digester
from jupyter_repro.capture.values.node import type_name
from jupyter_repro.capture.values.scalars import SCALARS
from jupyter_repro.capture.values.summary import summary
from jupyter_repro.model import Value

__all__ = ["content", "fingerprint"]


def fingerprint(value: Any) -> Value:
    """What the value is. Never raises; `exact` is False where a part of it could only be described."""
    digester = Digester()
    digest = digester.digest(value).hex()
    return Value(digest=digest, type=type_name(type(value)), summary=summarise(value), exact=digester.exact)


def summarise(value: Any) -> str:
    """One line of at most 200 characters. Never raises."""
    try:
        return summary(value, None if type(value) in SCALARS else Describer().node(value))
    except Exception:  # noqa: BLE001 - any library's code may be behind it
        return type_name(type(value))


def content(value: Any) -> bytes | None:
    """The numbers of a value with their structure (see `values.content`); None without numbers or above 8 MB."""
    return encode(value)
