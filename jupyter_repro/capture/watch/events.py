"""The vocabulary: what happened to a path, as Linux numbers it in both of its interfaces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple, Protocol

ACCESS = 0x1  # of a folder: it was listed
MODIFY = 0x2
CLOSE_WRITE = 0x8
OPEN = 0x20
MOVED_FROM = 0x40
MOVED_TO = 0x80
CREATE = 0x100
DELETE = 0x200
OVERFLOW = 0x4000
FOLDER = 0x40000000

LISTED = ACCESS | OPEN
ARRIVED = CREATE | MOVED_TO
LEFT = DELETE | MOVED_FROM
CHANGED = MODIFY | ARRIVED | LEFT

Process = Literal["own", "other", "unknown"]  # inotify doesn't tell
Key = bytes | int  # how a source names a marked folder


class RawEvent(NamedTuple):
    """As a source decodes it. An `OVERFLOW` has no key: the queue was full, and events were lost."""

    key: Key | None
    name: bytes  # within the folder; empty for the folder itself
    kinds: int
    process: Process


class FileEvent(NamedTuple):
    """All that this process, or the others, did to one path since the last look."""

    path: str
    kinds: int
    process: Process
    position: int  # of its first event, see FileWatch.position

    @property
    def is_folder(self) -> bool:
        return bool(self.kinds & FOLDER)


class Source(Protocol):
    """One interface of the operating system."""

    @property
    def layer(self) -> str: ...

    @property
    def descriptors(self) -> tuple[int, ...]:
        """To read from, without blocking; the data of all of them is decoded alike."""

    def mark(self, folder: str) -> Key:
        """Watch the entries of a folder; again is no error. OSError where that isn't possible."""

    def decode(self, data: bytes) -> Iterator[RawEvent]: ...

    def close(self) -> None: ...
