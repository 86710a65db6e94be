"""In the kernel of a run, when it has ended: its metrics, and what it ran on.

Standard library only; it travels as text, for the kernel's environment may lack this package.
"""

from __future__ import annotations

import json
import math
import sys
from typing import Any

_MOST = 200  # metrics


def collect(namespace: dict[str, Any], names: list[str], distributions: list[str]) -> str:
    """JSON: scalars that these names are bound to, Keras histories, scores of searches; versions. Never raises."""
    found: dict[str, float] = {}
    for name in names:
        _add(found, name, namespace.get(name))
    for name, value in list(namespace.items()):
        if not name.startswith("_") and len(found) < _MOST:
            try:
                _look_into(found, name, value)
            except Exception:  # noqa: BLE001 - the value is the user's
                continue
    return json.dumps({"metrics": found, "python": sys.version.split()[0], "distributions": _versions(distributions)})


def _look_into(found: dict[str, float], name: str, value: Any) -> None:
    kind = type(value)
    library = kind.__module__.partition(".")[0]
    if kind.__name__ == "History" and library in ("keras", "tensorflow", "tf_keras"):
        for metric, values in value.history.items():
            if values:
                _add(found, f"{name}.{metric}", values[-1])
    elif library == "sklearn":
        for attribute in ("best_score_", "oob_score_"):
            _add(found, f"{name}.{attribute.rstrip('_')}", vars(value).get(attribute))


def _add(found: dict[str, float], name: str, value: Any) -> None:
    if isinstance(value, (bool, str)) or value is None:
        return
    try:
        if getattr(value, "shape", ()) == () and not isinstance(value, complex):
            number = float(value)
            if math.isfinite(number):
                found[name] = number
    except Exception:  # noqa: BLE001 - the value is the user's
        return


def _versions(names: list[str]) -> dict[str, str | None]:
    from importlib.metadata import PackageNotFoundError, version

    found: dict[str, str | None] = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found
