"""Writing the record down. What goes wrong with it is said once and noted in the journal; the user's cells go on."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_repro import objects
from jupyter_repro.journal import Journal

_FAULT_LENGTH = 800  # characters of a traceback of ours that are kept


class Keeper:
    """The journal and the objects of one session. `say` shows a line to the user."""

    def __init__(self, project: Path, session: str, say: Callable[[str], None]) -> None:
        self.journal = Journal(project, session)
        self.incomplete: str | None = None  # why the session can't be relied on, as first met
        self._project = project
        self._say = say
        self._ordinal = 0
        self._outage: _Outage | None = None

    def begin(self, ordinal: int, **fields: Any) -> None:
        """An execution begins."""
        if self._outage is not None and self._outage.last < self._ordinal:
            self.flush()
        self._ordinal = ordinal
        self.write("began", ordinal=ordinal, **fields)

    def write(self, line: str, /, **fields: Any) -> None:
        """Never raises for the disk's sake: what can't be written waits."""
        if not self.journal.write(line, **fields) and self.journal.fault is not None:
            self._miss(self.journal.fault)

    def flush(self) -> None:
        """Try again to write what waits, and note what was lost."""
        if not self.journal.flush() and self.journal.fault is not None:
            self._miss(self.journal.fault)
        elif self._outage is not None:
            reason, self._outage = self._outage.in_words(self.journal.dropped), None
            self.write("incomplete", reason=reason)

    def put(self, data: bytes) -> str | None:
        """The digest of an object, None where it can't be kept."""
        try:
            return objects.put(self._project, data)
        except OSError as error:
            self._miss(error).objects += 1
            return None

    def fault(self, error: BaseException) -> None:
        """Ours, not the user's."""
        if self.incomplete is None:
            self.incomplete = f"{type(error).__name__}: {_text(error)}"
            self._say(f"the record is incomplete from here on ({self.incomplete}). See `%repro status`.")
            self.write("incomplete", reason="".join(traceback.format_exception(error))[-_FAULT_LENGTH:])

    def close(self) -> None:
        self.flush()
        self.journal.close()

    def _miss(self, error: OSError) -> _Outage:
        """Something can't be written, or not now."""
        if self._outage is None:
            self._outage = _Outage(error, self._ordinal, self.journal.dropped)
        self._outage.last = self._ordinal
        if self.incomplete is None:
            self.incomplete = f"{error.filename}: {error.strerror}"
            self._say(
                f"{self.incomplete}: the record is incomplete from here on; your cells run as ever. Make room: what "
                "waits in memory is written then. See `%repro status`."
            )
        return self._outage


class _Outage:
    """Executions during which something could not be written."""

    def __init__(self, error: OSError, ordinal: int, dropped: int) -> None:
        self.error = error
        self.first = self.last = ordinal
        self.objects = 0  # that were not kept
        self._dropped = dropped  # lines until then

    def in_words(self, dropped: int) -> str:
        at = f"execution {self.first}" if self.first == self.last else f"executions {self.first} to {self.last}"
        lost = []
        if dropped > self._dropped:
            lost.append(f"{dropped - self._dropped} lines of evidence")
        if self.objects:
            lost.append(f"{self.objects} objects")
        what = f"lost: {', '.join(lost)}" if lost else "all of it was written later"
        return f"{self.error.strerror} at {at}; {what}"


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - __str__ may be the user's
        return ""
