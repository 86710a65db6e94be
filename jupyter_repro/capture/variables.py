"""Environment variables, so that a change can be told and no value read: digests under a key that never leaves here."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from jupyter_repro.config import store_of
from jupyter_repro.journal import prepare_store

_KEY_SIZE = 32  # bytes


def variable_digests(project: Path, names: Iterable[str] | None = None) -> dict[str, str]:
    """Of this process's variables, or of those of these names that are set. Empty where the project has no key."""
    key = _key(project)
    if key is None:
        return {}
    wanted = sorted(os.environ) if names is None else [name for name in names if name in os.environ]
    return {name: _digest(key, name, os.environ[name]) for name in wanted}


def is_value(project: Path, name: str, value: str, digest: str) -> bool:
    """Whether the digest is that of this value of a variable."""
    key = _key(project)
    return key is not None and hmac.compare_digest(_digest(key, name, value), digest)


def _digest(key: bytes, name: str, value: str) -> str:
    text = f"{name}={value}".encode("utf-8", "surrogateescape")
    return hmac.new(key, text, "sha256").hexdigest()


def _key(project: Path) -> bytes | None:
    path = store_of(project) / "key"
    with suppress(OSError):
        prepare_store(project)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_KEY_SIZE))
    with suppress(OSError):
        return path.read_bytes() or None
    return None
