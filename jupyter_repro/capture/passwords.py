"""What was typed where a password was asked for: it must not stand in the record, in whatever value it comes along."""

from __future__ import annotations

import json

_SHORTEST = 3  # characters; shorter ones stand in too many texts by chance
_known: set[str] = set()


def note(password: str) -> None:
    """Remember it in this process."""
    if len(password) >= _SHORTEST:
        _known.update((password, repr(password)[1:-1], json.dumps(password)[1:-1]))


def stand_in(text: str) -> bool:
    return any(password in text for password in _known)


def stand_in_bytes(data: bytes) -> bool:
    return any(password.encode("utf-8", "surrogatepass") in data for password in _known)
