"""Which of the ambient state a cell may read: found by the words and libraries in its reach."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from jupyter_repro.lineage.names import Names


class _Readers(NamedTuple):
    words: frozenset[str]  # words or modules that make a reader
    keyed_by: frozenset[str] = frozenset()  # attributes whose constant keys are all that is read


def _readers(words: str, keyed_by: str = "") -> _Readers:
    return _Readers(frozenset(words.split()), frozenset(keyed_by.split()))


_GROUPS = {
    "rc": _readers("matplotlib seaborn", "rcParams rc"),
    "print": _readers("numpy pandas"),
    "numeric errors": _readers("numpy pandas sklearn scipy"),
    "pandas": _readers("pandas"),
    "logging": _readers("logging"),
    "decimal": _readers("decimal"),
    "recursion": _readers("getrecursionlimit setrecursionlimit"),
    "locale": _readers("locale strftime strptime"),
    "interpreter": _readers("sys"),
    "timezone": _readers("time datetime zoneinfo"),
    "torch": _readers("torch"),
    "keras": _readers("keras tensorflow"),
    "socket": _readers("socket urllib http"),
    "warnings": _readers("warnings warn"),
    "shell": _readers("get_ipython run_line_magic run_cell_magic"),
    "signal": _readers("signal kill alarm"),
    "copyreg": _readers("copyreg pickle copy dumps"),
}
_ENVIRONMENT = frozenset("environ getenv environb expandvars putenv env".split())
_DIRECTORY = frozenset(
    """
    abspath absolute curdir cwd exists getcwd glob isdir isfile is_dir is_file iterdir listdir realpath resolve rglob
    scandir walk
    """.split()
)


class Called(NamedTuple):
    """What a cell or an expression may call: words and texts in it and in the functions that it reaches."""

    words: AbstractSet[str]
    strings: AbstractSet[str]
    modules: AbstractSet[str]
    user_code: bool


def ambient_reads(names: Names, called: Called, modules: Mapping[str, str]) -> set[str]:
    """Places, as `lineage.places` names them; `modules` tells which names are modules."""
    found: set[str] = set()
    seen = called.words | called.modules
    for group, readers in _GROUPS.items():
        if seen & readers.words:
            keys = _constant_keys(names, called, modules, readers)
            found |= {f"ambient:{group}|*"} if keys is None else {f"ambient:{group}|{key}" for key in keys}
    if called.user_code:
        found.add("ambient:recursion|*")
    if names.calls:
        found.add("ambient:warning errors|*")
    return found | _environment_reads(names, called) | _directory_reads(names, called)


def _constant_keys(
    names: Names, called: Called, modules: Mapping[str, str], readers: _Readers
) -> AbstractSet[str] | None:
    """The keys, where all that is used of these libraries is keyed by constants; None where it may be anything."""
    if not readers.keyed_by or called.user_code or not names.strings:
        return None
    used: set[str] = set()
    for name, attributes in names.attributes.items():
        if modules.get(name, "").partition(".")[0] in readers.words:
            used |= attributes
    return names.strings if used and used <= readers.keyed_by else None


def _environment_reads(names: Names, called: Called) -> set[str]:
    if names.whole_environment or ("environ" in called.words and not called.strings):
        return {"env:*"}
    if _ENVIRONMENT & called.words:
        return {f"env:{word}" for word in called.strings | called.words if len(word) < 80}
    return set()


def _directory_reads(names: Names, called: Called) -> set[str]:
    found = set()
    if _DIRECTORY & called.words or names.commands:
        found.add("cwd:")
    if {"path", "sys"} <= called.words and not names.patched:
        found.add("ambient:path|*")
    return found
