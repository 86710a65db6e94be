"""What a shell command may touch, by its text alone."""

from __future__ import annotations

import ast
import os
import re
import shlex
from dataclasses import dataclass, field

# Commands whose files are all named on their command line. Anything else may read whatever it likes.
_READING = frozenset("cat chmod cp cut grep gzip head ln ls mv sed sort tail tee test tr uniq wc".split())
# And those that read no file.
_QUIET = frozenset(
    """
    basename cd date dirname echo export false mkdir printf pwd rm rmdir seq set sleep touch true uname whoami
    """.split()
)
_SEPARATORS = re.compile(r"\|\||&&|[;\n|&]")
_VARIABLE = re.compile(r"\$\{?(\w+)")
_INTERPOLATION = re.compile(r"\{((?:[^{}]|\{[^{}]*\})+)\}")
_SUBSTITUTION = re.compile(r"\$\(|`|[<>]\(")  # of a command
_GLOB = re.compile(r"[*?\[]")
_EXPANDED = re.compile(r"[${]")  # which file it is can't be told from the text


@dataclass
class Command:
    """The places that a shell text reads, relative to the working directory it runs in."""

    paths: set[str] = field(default_factory=set)
    patterns: set[str] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)
    unknown: bool = False  # it may read any file and any variable


def read_command(text: str) -> Command:
    found = Command(variables={"PATH", *_VARIABLE.findall(text)}, unknown=_SUBSTITUTION.search(text) is not None)
    folder = ""
    for part in _SEPARATORS.split(_without_descriptors(text)):
        folder = _read_simple(_words(part), folder, found)
    return found


def command_words(text: str) -> set[str]:
    """The first word of each command in it, and of those in `$(...)`."""
    parts = _SEPARATORS.split(re.sub(r"\$\(|`|^!+|^%%?\w+", "\n", text))
    return {words[0] for part in parts if (words := _words(part.strip(")` ")))}


def interpolated_names(text: str) -> set[str]:
    """Python names that IPython substitutes into a command: `$name` and `{expression}`, as in a format string."""
    names = set(re.findall(r"\$(\w+)", text))
    for expression in _INTERPOLATION.findall(text):
        try:
            tree = ast.parse(f'f"""{{{expression}}}"""', mode="eval")
        except (SyntaxError, ValueError):
            continue
        names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return names


def _without_descriptors(text: str) -> str:
    """`2>&1` names no file, `2> file` and `&> file` overwrite one."""
    return re.sub(r"(?<!\S)\d>|&>", " >", re.sub(r"\d?>&[\d-]", " ", text))


def _words(part: str) -> list[str]:
    try:
        return shlex.split(re.sub(r">>|[<>]", r" \g<0> ", part), comments=True)
    except ValueError:  # an unclosed quote: an apostrophe in a here-document, say
        return part.split()


def _read_simple(words: list[str], folder: str, found: Command) -> str:
    """Note what one command reads when it runs in `folder`; gives the folder for the next one."""
    while words and re.match(r"\w+=", words[0]):  # assignments before the command
        words = words[1:]
    if not words:
        return folder
    name, arguments = words[0], _arguments(words[1:])
    if name == "cd":
        found.unknown |= any(map(_EXPANDED.search, arguments))
        return os.path.join(folder, arguments[0] if arguments else "~")
    if name not in _READING and name not in _QUIET:
        found.unknown = True
        return folder
    if name == "ls" and all(word.startswith("-") for word in arguments):
        found.patterns.add(os.path.join(folder, "*"))
    for word in arguments:
        found.unknown |= name in _READING and _EXPANDED.search(word) is not None
        (found.patterns if _GLOB.search(word) else found.paths).add(os.path.join(folder, word))
    return folder


def _arguments(words: list[str]) -> list[str]:
    """The words that may name something to read: not what a `>` overwrites."""
    arguments, overwritten = [], False
    for word in words:
        if word == ">":
            overwritten = True
        elif overwritten:
            overwritten = False
        elif word not in ("<", ">>", ""):
            arguments.append(word)
    return arguments
