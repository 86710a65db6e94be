"""Which installed distributions give an import name, for the whole environment."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import Distribution, distributions

from jupyter_repro.store.surroundings import Distributions


def distributions_by_import() -> Distributions:
    """Import names of the top level, with the distributions that have a part in them and their versions.

    The first distribution of a name on `sys.path` counts, as it does for imports. One whose metadata are broken is left
    out.
    """
    found: Distributions = {}
    seen: set[str] = set()
    for distribution in distributions():
        try:
            name, version = distribution.metadata["Name"] or "", distribution.metadata["Version"] or ""
            imports = _import_names(distribution, name)
        except Exception:  # noqa: BLE001  # a broken installation raises KeyError, UnicodeDecodeError, OSError...
            continue
        if name and version and _normalised(name) not in seen:
            seen.add(_normalised(name))
            for each in imports:
                found.setdefault(each, {})[name] = version
    found.pop("", None)
    return found


def _import_names(distribution: Distribution, name: str) -> set[str]:
    if declared := distribution.read_text("top_level.txt"):
        return set(declared.split())
    installed = set(_installed(distribution))
    return installed or {_normalised(name)}  # an editable installation lists no module


def _installed(distribution: Distribution) -> Iterator[str]:
    for path in distribution.files or ():
        top = path.parts[0]
        if len(path.parts) > 1 and top.isidentifier() and path.suffix in _SUFFIXES:
            yield top
        elif len(path.parts) == 1 and path.suffix in _SUFFIXES:
            yield path.name.partition(".")[0]


_SUFFIXES = {".py", ".pyd", ".so"}


def _normalised(name: str) -> str:
    return name.lower().replace("-", "_").replace(".", "_")
