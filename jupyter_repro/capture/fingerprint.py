"""Fingerprints: equal for equal values, in any process; and the numbers behind them, for comparison within a tolerance.

Structural and type-tagged. Libraries are reached through `sys.modules` only, one-shot iterators are not touched, no
line of the user's classes is run, nothing is changed.
"""

from __future__ import annotations

from typing import Any

from jupyter_repro.capture import passwords
from jupyter_repro.capture.values.content import MOST_BYTES, encode
from jupyter_repro.capture.values.describe import Describer
from jupyter_repro.capture.values.digest import Digester, OutOfTime
from jupyter_repro.capture.values.node import type_name
from jupyter_repro.capture.values.scalars import SCALARS
from jupyter_repro.capture.values.summary import summary
from jupyter_repro.hashing import digest as digest_of
from jupyter_repro.model import Value

__all__ = ["content", "digest_within", "fingerprint"]


def fingerprint(value: Any) -> Value:
    """What the value is. Never raises; `exact` is False where a part of it could only be described."""
    shown, kind = summarise(value), type_name(type(value))
    if passwords.stand_in(shown):  # a digest could be guessed at
        return Value(digest=digest_of(b"a password"), type=kind, summary="(holds a password)", exact=False)
    digester = Digester()
    return Value(digest=digester.digest(value).hex(), type=kind, summary=shown, exact=digester.exact)


def digest_within(value: Any, deadline: float) -> str | None:
    """The digest that `fingerprint` gives; None where it would take longer, or a part can only be described."""
    digester = Digester(deadline)
    try:
        digest = digester.digest(value).hex()
    except OutOfTime:
        return None
    return digest if digester.exact else None


def summarise(value: Any) -> str:
    """One line of at most 200 characters. Never raises."""
    try:
        return summary(value, None if type(value) in SCALARS else Describer().node(value))
    except Exception:  # noqa: BLE001 - any library's code may be behind it
        return type_name(type(value))


def content(value: Any, most: int = MOST_BYTES) -> bytes | None:
    """The numbers of a value with their structure (see `values.content`); None without numbers, above `most` bytes, or
    where a password stands among them.
    """
    encoded = encode(value, most)
    return None if encoded is None or passwords.stand_in_bytes(encoded) else encoded
