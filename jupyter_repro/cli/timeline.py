"""A session as text: a head, then two or three lines for each execution, or only those on what is stale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import click

from jupyter_repro.cli.console import local_time, one_line, seconds
from jupyter_repro.cli.markup import Cell, Code, Lines, Table, Tone, Verdict
from jupyter_repro.cli.training import fit_lines
from jupyter_repro.lineage.staleness import Stale
from jupyter_repro.model import CellExecution, FileAccess, Query, RandomState, Recording, RemoteRead
from jupyter_repro.store.liveness import State

_SHOWN = 8  # of one kind: names, files, stale executions in an overview; --json has all
_WIDTH = 100  # characters of a cell's first line
_INDENT = " " * 13  # below the status
_ROWS = 500  # of a table
_TONES: Mapping[str, Tone] = {
    "ok": "good",
    "error": "bad",
    "interrupted": "bad",
    "lost": "bad",
    "unobserved": "warning",
}
_COLOURS = {"ok": "green", "error": "red", "interrupted": "red", "lost": "red", "running": "cyan"}


def timeline(
    recording: Recording, state: State, stale: Sequence[Stale], saved: bool, reasons: Mapping[int, str]
) -> Iterator[str]:
    """Lines without ends. `saved` tells whether the saved notebook was there to compare with.

    `reasons` say, by ordinal, why executions are kept or dropped.
    """
    yield from head(recording, state, stale, saved)
    yield ""
    by_ordinal = {each.ordinal: each for each in stale}
    for execution in recording.executions:
        yield _summary(execution)
        if reason := reasons.get(execution.ordinal):
            yield _INDENT + click.style(one_line(reason), bold=reason.startswith("kept"))
        yield from (f"{_INDENT}{one_line(detail)}" for detail in _details(execution))
        if found := by_ordinal.get(execution.ordinal):
            yield from (_INDENT + click.style(one_line(reason), fg="yellow") for reason in _staleness(found))


def overview(recording: Recording, state: State, stale: Sequence[Stale], saved: bool) -> Iterator[str]:
    """The head, and one line for each of the first few stale executions."""
    yield from head(recording, state, stale, saved)
    executions = {execution.ordinal: execution for execution in recording.executions}
    for each in stale[:_SHOWN]:
        first = next(_staleness(each))
        yield f"{each.ordinal:>5} {_first_line(executions[each.ordinal])}  {click.style(one_line(first), fg='yellow')}"
    if stale[_SHOWN:]:
        yield f"      and {len(stale) - _SHOWN} more: `jrepro show {recording.session.id}`"


def head(recording: Recording, state: State, stale: Sequence[Stale], saved: bool) -> Iterator[str]:
    session, environment, git = recording.session, recording.session.environment, recording.session.git
    yield click.style(
        f"Session {session.id} of {one_line(session.notebook or 'a notebook that is not known')}", bold=True
    )
    facts = [
        f"{state}, started {local_time(session.started)}",
        session.kernel,
        f"Python {environment.python}" if environment else "",
        f"git {git.commit[:8]}{' with changes' if git.dirty else ''}" if git else "",
        f"seed {session.seed}" if session.seed is not None else "",
        "deterministic modes" if session.deterministic else "",
    ]
    yield one_line(", ".join(filter(None, facts)))
    yield _counts(recording.executions, stale)
    if not saved:
        yield "The saved notebook can't be read, so cells that were edited or deleted since can't be told."
    for problem in (*recording.problems, *_last_line(session.incomplete)):
        yield click.style(f"Problem: {one_line(problem)}", fg="yellow")


def stale_table(recording: Recording, stale: Sequence[Stale]) -> Table:
    """What the overview tells, for a page."""
    executions = {execution.ordinal: execution for execution in recording.executions}
    rows = [
        (str(each.ordinal), Verdict(_staleness_word(each), "warning"), Code(_first_line(executions[each.ordinal])), why)
        for each in stale[:_SHOWN]
        for why in [Lines([reason.partition(": ")[2] for reason in _staleness(each)])]
    ]
    caption = f"The first {_SHOWN} of {len(stale)} that no longer stand for what the notebook would give now"
    if len(stale) <= _SHOWN:
        caption = "No longer stand for what the notebook would give now"
    return Table(caption=caption, headers=("execution", "state", "code", "why"), rows=rows)


def timeline_table(recording: Recording, stale: Sequence[Stale], reasons: Mapping[int, str]) -> Table:
    by_ordinal = {each.ordinal: each for each in stale}
    rows: list[Sequence[Cell]] = []
    for execution in recording.executions[-_ROWS:]:
        found = by_ordinal.get(execution.ordinal)
        why = reasons.get(execution.ordinal)
        details = [*([why] if why else []), *_details(execution), *(_staleness(found) if found else ())]
        status = Verdict(execution.status, _TONES.get(execution.status, "quiet"))
        took = seconds(execution.duration)
        rows.append(
            (str(execution.ordinal), _prompt(execution), status, took, Code(_first_line(execution)), Lines(details))
        )
    hidden = len(recording.executions) - len(rows)
    caption = f"What ran, in true order; {hidden} earlier ones are left out" if hidden else "What ran, in true order"
    return Table(caption=caption, headers=("execution", "prompt", "status", "time", "code", "details"), rows=rows)


def _prompt(execution: CellExecution) -> str:
    return f"[{execution.execution_count}]" if execution.execution_count is not None else "[ ]"


def _staleness_word(stale: Stale) -> str:
    return "stale" if stale.reasons else "deleted"


def _counts(executions: Sequence[CellExecution], stale: Sequence[Stale]) -> str:
    counts = {
        "executions": len(executions),
        "failed": sum(each.status in ("error", "interrupted", "lost") for each in executions),
        "not observed": sum(each.status == "unobserved" for each in executions),
        "stale": sum(bool(each.reasons) for each in stale),
        "of deleted cells": sum(each.deleted for each in stale),
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count or what == "executions")


def _summary(execution: CellExecution) -> str:
    status = click.style(f"{execution.status:<11}", fg=_COLOURS.get(execution.status))
    duration, text = seconds(execution.duration), _first_line(execution)
    return f"{execution.ordinal:>5} {_prompt(execution):<6} {status} {duration:>9}  {text}".rstrip()


def _first_line(execution: CellExecution) -> str:
    lines = execution.source.strip().splitlines() or [""]
    more = " …" if len(lines) > 1 or len(lines[0]) > _WIDTH else ""
    return one_line(lines[0][:_WIDTH]) + more


def _details(execution: CellExecution) -> Iterator[str]:
    files = execution.own_files
    yield from _line(
        "names",
        {
            "reads": execution.names_read,
            "binds": (*execution.bound, *execution.rebound),
            "mutates": execution.mutated,
            "deletes": execution.deleted,
        },
    )
    yield from _line(
        "files",
        {
            "reads": [_path(each) for each in files if each.mode in ("read", "read+write")],
            "writes": [each.path for each in files if each.mode in ("write", "read+write")],
            "deletes": [each.path for each in files if each.mode == "delete"],
            "lists": [_path(each) for each in files if each.mode == "list"],
            "others used": [each.path for each in execution.files if each not in files],
        },
    )
    yield from _line(
        "random",
        {
            "": [_stream(state) for state in execution.random],
            "unseeded": [f"{each.source} ({each.count})" for each in execution.entropy],
        },
    )
    yield from fit_lines(execution.fits)
    yield from _line("network", {"": [_response(read) for read in execution.remote]})
    yield from _line("database", {"": [_question(query) for query in execution.queries]})
    yield from _line("state", {"changes": [f"{change.group} {change.key}".strip() for change in execution.ambient]})
    if execution.error:
        yield f"{execution.error.name}: {next(iter(execution.error.message.splitlines()), '')}"
    for reason in _last_line(execution.incomplete):
        yield f"incomplete: {reason}"


def _path(access: FileAccess) -> str:
    count = f" ({access.count} entries)" if access.count is not None else ""
    return f"{access.path}{count}{' (changed meanwhile)' if access.changed else ''}"


def _line(label: str, items_by_verb: dict[str, Sequence[str]]) -> Iterator[str]:
    parts = [f"{verb} {_some(items)}".strip() for verb, items in items_by_verb.items() if items]
    if parts:
        yield f"{label}: {' · '.join(parts)}"


def _some(items: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(items))
    rest = len(distinct) - _SHOWN
    return ", ".join(distinct[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _stream(state: RandomState) -> str:
    return state.library if state.seed is None else f"{state.library} (unseeded)"


def _response(read: RemoteRead) -> str:
    """As far as it is known: status, size and digest of what was read."""
    facts = [
        str(read.status or "named in the text"),
        f"{read.size:,} bytes" if read.size is not None else "",
        f"sha256 {read.digest[:12]}" if read.digest is not None else "",
        "" if read.complete or read.digest is None else "in part",
    ]
    return f"{read.method or 'may read'} {read.url} ({', '.join(filter(None, facts))})"


def _question(query: Query) -> str:
    facts = [
        query.database or "",
        f"{query.count} times" if query.count > 1 else "",
        f"{query.rows:,} rows" if query.rows is not None else "",
        f"sha256 {query.digest[:12]}" if query.digest is not None else "",
        "named in the text" if query.seen == "literal" else "",
    ]
    return f"{query.text or 'a statement that is not known'} ({', '.join(filter(None, facts))})"


def _staleness(stale: Stale) -> Iterator[str]:
    if stale.deleted:
        yield "deleted: the saved notebook has no such cell any more"
    for reason in stale.reasons:
        yield f"stale: {reason}"


def _last_line(text: str | None) -> Sequence[str]:
    """A reason may be a traceback, which says at its end what happened."""
    return text.strip().splitlines()[-1:] if text else ()
