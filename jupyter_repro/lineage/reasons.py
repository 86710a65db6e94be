"""Why an execution is kept, in words."""

from __future__ import annotations

from jupyter_repro.lineage.demands import Met
from jupyter_repro.model import CellExecution

_GROUPS = {
    "path": "the module search path",
    "rc": "matplotlib's settings",
    "print": "how numpy prints",
    "numeric errors": "how numpy treats numeric errors",
    "pandas": "pandas' options",
    "warnings": "the warning filters",
    "warning errors": "which warnings are errors",
    "logging": "logging",
    "decimal": "the decimal context",
    "locale": "the locale",
    "recursion": "the recursion limit",
    "interpreter": "the interpreter's state",
    "timezone": "the time zone",
    "torch": "torch's defaults",
    "keras": "Keras' defaults",
    "keras names": "the numbers in Keras' names",
    "socket": "the network time-out",
    "signal": "signal handlers",
    "copyreg": "how objects are copied",
    "shell": "IPython's state",
}


def reason(met: Met, execution: CellExecution) -> str:
    if met.by.startswith("the file "):
        return f"{_deed(met, execution)}, which is asked for"
    return f"{_deed(met, execution)}, which {met.by} {_use(met)}"


def _use(met: Met) -> str:
    return "depends on" if met.kind == "place" and not met.what.startswith(("file:", "entry:")) else "reads"


def _deed(met: Met, execution: CellExecution) -> str:
    if met.kind == "name":
        verb = "deletes" if met.what in execution.deleted else "rebinds" if met.what in execution.rebound else "binds"
        return f"{verb} {_name(met.what)}"
    if met.kind == "place":
        return _place_deed(met.what, execution)
    changed = execution.mutated or execution.bound or execution.rebound
    if changed:
        return f"changes `{'`, `'.join(changed[:3])}`"
    return "changes an object"


def _name(name: str) -> str:
    if name.startswith("module "):
        return f"the module `{name.removeprefix('module ')}`"
    return f"the {name}" if " " in name else f"`{name}`"


def _place_deed(place: str, execution: CellExecution) -> str:
    kind, _, rest = place.partition(":")
    if kind == "random":
        seeded = place not in execution.reads.places
        return f"seeds {rest}'s global stream" if seeded else f"draws from {rest}'s global stream"
    if kind == "ambient":
        return f"sets {_GROUPS.get(rest.partition('|')[0], rest)}"
    owner, _, attribute = rest.rpartition("|")
    return {
        "file": f"writes {rest}",
        "entry": f"creates or removes {rest}",
        "env": f"sets the environment variable {rest}",
        "cwd": "changes the working directory",
        "attribute": f"sets {owner}.{attribute}",
        "submodule": f"imports {owner}.{attribute}",
        "magic": f"registers {rest}",
        "in": f"is input {rest}",
        "heap": "may change objects that were too many to look at",
    }.get(kind, f"changes {place}")
