"""One pass over a journal: the lines of one thing merged, nothing interpreted yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_repro.errors import JournalError
from jupyter_repro.model import SCHEMA
from jupyter_repro.store.lines import FOREIGN, Faults, read_lines

_Fields = dict[str, Any]
_FOUND_LATER = frozenset(("digest", "changed", "manifest", "count"))  # of a FileAccess


@dataclass(slots=True)
class Folded:
    """Fields as the journal's JSON holds them; executions by ordinal, bindings by name."""

    faults: Faults = field(default_factory=Faults)
    session: _Fields = field(default_factory=dict)
    executions: dict[int, _Fields] = field(default_factory=dict)
    hashed: dict[int, dict[str, _Fields]] = field(default_factory=dict)  # ordinal -> path -> fields of its FileAccess
    fitted: dict[int, list[Any]] = field(default_factory=dict)  # ordinal -> fits
    began: set[int] = field(default_factory=set)
    ended: set[int] = field(default_factory=set)
    evidenced: set[int] = field(default_factory=set)
    bindings: dict[str, tuple[int, Any]] = field(default_factory=dict)  # with the ordinal that they were taken after
    named: int = 0  # the ordinal that the last `names` line was taken after
    values: dict[str, Any] = field(default_factory=dict)  # of expressions, until the next execution begins
    code: dict[int, tuple[str, ...]] = field(default_factory=dict)
    modules: list[_Fields] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    stopped: str | None = None


class _Foreign(Exception):
    """A line that no version of the writer writes."""


def fold(path: Path) -> Folded:
    """Raises NoSession, StorageError, and JournalError for a journal of a newer version."""
    folded = Folded()
    for number, line in read_lines(path, folded.faults):
        kind = line.get("line")
        if not isinstance(kind, str):
            folded.faults.add(FOREIGN, number)
        elif add := _KINDS.get(kind):
            try:
                add(folded, line)
            except _Foreign:
                folded.faults.add(FOREIGN, number)
    _join_later(folded)
    return folded


def _session(folded: Folded, line: _Fields) -> None:
    schema = line.get("schema", SCHEMA)
    if isinstance(schema, int) and schema > SCHEMA:
        raise JournalError(
            f"Session {line.get('id')} was recorded by a newer version (its journal has schema {schema}; this version "
            f"reads up to {SCHEMA}).",
            "Type `pip install --upgrade jupyter-repro` in the environment of this command.",
        )
    if folded.session:
        raise _Foreign
    folded.session = line


def _began(folded: Folded, line: _Fields) -> None:
    ordinal = _merge(folded, line)
    folded.began.add(ordinal)
    folded.values.clear()  # the execution may change what they were computed from


def _ended(folded: Folded, line: _Fields) -> None:
    folded.ended.add(_merge(folded, line))


def _evidence(folded: Folded, line: _Fields) -> None:
    code = _mapping(line.pop("code", {}))
    if not all(label.isdecimal() and _are_strings(identifiers) for label, identifiers in code.items()):
        raise _Foreign
    folded.evidenced.add(_merge(folded, line))
    folded.code.update((int(label), tuple(identifiers)) for label, identifiers in code.items())


def _fitted(folded: Folded, line: _Fields) -> None:
    fits, ordinal = line.get("fits"), _ordinal(line, 1)
    if not isinstance(fits, list):
        raise _Foreign
    folded.fitted[ordinal] = folded.fitted.get(ordinal, []) + fits


def _hashed(folded: Folded, line: _Fields) -> None:
    files = _mapping(line.get("files"))
    known = folded.hashed.setdefault(_ordinal(line, 1), {})
    for path, fields in files.items():
        known[path] = {name: value for name, value in _mapping(fields).items() if name in _FOUND_LATER}


def _join_later(folded: Folded) -> None:
    """What was found later, in either order with the evidence."""
    for ordinal, found in folded.hashed.items():
        files = folded.executions.get(ordinal, {}).get("files")
        for file in files if isinstance(files, list) else ():
            if isinstance(file, dict) and file.get("by") != "unattributed":
                file.update(found.get(str(file.get("path")), {}))
    for ordinal, fits in folded.fitted.items():
        if (execution := folded.executions.get(ordinal)) is not None:
            known = execution.get("fits")
            execution["fits"] = [*(known if isinstance(known, list) else ()), *fits]


def _merge(folded: Folded, line: _Fields) -> int:
    ordinal = _ordinal(line, 1)
    folded.executions.setdefault(ordinal, {}).update(line)
    return ordinal


def _names(folded: Folded, line: _Fields) -> None:
    bindings, gone, ordinal = _mapping(line.get("bindings", {})), line.get("gone", []), _ordinal(line, 0)
    if not _are_strings(gone):
        raise _Foreign
    for name in gone:
        folded.bindings.pop(name, None)
    folded.bindings.update((name, (ordinal, binding)) for name, binding in bindings.items())
    folded.named = ordinal


def _value(folded: Folded, line: _Fields) -> None:
    folded.values[_text(line, "expression")] = line.get("binding")


def _module(folded: Folded, line: _Fields) -> None:
    for name in ("name", "path", "digest"):
        _text(line, name)
    folded.modules.append(line)


def _incomplete(folded: Folded, line: _Fields) -> None:
    folded.incomplete.append(_text(line, "reason"))


def _stopped(folded: Folded, line: _Fields) -> None:
    folded.stopped = _text(line, "stopped")


def _ordinal(line: _Fields, least: int) -> int:
    ordinal = line.get("ordinal")
    if not isinstance(ordinal, int) or isinstance(ordinal, bool) or ordinal < least:
        raise _Foreign
    return ordinal


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Foreign
    return value


def _text(line: _Fields, name: str) -> str:
    value = line.get(name)
    if not isinstance(value, str):
        raise _Foreign
    return value


def _are_strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


_KINDS: dict[str, Callable[[Folded, _Fields], None]] = {
    "session": _session,
    "began": _began,
    "ended": _ended,
    "evidence": _evidence,
    "fitted": _fitted,
    "hashed": _hashed,
    "names": _names,
    "value": _value,
    "module": _module,
    "incomplete": _incomplete,
    "stopped": _stopped,
}
