"""`jrepro data`: the files that a session read, then and now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jupyter_repro.cli.console import one_line, print_pages
from jupyter_repro.cli.show import find_recorded
from jupyter_repro.config import find_project
from jupyter_repro.errors import NoSession

if TYPE_CHECKING:
    from jupyter_repro.verify.data import DataState, FileState
    from jupyter_repro.verify.inputs import Inputs
    from jupyter_repro.verify.kept_data import Restored

_DIFFER = 1  # the exit code
_SHOWN = 20  # files of one folder; --json has all
_COLOURS = {"removed": "red", "changed": "yellow", "added": "green", "unknown": "cyan"}
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group("data")
def command() -> None:
    """Compare the files that a session read with what is on disk, keep them, and put them back.

    The inputs of a session are the files that it read, or listed, and had not written itself before.
    """


@command.command("status")
@click.argument("notebook", required=False)
@click.option("--session", help="Its id from `jrepro log`.  [default: the newest one]")
@click.option("--quick", is_flag=True, help="Take a file of the same size and time for the same, without reading it.")
@_JSON
def status(notebook: str | None, session: str | None, quick: bool, as_json: bool) -> int:
    """Compare the inputs of a session of NOTEBOOK, or of the project's newest session, with the disk.

    Ends with exit code 1 where something differs.
    """
    from jupyter_repro.verify.data import data_status

    project, session_id, inputs = _inputs(notebook, session)
    with tracking("Comparing", quiet=as_json) as track:
        found = data_status(inputs, project, quick=quick, track=track)
    return _show(found, {"session": session_id}, "since the recorded run", as_json)


@command.command("diff")
@click.argument("first", metavar="SESSION")
@click.argument("second", metavar="SESSION")
@_JSON
def diff(first: str, second: str, as_json: bool) -> int:
    """Compare the inputs of one session with those of another one.

    Ends with exit code 1 where something differs.
    """
    from jupyter_repro.verify.data import data_difference

    project, one, before = _inputs(first, None)
    _, other, after = _inputs(second, None)
    found = data_difference(before, after, project)
    return _show(found, {"first": one, "second": other}, f"from session {one} to {other}", as_json)


@command.command("keep")
@click.argument("session", required=False)
@_JSON
def keep(session: str | None, as_json: bool) -> int:
    """Keep copies of the inputs of SESSION, by default of the newest one, that are still as they were recorded."""
    from jupyter_repro.verify.kept_data import keep_inputs

    project, session_id, inputs = _inputs(session, None)
    with tracking("Keeping", quiet=as_json) as track:
        kept = keep_inputs(inputs, project, track=track)
    return _tell(kept, {"session": session_id}, as_json)


@command.command("restore")
@click.argument("session")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--to", type=click.Path(path_type=Path), help="Below this folder.  [default: where they were]")
@click.option("--force", is_flag=True, help="Overwrite files that differ.")
@_JSON
def restore(session: str, paths: tuple[str, ...], to: Path | None, force: bool, as_json: bool) -> int:
    """Put the inputs of SESSION back as they were read: those that were kept, or only the files and folders PATH.

    A file that differs stays as it is unless --force is given. Ends with exit code 1 where something is missing.
    """
    from jupyter_repro.verify.kept_data import restore_inputs

    project, session_id, inputs = _inputs(session, None)
    with tracking("Restoring", quiet=as_json) as track:
        restored = restore_inputs(inputs, project, paths, to=to, force=force, track=track)
    return _tell(restored, {"session": session_id}, as_json)


def _inputs(session: str | None, session_id: str | None) -> tuple[Path, str, Inputs]:
    """The project, the session's id, its inputs."""
    from jupyter_repro.store.journal_reader import read_recording
    from jupyter_repro.verify.inputs import inputs_of

    project, found = _newest() if session is None and session_id is None else find_recorded(session_id or session or "")
    return project, found, inputs_of(read_recording(project, found), project)


def _newest() -> tuple[Path, str]:
    from jupyter_repro.store.sessions import how_to_record, list_sessions

    project = find_project(Path.cwd())
    sessions = list_sessions(project)
    if not sessions:
        raise NoSession("Nothing was recorded here yet.", how_to_record("NOTEBOOK.ipynb"))
    return project, next((each for each in sessions if each.executions), sessions[0]).session.id


@contextmanager
def tracking(description: str, *, quiet: bool) -> Iterator[Callable[[Sequence[Any]], Iterable[Any]]]:
    """A bar on a terminal, while something long goes on."""
    from functools import partial

    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        yield partial(bar.track, description=description)


def _show(found: DataState, about: dict[str, str], since: str, as_json: bool) -> int:
    from jupyter_repro.store.conversion import to_json

    if as_json:
        import msgspec

        click.echo(to_json({**about, "differs": found.differs, **msgspec.to_builtins(found)}))
    else:
        print_pages(_lines(found, since))
    return _DIFFER if found.differs else 0


def _lines(found: DataState, since: str) -> Iterator[str]:
    by_folder: dict[str, list[FileState]] = {}
    for each in found.files:
        by_folder.setdefault(str(Path(each.path).parent), []).append(each)
    for folder, counts in found.folders.items():
        yield f"{one_line(folder.rstrip('/'))}/: {_counted(counts, since)}"
        files = by_folder.get(folder, [])
        for each in files[:_SHOWN]:
            state = click.style(f"{each.state:<9}", fg=_COLOURS.get(each.state))
            yield f"    {state} {one_line(each.path)}{_more(each)}"
        if files[_SHOWN:]:
            yield f"    and {len(files) - _SHOWN} more: --json has all"
    for folder, why in found.unknown.items():
        yield f"{one_line(folder)}/: what was in it is not known: {one_line(why)}"
    yield f"In all: {_counted(found.counts, since)}"


def _more(each: FileState) -> str:
    notes = [each.reason] if each.reason else []
    if each.state in ("removed", "changed") and each.digest is not None:
        notes.append("kept" if each.kept else f"was sha256 {each.digest[:12]}, not kept")
    return f"  ({'; '.join(notes)})" if notes else ""


def _counted(counts: dict[str, int], since: str) -> str:
    from jupyter_repro.verify.data import DIFFERENT

    different = ", ".join(f"{counts[state]} {state}" for state in DIFFERENT if counts.get(state))
    rest = ", ".join(f"{counts[state]} {state}" for state in ("unchanged", "unknown") if counts.get(state))
    return f"{different or 'nothing differs'} {since} ({rest or 'none unchanged'})"


def _tell(done: Restored, about: dict[str, str], as_json: bool) -> int:
    from jupyter_repro.store.conversion import to_json

    if as_json:
        import msgspec

        click.echo(to_json({**about, **msgspec.to_builtins(done)}))
    else:
        print_pages(_done_lines(done))
    return 0 if done.complete else _DIFFER


def _done_lines(done: Restored) -> Iterator[str]:
    for path, problem in list(done.problems.items())[:_SHOWN]:
        yield f"{one_line(path)}: {one_line(problem)}"
    if len(done.problems) > _SHOWN:
        yield f"and {len(done.problems) - _SHOWN} more: --json has all"
    yield done.summary
