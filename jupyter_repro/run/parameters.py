"""The parameters of a run: read from the command line and files, typed and checked before a kernel starts."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from jupyter_repro.errors import UnknownParameter, UsageError
from jupyter_repro.model import Parameter, Pipeline
from jupyter_repro.pipeline.rules import conform, described, from_text, objection, rule_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """As papermill takes them; of two values the one further down wins."""

    files: tuple[Path, ...] = ()  # of YAML
    yaml: tuple[str, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()  # read by the parameter's type
    raw: tuple[tuple[str, str], ...] = ()  # texts, whatever they look like


def parse_parameters(pipeline: Pipeline, given: Given) -> dict[str, Any]:
    """Name -> value, of those that were given.

    Raises UnknownParameter with the nearest name, and UsageError for a value of another type, outside of its range,
    of a secret, or a file that can't be read.
    """
    known = {parameter.name: parameter for parameter in pipeline.parameters}
    found: dict[str, Any] = {}
    for name, value, is_typed in _all(given):
        if name not in known:
            raise UnknownParameter(f"{pipeline.name} has no parameter {name}.", _nearest(name, known))
        found[name] = _checked(known[name], value, is_typed)
    return found


def as_text(value: Any) -> str:
    """As a record holds a value: a text as it is, anything else as Python."""
    return value if isinstance(value, str) else repr(value)


def unread(pipeline: Pipeline, values: Mapping[str, Any]) -> Iterator[str]:
    """A line for each parameter that was set and can't change a target."""
    for parameter in pipeline.parameters:
        if parameter.name in values and parameter.reaches == ():
            yield f"{parameter.name} isn't read by anything kept: it changes no target."


def _all(given: Given) -> Iterator[tuple[str, Any, bool]]:
    """Name, value, and whether that is a text to be read by the parameter's type."""
    for path in given.files:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            problem = getattr(error, "strerror", None) or "it is no UTF-8"
            raise UsageError(f"{path} can't be read: {problem}.", f"Look with `ls -l {quote(str(path))}`.") from None
        yield from ((name, value, False) for name, value in _mapping(text, str(path)).items())
    for text in given.yaml:
        yield from ((name, value, False) for name, value in _mapping(text, "The text of -y").items())
    yield from ((name, value, True) for name, value in given.texts)
    yield from ((name, value, False) for name, value in given.raw)


def _mapping(text: str, origin: str) -> dict[str, Any]:
    import yaml

    step = "Write one `NAME: VALUE` a line."
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"{origin} is no YAML: {' '.join(str(error).split())[:200]}.", step) from None
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise UsageError(f"{origin} names no parameters.", step)
    return found


def _checked(parameter: Parameter, value: Any, is_typed: bool) -> Any:
    name, rule = parameter.name, rule_of(parameter)
    if parameter.secret is not None:
        step = f"It is read from {parameter.secret}: set it there, and leave `-p {name}` out."
        raise UsageError(f"{name} is a secret, which takes no value here.", step)
    step = f"Its default is {parameter.default}: type `-p {name} {quote(parameter.default)}`."
    try:
        found = from_text(rule, value) if is_typed else conform(rule, value)
    except ValueError:
        raise UsageError(f"{name} takes {described(rule)}, and {value!r} is none.", step) from None
    if (reason := objection(rule, found)) is not None:
        raise UsageError(f"{name}: {found!r} {reason}.", step)
    return found


def _nearest(name: str, known: Mapping[str, Parameter]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    if near:
        return f"Did you mean `-p {near[0]} VALUE`?"
    if known:
        return f"It has {', '.join(known)}: type `-p {next(iter(known))} VALUE`."
    return "It has none: type `jrepro run DIR` without `-p`, or export it with `jrepro export NOTEBOOK -p NAME`."
