"""Places beside names and objects: the state that executions share without naming it.

A place is a string `kind:rest`. What an execution writes is always exact; what it reads may be a pattern.

    written                 read                        what it is
    file:PATH               file:PATH  file:*           the content of a file
    entry:PATH              entry:PATH                  that a file or folder exists
                            path:PATH                   content or existence
                            tree:FOLDER                 content or existence of anything below
                            glob:PATTERN                the entries that a listing would show
                            match:FOLDER:REGEX          the same, as a regular expression on the entry's name
    env:NAME                env:NAME  env:*             an environment variable
    cwd:                    cwd:                        the working directory
    ambient:GROUP|KEY       the same, ambient:GROUP|*   options, filters, contexts, paths, loggers, current figures
    random:LIBRARY          random:LIBRARY              a global random stream
    attribute:OWNER|NAME    (matched by words)          an attribute set on a module or class of a library
    submodule:PACKAGE|NAME  (matched by both words)     a submodule that became an attribute of its package
    magic:WORD              (matched by words)          a magic or alias that was registered
    in:N                    in:N  in:*                  the text of an input, `In[N]`
                            url:URL                 what an address on the network gave; nobody writes it
                            query:DATABASE          what a server's database gave; nobody writes it
    heap:*                  heap:*                      objects that were too many to look at
    *                       *                           no evidence: everything
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterable, Iterator


class Patterns:
    """Those of the demands that are for what a listing would show, by the folder below which each looks."""

    def __init__(self, demands: Iterable[str] = ()) -> None:
        self._below: dict[str, dict[str, None]] = {}
        self.add(demands)

    def add(self, demands: Iterable[str]) -> None:
        for demand in demands:
            if demand.startswith("glob:"):
                self._below.setdefault(_literal_folder(demand[5:]), {})[demand] = None
            elif demand.startswith("match:"):
                self._below.setdefault(demand.split(":", 2)[1], {})[demand] = None

    def matching(self, path: str) -> str | None:
        """The first one that would show it."""
        candidates = (demand for folder in (*_folders(path), "") for demand in self._below.get(folder, ()))
        return next((demand for demand in candidates if _shows(demand, path)), None)


def _literal_folder(pattern: str) -> str:
    return re.split(r"[*?\[]", pattern, maxsplit=1)[0].rpartition("/")[0]


def _shows(demand: str, path: str) -> bool:
    kind, _, pattern = demand.partition(":")
    if kind == "match":
        return _matches(path, pattern)
    return any(fnmatch.fnmatch(path, each) for each in (pattern, pattern.replace("**/", "")))  # `**/` may be no folder


def demanded(written: str, demands: Collection[str], patterns: Patterns, words: Collection[str]) -> str | None:
    """The demand that a write to the place `written` meets, or None."""
    if written in demands:
        return written
    kind, _, rest = written.partition(":")
    if kind == "entry" and (found := patterns.matching(rest)):
        return found
    return _PATTERNS.get(kind, _nothing)(rest, demands, words)


def _nothing(rest: str, demands: Collection[str], words: Collection[str]) -> str | None:
    return None


def _first(demands: Collection[str], *candidates: str) -> str | None:
    return next((candidate for candidate in candidates if candidate in demands), None)


def _file(rest: str, demands: Collection[str], words: Collection[str]) -> str | None:
    return _first(demands, "file:*", f"path:{rest}", *(f"tree:{folder}" for folder in _folders(rest)))


def _folders(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _matches(path: str, pattern: str) -> bool:
    folder, _, expression = pattern.partition(":")
    parent, _, name = path.rpartition("/")
    return parent == folder and re.match(expression, name) is not None


def _env(rest: str, demands: Collection[str], words: Collection[str]) -> str | None:
    return _first(demands, "env:*")


def _ambient(rest: str, demands: Collection[str], words: Collection[str]) -> str | None:
    return _first(demands, f"ambient:{rest.partition('|')[0]}|*")


def _word(rest: str, demands: Collection[str], words: Collection[str]) -> str | None:
    word = rest.rpartition("|")[2]
    return f"the word {word}" if word in words else None


def _submodule(rest: str, demands: Collection[str], words: Collection[str]) -> str | None:
    package, _, name = rest.rpartition("|")
    return f"the word {name}" if name in words and package.rpartition(".")[2] in words else None


def _in(rest: str, demands: Collection[str], words: Collection[str]) -> str | None:
    return _first(demands, "in:*")


_PATTERNS = {
    "file": _file,
    "entry": _file,
    "env": _env,
    "ambient": _ambient,
    "attribute": _word,
    "magic": _word,
    "submodule": _submodule,
    "in": _in,
}
