"""`jrepro doctor`: what recording sees here, and what it needs."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from jupyter_repro.config import find_project, store_of

_LIMITS = {
    "fanotify": ("max_user_marks", "max_queued_events", "max_user_groups"),
    "inotify": ("max_user_watches", "max_queued_events", "max_user_instances"),
}
_DISTRIBUTIONS = ("jupyter-repro", "ipython", "ipykernel", "papermill", "jupyterlab")
_PANEL = "jupyter-repro"
_LISTENED_TO = ("requests", "urllib3", "httpx", "aiohttp", "fsspec", "SQLAlchemy", "psycopg", "pandas", "duckdb")
_UNHEARD = (
    "what C and Rust code (Polars, pyarrow, duckdb's httpfs), shell commands and worker processes fetch, and "
    "statements to sqlite3, duckdb and C drivers, but for what a cell's text names"
)


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def command(as_json: bool) -> None:
    """Try out how the files that a notebook uses are seen here, and tell what can't be seen.

    It looks at the project around the current folder, and at versions, git, the panel and the permission to write.
    """
    import json

    project = find_project(Path.cwd())
    report = {
        "project": str(project),
        "store": _store(project),
        "files": _files(project),
        "outside": {"listened_to": _installed(_LISTENED_TO), "unseen": _UNHEARD},
        "clock": _installed(("time-machine",))["time-machine"],
        "threads": _threads(),
        "versions": _versions(),
        "git": _git(project),
        "panel": _panel(),
    }
    click.echo(json.dumps(report, indent=1) if as_json else "\n".join(_lines(report)))


def _store(project: Path) -> dict[str, Any]:
    store = store_of(project)
    nearest = store if store.exists() else project
    return {"path": str(store), "exists": store.exists(), "writable": os.access(nearest, os.W_OK | os.X_OK)}


def _files(project: Path) -> dict[str, Any]:
    from jupyter_repro.capture.watch.probe import UNSEEN, probe
    from jupyter_repro.capture.watch.watch import FileWatch

    store = store_of(project)  # on the project's file system, and not watched
    tried = probe(store if os.access(store, os.W_OK) else Path(tempfile.gettempdir()))
    watch = FileWatch(str(project))
    watch.start()
    try:
        layer, refused, folders, limit = watch.layer, watch.refused, watch.folders, watch.limit
    finally:
        watch.stop()
    return {
        "layer": layer,
        "refused": refused,
        "tried": tried.seen,
        "works": tried.works and tried.layer == layer,
        "unseen": UNSEEN[layer],
        "folders": folders,
        "limit": limit,
        "system_limits": {name: _system_limit(layer, name) for name in _LIMITS.get(layer, ())},
        "file_system": _file_system(project),
    }


def _system_limit(layer: str, name: str) -> int | None:
    try:
        return int(Path("/proc/sys/fs", layer, name).read_text())
    except (OSError, ValueError):
        return None


def _file_system(folder: Path) -> str | None:
    """Its type; None where the system doesn't tell."""
    found: tuple[int, str | None] = (-1, None)
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    real = os.path.realpath(folder)
    for _, place, kind, *_ in map(str.split, mounts):
        if os.path.commonpath((place, real)) == place:
            found = max(found, (len(place), kind), key=lambda each: each[0])
    return found[1]


def _threads() -> dict[str, Any]:
    from jupyter_repro.capture.surroundings import THREADS, usable_cpus

    return {"usable_cpus": usable_cpus(), "set": {name: os.environ[name] for name in THREADS if name in os.environ}}


def _versions() -> dict[str, str | None]:
    return {"python": sys.version.split()[0], **_installed(_DISTRIBUTIONS)}


def _installed(names: Iterable[str]) -> dict[str, str | None]:
    from importlib.metadata import PackageNotFoundError, version

    found: dict[str, str | None] = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def _git(project: Path) -> dict[str, Any]:
    program = shutil.which("git")
    roots = [folder for folder in (project, *project.parents) if (folder / ".git").exists()]
    return {"program": program, "repository": str(roots[0]) if roots else None}


def _panel() -> str | None:
    """Where JupyterLab finds it. It is built into the package: Node isn't needed here."""
    from jupyter_core.paths import jupyter_path

    folders = [Path(path, _PANEL) for path in jupyter_path("labextensions")]
    return next((str(folder) for folder in folders if (folder / "package.json").exists()), None)


# --- for people ------------------------------------------------------------------------------------------------------


def _lines(report: dict[str, Any]) -> list[str]:
    store, git = report["store"], report["git"]
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items() if version is not None)
    allowed = "can be written" if store["writable"] else "CAN'T BE WRITTEN: nothing can be recorded here"
    new = "" if store["exists"] else " (nothing was recorded yet)"
    sections = [
        ("Project", [report["project"]]),
        ("Records", [f"{store['path']} {allowed}{new}"]),
        ("Files", _file_lines(report["files"])),
        ("Outside", _outside_lines(report["outside"])),
        ("Clock", [_clock_line(report["clock"])]),
        ("Threads", [_threads_line(report["threads"])]),
        ("Versions", [versions]),
        ("Git", [_git_line(git)]),
        ("Panel", [report["panel"] or "not installed: recording and `jrepro` work without it"]),
    ]
    return [
        f"{title if not number else '':<10}{line}" for title, lines in sections for number, line in enumerate(lines)
    ]


def _file_lines(files: dict[str, Any]) -> list[str]:
    layer = files["layer"]
    lines = [f"{layer}, on {files['file_system'] or 'a file system of unknown type'}, {files['folders']:,} folders"]
    lines += [f"{name} isn't possible: {why}" for name, why in files["refused"].items()]
    if files["tried"]:
        lines.append("Tried: " + ", ".join(f"{name} ({_shown(who)})" for name, who in files["tried"].items()))
    if files["limit"]:
        lines.append(
            f"Not all folders are watched ({files['limit']}): the project is compared before and after instead"
        )
    lines.append(f"It can't see {files['unseen']}.")
    if limits := {name: number for name, number in files["system_limits"].items() if number is not None}:
        lines.append("Limits: " + ", ".join(f"fs.{layer}.{name} {number}" for name, number in limits.items()))
    return lines


def _outside_lines(outside: dict[str, Any]) -> list[str]:
    found = ["urllib", *(f"{name} {version}" for name, version in outside["listened_to"].items() if version)]
    return [f"Network and databases are seen through {', '.join(found)}.", f"Not seen: {outside['unseen']}."]


def _clock_line(version: str | None) -> str:
    if version is None:
        return "real only: `pip install time-machine` lets runs and proofs begin at the recorded time"
    return f"runs and proofs can begin at the recorded time (time-machine {version})"


def _threads_line(threads: dict[str, Any]) -> str:
    own = ", ".join(f"{name}={value}" for name, value in threads["set"].items())
    return f"{threads['usable_cpus']} processors can be used; {own or 'no number of threads is set'}"


def _shown(who: str | None) -> str:
    return {"own": "seen: this process", "other": "seen: another process", "unknown": "seen"}.get(who or "", "NOT SEEN")


def _git_line(git: dict[str, Any]) -> str:
    program = git["program"] or "not found: commits and changes aren't recorded"
    return f"{program}, repository {git['repository']}" if git["repository"] else f"{program}, no repository here"
