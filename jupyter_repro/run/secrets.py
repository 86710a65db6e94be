"""Secrets of a run: read where they are kept when it starts, handed on in the environment, hidden in what it shows."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from jupyter_repro.errors import UsageError
from jupyter_repro.model import Parameter
from jupyter_repro.pipeline.rules import variable_of
from jupyter_repro.redact import HIDDEN


def resolve(parameters: Iterable[Parameter]) -> dict[str, str]:
    """Environment variable -> value. UsageError, without a value in it, where one isn't where it should be."""
    return {variable_of(each): _read(each) for each in parameters if each.secret is not None}


def disguises(secret: str) -> tuple[str, ...]:
    """The forms in which it may show, the longest first: as it is, escaped, quoted in an address, in base64."""
    if not secret:
        return ()
    encoded = base64.b64encode(secret.encode()).decode()
    forms = {secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)}
    forms |= {encoded, encoded.rstrip("="), *(line for line in secret.splitlines() if len(line) > 7)}
    return tuple(sorted(forms, key=len, reverse=True))


def hide(value: Any, replacements: Mapping[str, str]) -> Any:
    """JSON with all that is to be hidden replaced, in keys too."""
    if isinstance(value, str):
        for hidden, shown in replacements.items():
            if hidden in value:
                value = value.replace(hidden, shown)
        return value
    if isinstance(value, dict):
        return {hide(key, replacements): hide(each, replacements) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [hide(each, replacements) for each in value]
    return value


def replacements_for(secrets: Iterable[str]) -> dict[str, str]:
    return {form: HIDDEN for secret in secrets for form in disguises(secret)}


def _read(parameter: Parameter) -> str:
    kind, _, place = (parameter.secret or "").partition(":")
    readers: dict[str, Callable[[str], str | None]] = {
        "env": os.environ.get,
        "file": _from_file,
        "keyring": _from_keyring,
    }
    value = readers[kind](place)
    if not value:
        steps = {
            "env": f"Set the environment variable {place}",
            "file": f"Write it to the file {place}",
            "keyring": f"Type `keyring set {place.replace('/', ' ')}`",
        }
        raise UsageError(
            f"The secret {parameter.name} is not in {parameter.secret}.", f"{steps[kind]}, then try again."
        )
    return value


def _from_file(path: str) -> str | None:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        return None


def _from_keyring(place: str) -> str | None:
    try:
        import keyring
    except ImportError:
        raise UsageError(
            "A secret is in a keyring, and keyring isn't installed.", "Type `pip install keyring`."
        ) from None
    service, _, name = place.partition("/")
    found: str | None = keyring.get_password(service, name)
    return found
