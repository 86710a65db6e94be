"""The lines of a journal file, and what was wrong with those that could not be used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_repro.errors import NoSession, StorageError

NOT_JSON = "not JSON"
FOREIGN = "not the journal's"


@dataclass(slots=True)
class Faults:
    """Lines that were left out, by number from 1; neighbours with the same fault are one entry."""

    _runs: list[tuple[str, int, int]] = field(default_factory=list)

    def add(self, fault: str, number: int) -> None:
        if self._runs and self._runs[-1][0] == fault and self._runs[-1][2] == number - 1:
            self._runs[-1] = (fault, self._runs[-1][1], number)
        else:
            self._runs.append((fault, number, number))

    def __bool__(self) -> bool:
        return bool(self._runs)

    def in_words(self) -> tuple[str, ...]:
        return tuple(
            f"line {first} was left out: {fault}"
            if first == last
            else f"lines {first} to {last} were left out: {fault}"
            for fault, first, last in self._runs
        )


def read_lines(path: Path, faults: Faults) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and content of every JSON object in the journal; what is none of them goes to `faults`.

    Raises NoSession where there is no such file, StorageError where it can't be read.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                content = _parse(line)
                if isinstance(content, dict):
                    yield number, content
                elif content is not _BLANK:
                    faults.add(_fault(line), number)
    except FileNotFoundError:
        raise NoSession(f"There is no session {path.stem}.", "`jrepro log` lists the sessions.") from None
    except OSError as error:
        raise StorageError(
            f"{path} can't be read: {error.strerror}.", f"Look at its permissions with `ls -l {path}`."
        ) from error


_BLANK = object()


def _parse(line: bytes) -> Any:
    """The JSON value of a line, None where it holds none.

    Lone surrogates are let through, which strict UTF-8 refuses. A crash of the machine can leave NULs.
    """
    line = line.strip(b"\0 \t\r\n")
    if not line:
        return _BLANK
    try:
        return json.loads(line.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return None


def _fault(line: bytes) -> str:
    if not line.endswith(b"\n"):
        return "torn, as when the kernel is killed while it writes"
    return FOREIGN if _parse(line) is not None else NOT_JSON
