"""scikit-learn's estimators: by parameters and fitted state."""

from __future__ import annotations

from typing import Any

from jupyter_repro.capture.values import objects
from jupyter_repro.capture.values.node import Handler, Node, tag_of

_TIMES = ("_fit_time", "_score_time")


def _estimator(value: Any) -> Node:
    node = objects.handler(type(value))(value)
    shown = [f"{name}={part!r}" for name, part in zip(node.names, node.children, strict=True) if _is_shown(name, part)]
    state = "fitted" if any(name.endswith("_") and not name.startswith("_") for name in node.names) else "not fitted"
    node.text = f"{', '.join(shown)}, {state}".lstrip(", ")
    return node


def _is_shown(name: str, part: Any) -> bool:
    return not name.startswith("_") and not name.endswith("_") and type(part) in (int, float, str)


def _search(value: Any) -> Node:
    """A search without the seconds that it took."""
    names, children = objects.attributes(value)
    kept = {name: _untimed(part) for name, part in zip(names, children, strict=True) if name != "refit_time_"}
    return Node(tag_of(type(value)), kind="fields", names=tuple(kept), children=tuple(kept.values()))


def _untimed(part: Any) -> Any:
    if type(part) is not dict:
        return part
    return {name: column for name, column in part.items() if not str(name).endswith(_TIMES)}


HANDLERS: dict[str, Handler] = {
    "sklearn.BaseSearchCV": _search,
    "sklearn.BaseEstimator": _estimator,
}
