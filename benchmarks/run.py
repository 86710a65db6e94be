"""What recording costs, against the plain kernel: `python benchmarks/run.py`, in an environment that has jupyter_repro.

Ratios of one run are what counts: times depend on the machine, and on what else it is doing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

import command
import engine
import loads
import notebooks
import oracle
import slices
import start
import trivial
from figures import Figure, table

_BENCHMARKS: dict[str, Callable[[int], list[Figure]]] = {
    "trivial": trivial.measure,
    "pandas": notebooks.pandas,
    "sklearn": notebooks.sklearn,
    "loads": loads.measure,
    "memory": loads.memory,
    "start": start.measure,
    "help": command.measure,
    "slices": slices.measure,
    "oracle": oracle.measure,
    "engine": engine.measure,
}
_DISTRIBUTIONS = ("jupyter-repro", "ipykernel", "ipython", "jupyter_client", "pyzmq", "numpy", "pandas", "scikit-learn")


def main() -> None:
    arguments = _parser().parse_args()
    machine = _machine()
    figures = [figure for name in arguments.only or _BENCHMARKS for figure in _BENCHMARKS[name](arguments.pairs)]
    machine["load_after"] = _load()
    print(f"\n{table(figures)}\n\n{_described(machine, arguments.pairs)}")
    if arguments.json is not None:
        report = {**machine, "pairs": arguments.pairs, "figures": [figure.to_dict() for figure in figures]}
        arguments.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="What recording costs, against the plain kernel.")
    parser.add_argument("--only", action="append", choices=_BENCHMARKS, metavar="NAME", help=", ".join(_BENCHMARKS))
    parser.add_argument("--pairs", type=_positive, default=5, metavar="N", help="measurements with and without (5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _machine() -> dict[str, Any]:
    return {
        "measured": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "versions": {name: version(name) for name in _DISTRIBUTIONS},
        "load_before": _load(),
    }


def _load() -> float:
    return round(os.getloadavg()[0], 1)


def _described(machine: dict[str, Any], pairs: int) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    load = f"load {machine['load_before']} before and {machine['load_after']} after, of which 1 to 2 are ours"
    return (
        f"Pairs: {pairs}; {machine['measured']}; {machine['cpus']} CPUs, {load}.\n"
        f"Python {machine['python']}, {versions}."
    )


if __name__ == "__main__":
    main()
