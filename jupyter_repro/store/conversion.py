"""Between records and JSON.

Reading keeps what can be kept: a field that can't be read costs that field, not the record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

Record = TypeVar("Record")

_FIELD = re.compile(r"- at `\$\.(\w+)")  # where msgspec says that a value is of another type


def convert(
    fields: Mapping[str, Any], kind: type[Record], defaults: Mapping[str, Any]
) -> tuple[Record, tuple[str, ...]]:
    """The record, and the names of the fields that could not be read.

    `defaults` has the record's required fields; the others fall back to the record's own. Unknown fields are skipped.
    """
    known = {**defaults, **fields}
    dropped: list[str] = []
    while True:
        try:
            return msgspec.convert(known, kind), tuple(dropped)
        except msgspec.ValidationError as error:
            found = _FIELD.search(str(error))
            if found is None or found[1] in dropped or known.pop(found[1], error) is error:
                raise
            dropped.append(found[1])
            if found[1] in defaults:
                known[found[1]] = defaults[found[1]]


def to_json(value: object, indent: int | None = None) -> str:
    """The JSON text of records and containers of them.

    In ASCII, which any terminal passes on; a cell's text and the name of a file can even hold lone surrogates, which
    no encoding has, and msgspec's own encoder refuses.
    """
    return json.dumps(msgspec.to_builtins(value, str_keys=True), indent=indent)


def from_json(data: bytes | str, kind: type[Record]) -> Record:
    """The record of that kind; msgspec.DecodeError where the text is no JSON, ValidationError for another."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from error
    return msgspec.convert(value, kind, str_keys=True)
