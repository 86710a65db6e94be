"""What a parameter may be, by its type and the comment beside it."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_repro.model import Parameter
from jupyter_repro.pipeline.rules import conform, from_text, kinds_of, objection, rule_of, secret_source, variable_of


def parameter(kind: str = "int", comment: str = "", default: str = "None", secret: str | None = None) -> Parameter:
    return Parameter(name="key", default=default, inferred_type_name=kind, help=comment, secret=secret)


@pytest.mark.parametrize(
    ("annotation", "kinds"),
    [
        ("int", ("int",)),
        ("int | None", ("int", "None")),
        ("Optional[float]", ("float", "None")),
        ("'str'", ("str",)),
        ("list[int]", ("list",)),
        ("dict[str, int] | None", ("dict", "None")),
        ("None", ()),
        ("np.ndarray", ()),
    ],
)
def test_annotations(annotation: str, kinds: tuple[str, ...]) -> None:
    assert kinds_of(annotation) == kinds


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "7", 7),
        ("float", "7", 7.0),
        ("float", "1e-3", 0.001),
        ("float", "inf", float("inf")),
        ("bool", "true", True),
        ("bool", "False", False),
        ("str", "7", "7"),
        ("str", "None", "None"),
        ("int | None", "none", None),
        ("int | None", "3", 3),
        ("str | None", "a b", "a b"),
        ("list", "[1, 2]", [1, 2]),
        ("tuple", "[3, 3]", (3, 3)),
        ("tuple", "(3, 3)", (3, 3)),
        ("dict", "{'a': 1}", {"a": 1}),
        ("None", "anything", "anything"),
        ("None", "2", 2),
    ],
)
def test_texts_become_values(kind: str, text: str, value: Any) -> None:
    found = from_text(rule_of(parameter(kind)), text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "text"),
    [("int", "many"), ("int", "1.5"), ("int", "True"), ("bool", "1"), ("float", "x"), ("list", "3"), ("int", "None")],
)
def test_texts_of_another_type_are_refused(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        from_text(rule_of(parameter(kind)), text)


def test_a_text_is_no_number_where_it_was_meant_as_a_text() -> None:
    with pytest.raises(ValueError, match="str"):
        conform(rule_of(parameter("int")), "7")


@pytest.mark.parametrize(
    ("kind", "comment", "value", "reason"),
    [
        ("int", "1..10", 10, None),
        ("int", "1..10", 11, "is not in 1..10"),
        ("float", "rate, 0.0..1.0; of learning", -0.1, "is not in 0..1"),
        ("float", "-1 .. 1e3", 1000.0, None),
        ("str", "one of: adam, sgd", "sgd", None),
        ("str", "one of: adam, sgd", "rmsprop", "is not one of adam, sgd"),
        ("str", "optimizer; one of 'adam', 'sgd'; as in Keras", "sgd", None),
        ("int", "one of: 1, 2", 2, None),
        ("int | None", "1..10", None, None),
        ("int", "version 1.2...3", 9, None),
    ],
)
def test_ranges_and_choices(kind: str, comment: str, value: Any, reason: str | None) -> None:
    assert objection(rule_of(parameter(kind, comment)), value) == reason


def test_a_comment_that_would_refuse_the_default_means_something_else() -> None:
    assert objection(rule_of(parameter("int", "as in lines 2..3", default="1")), 7) is None
    assert objection(rule_of(parameter("str", "one of: a, b", default="'c'")), "d") is None


@pytest.mark.parametrize(
    ("comment", "source", "variable"),
    [
        ("secret", "env:KEY", "KEY"),
        ("Secret: env:TOKEN", "env:TOKEN", "TOKEN"),
        ("secret: file:/run/key", "file:/run/key", "KEY"),
        ("secret: keyring:service/me", "keyring:service/me", "KEY"),
    ],
)
def test_secrets_are_marked_by_their_comment(comment: str, source: str, variable: str) -> None:
    assert secret_source(comment, "key") == source
    assert variable_of(parameter(secret=source)) == variable


@pytest.mark.parametrize("comment", ["", "not a secret", "secretary"])
def test_other_comments_mark_no_secret(comment: str) -> None:
    assert secret_source(comment, "key") is None
