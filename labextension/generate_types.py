"""Writes `src/records.ts`: the types of what the server answers, from the records in Python.

`python generate_types.py --check` only says, by its exit code, whether the file is as it would write it.
"""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from jupyter_repro.server.operations import OPERATIONS

TARGET = Path(__file__).parent / "src" / "records.ts"
_HEAD = """/**
 * The records that the server answers with: same names and units as in Python, where they are described
 * (`model.py`, `server/views.py`). Written by `generate_types.py`; don't edit.
 */
"""
_PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}


def text() -> str:
    records: dict[str, Any] = {}
    for operation in OPERATIONS:
        _collect(operation.answer, records)
        _collect(operation.body, records)
    return _HEAD + "\n".join(_interface(record) for _, record in sorted(records.items()))


def _collect(kind: Any, records: dict[str, Any]) -> None:
    if dataclasses.is_dataclass(kind) and kind.__name__ not in records:
        records[kind.__name__] = kind
        for hint in get_type_hints(kind).values():
            _collect(hint, records)
    for argument in get_args(kind):
        _collect(argument, records)


def _interface(record: Any) -> str:
    hints = get_type_hints(record)
    fields = [f"  readonly {field.name}: {_type(hints[field.name])};\n" for field in dataclasses.fields(record)]
    return f"export interface I{record.__name__} {{\n{''.join(fields)}}}\n"


def _type(kind: Any) -> str:
    if kind in _PLAIN:
        return _PLAIN[kind]
    if dataclasses.is_dataclass(kind):
        return f"I{kind.__name__}"
    return " | ".join(_union(kind))


def _union(kind: Any) -> Iterator[str]:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        yield from (f"'{each}'" for each in arguments)
    elif origin in (Union, types.UnionType):
        for each in arguments:
            yield from _union(each) if get_args(each) else (_type(each),)
    elif origin is dict:
        yield f"{{ readonly [key: string]: {_type(arguments[1])} }}"
    elif origin is tuple:
        yield _tuple(arguments)
    else:
        raise TypeError(f"no TypeScript for {kind}")


def _tuple(arguments: tuple[Any, ...]) -> str:
    if arguments[1:] == (Ellipsis,):
        item = _type(arguments[0])
        return f"readonly ({item})[]" if " " in item else f"readonly {item}[]"
    return f"readonly [{', '.join(map(_type, arguments))}]"


def main() -> int:
    if sys.argv[1:] == ["--check"]:
        return int(TARGET.read_text(encoding="utf-8") != text())
    TARGET.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
