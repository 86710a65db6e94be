"""What a parameter may be: its types, and the range or the choices that the comment beside it names."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from math import inf
from typing import Any

from jupyter_repro.model import Parameter

_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"(?<![\w.])({_NUMBER})\s*\.\.(?!\.\d)\s*({_NUMBER})(?![\w.])")
_CHOICES = re.compile(r"\bone of:?\s*([^;]+)", re.IGNORECASE)
_SECRET = re.compile(r"\s*secret\b(?:\s*:\s*((?:env|file|keyring):\S+))?", re.IGNORECASE)
_KINDS = ("bool", "int", "float", "str", "list", "tuple", "dict", "set", "None")
_WORDS = {"true": True, "false": False, "none": None, "null": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`kinds` is empty where any type will do."""

    kinds: tuple[str, ...]
    low: float = -inf
    high: float = inf
    choices: tuple[str, ...] = ()


def rule_of(parameter: Parameter) -> Rule:
    """What its default isn't allowed by, the comment doesn't mean."""
    kinds = kinds_of(parameter.inferred_type_name)
    rule, default = _by_comment(parameter, kinds), _literal(parameter.default)
    return rule if default is None or objection(rule, default) is None else Rule(kinds=kinds)


def _by_comment(parameter: Parameter, kinds: tuple[str, ...]) -> Rule:
    low, high = _range(parameter.help)
    found = _CHOICES.search(parameter.help)
    choices = tuple(each.strip().strip("'\"") for each in found[1].split(",")) if found else ()
    return Rule(kinds=kinds, low=low, high=high, choices=choices)


def kinds_of(annotation: str) -> tuple[str, ...]:
    """`int | None`, `Optional[int]`, `list[int]` as names of types; empty where one of them isn't known."""
    text = annotation.strip().strip("'\"")
    if inside := re.fullmatch(r"(?:typing\.)?Optional\[(.*)\]", text):
        text = f"{inside[1]} | None"
    parts = [re.sub(r"\[.*\]", "", part).strip() for part in text.split("|")]
    parts = [part.lower() if part in ("List", "Dict", "Tuple", "Set") else part for part in parts]
    known = all(part in _KINDS for part in parts) and parts != ["None"]
    return tuple(parts) if known else ()


def secret_source(comment: str, name: str) -> str | None:
    """Where the value of a literal marked `# secret` is to come from; None where it isn't marked."""
    found = _SECRET.match(comment)
    return (found[1] or f"env:{name.upper()}") if found else None


def variable_of(secret: Parameter) -> str:
    """The environment variable in which the exported notebook looks for it."""
    kind, _, name = (secret.secret or "").partition(":")
    return name if kind == "env" else secret.name.upper()


def from_text(rule: Rule, text: str) -> Any:
    """The value that a person typed. ValueError where the text is of none of the types."""
    if rule.kinds == ("str",):
        return text
    try:
        value = _literal(text)
        return conform(rule, value)
    except ValueError:
        if "str" in rule.kinds:
            return text
        raise


def conform(rule: Rule, value: Any) -> Any:
    """The value as one of the types; ValueError where it is none of them."""
    kind = "None" if value is None else type(value).__name__
    if not rule.kinds or kind in rule.kinds:
        return value
    if kind == "int" and "float" in rule.kinds:
        return float(value)
    if isinstance(value, str) and "float" in rule.kinds and value.lower().lstrip("+-") in ("inf", "nan"):
        return float(value)
    if kind == "list" and "tuple" in rule.kinds:
        return tuple(value)
    if kind == "list" and "set" in rule.kinds:
        return set(value)
    raise ValueError(kind)


def objection(rule: Rule, value: Any) -> str | None:
    """Why a value of a right type won't do: "is not in 1..10"."""
    if value is None and "None" in rule.kinds:
        return None
    if rule.choices and str(value) not in rule.choices:
        return f"is not one of {', '.join(rule.choices)}"
    if isinstance(value, (int, float)) and not rule.low <= value <= rule.high:
        return f"is not in {rule.low:g}..{rule.high:g}"
    return None


def described(rule: Rule) -> str:
    """The types as one reads them: "an int", "a float or None"."""
    words = " or ".join(rule.kinds)
    return f"{'an' if words.startswith('int') else 'a'} {words}"


def _range(comment: str) -> tuple[float, float]:
    found = _RANGE.search(comment)
    return (float(found[1]), float(found[2])) if found else (-inf, inf)


def _literal(text: str) -> Any:
    """The Python literal that it is, else the text itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return _WORDS.get(text.lower(), text)
