"""The folders outside of the project that a cell is about to use, as far as its text or its values name them."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import NamedTuple

from jupyter_repro.capture.identity import is_a
from jupyter_repro.capture.locality import is_users_file

_MOST = 200  # paths in one cell
_LONGEST = 500  # characters of a path
_QUOTED = re.compile(r"""['"]([^'"\n]*/[^'"\n]*)['"]""")
_WORD = re.compile(r"""[^\s'"`()<>|;&,=]*/[^\s'"`()<>|;&,]*""")  # of a shell command
_OPEN_END = re.compile(r"[{*?\[$]")  # from there on the text doesn't say which file
# Folders that are no one's data as a whole.
_COMMON = frozenset(
    (*"/home /media /mnt /opt /root /run /tmp /var".split(), tempfile.gettempdir(), os.path.expanduser("~"))
)


class Named(NamedTuple):
    folder: str
    deep: bool  # it was named itself, so what is below it is meant too


def named(folder: str) -> list[Named]:
    return [Named(folder, folder not in _COMMON)] if folder != "/" and is_users_file(folder) else []


def folders_in_text(text: str, directory: str) -> Iterator[Named]:
    if "/" not in text:
        return
    rest = _QUOTED.sub(" ", text)
    for quoted in _QUOTED.findall(text)[:_MOST]:
        if found := list(_folders([quoted], directory)):
            yield from found
        else:  # a command, or SQL
            rest += " " + quoted
    yield from _folders(_WORD.findall(rest)[:_MOST], directory)


def folders_in_values(values: Iterable[object]) -> Iterator[Named]:
    # By the methods of these classes: the user's own may have replaced them.
    kinds = (str, PurePath)
    texts = (kind.__str__(value) for value in values for kind in kinds if is_a(value, kind))
    yield from _folders((text for text in texts if len(text) <= _LONGEST and os.path.isabs(text)), os.sep)


def _folders(texts: Iterable[str], directory: str) -> Iterator[Named]:
    for text in texts:
        if len(text) > _LONGEST or "://" in text or "\0" in text:
            continue
        if not text.strip("/"):  # the root, or an operator
            continue
        path = os.path.normpath(os.path.join(directory, os.path.expanduser(text)))
        path = path[1:] if path.startswith("//") else path  # which POSIX keeps
        if end := _OPEN_END.search(path):
            path = os.path.dirname(path[: end.start()])
        if os.path.isdir(path):
            yield from named(path)
        elif (folder := os.path.dirname(path)) != "/" and os.path.isdir(folder) and is_users_file(path):
            yield Named(folder, deep=False)
