"""What won't reproduce: each with one sentence and one action."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from jupyter_repro.errors import ReproError
from jupyter_repro.lineage.targets import default_targets
from jupyter_repro.model import CellExecution, Kept, Recording, Slice
from jupyter_repro.pipeline.nondeterminism import nondeterminism
from jupyter_repro.pipeline.uses import phrase, remedy
from jupyter_repro.server.data import data_view
from jupyter_repro.server.reading import Recorded
from jupyter_repro.server.surroundings import surroundings
from jupyter_repro.server.views import DataFile, Finding, Package

_FILES = {
    "changed": "{} is another file than the one that was read.",
    "removed": "{} was read, and is gone.",
    "added": "{} is new: a folder that was listed holds it now.",
    "unknown": "{} can't be compared: its content was not recorded.",
}
_RESTORE = "Put it back with `jrepro data restore {} {}`."
_REPLACE = "Put the old one back, or run what reads it again."


def findings(recorded: Recorded) -> tuple[Finding, ...]:
    """The most telling first."""
    recording = recorded.recording
    return (
        *_incomplete(recording),
        *_differing(recorded),
        *_files(recorded),
        *_packages(recorded),
        *_outside(recorded),
        *_random(recording),
    )


def _incomplete(recording: Recording) -> Iterator[Finding]:
    for each in recording.executions:
        if each.incomplete is not None:
            reason = each.incomplete.strip().splitlines()[-1].rstrip(".")
            sentence = f"Of execution {each.ordinal} isn't known all that it did: {reason}."
            yield Finding(kind="incomplete", sentence=sentence, action="Run its cell again.", ordinal=each.ordinal)


def _differing(recorded: Recorded) -> Iterator[Finding]:
    """Cells that, as they are saved, are not what ran; of a cell the last execution counts."""
    ordinals = [each.ordinal for each in recorded.recording.executions]
    matches = recorded.matches
    latest = {match.key: ordinal for ordinal, match in zip(ordinals, matches, strict=True) if match.key is not None}
    stale = {each.ordinal: each for each in recorded.stale}
    for ordinal, match in zip(ordinals, matches, strict=True):
        if match.key is not None and latest[match.key] != ordinal:
            continue
        if match.deleted:
            sentence = f"Execution {ordinal} ran a cell that was deleted since."
            action = "Export: what ran is on record, and stays in if a result needs it."
            yield Finding(kind="deleted", sentence=sentence, action=action, ordinal=ordinal)
        elif match.edited:
            sentence = f"Execution {ordinal} ran another text than its cell holds now."
            yield Finding(kind="edited", sentence=sentence, action="Compare the texts, then run it.", ordinal=ordinal)
        elif ordinal in stale:
            sentence = f"Execution {ordinal} is out of date: {'; '.join(stale[ordinal].reasons)}."
            yield Finding(kind="stale", sentence=sentence, action="Run its cell again.", ordinal=ordinal)


def _files(recorded: Recorded) -> Iterator[Finding]:
    session = recorded.summary.session.id
    for file in data_view(recorded).files:
        if file.state != "unchanged" and (file.read_by or file.state == "added"):
            sentence = _FILES[file.state].format(file.path)
            action = _RESTORE.format(session, file.path) if file.kept else _file_action(file)
            yield Finding(kind="file", sentence=sentence, action=action, ordinal=min(file.read_by, default=None))


def _file_action(file: DataFile) -> str:
    if file.state == "unknown":
        return "Run what reads it again, to have it recorded."
    folder = str(PurePosixPath(file.path).parent)
    return f"Move it out of {folder}, or run what lists it again." if file.state == "added" else _REPLACE


def _packages(recorded: Recorded) -> Iterator[Finding]:
    for package in surroundings(recorded).packages:
        if is_changed(package):
            sentence = f"{package.name} was {package.version}, and is {package.now} here now."
            action = f"Install the old one: `pip install {package.name}=={package.version}`."
            yield Finding(kind="package", sentence=sentence, action=action)


def is_changed(package: Package) -> bool:
    return package.now is not None and package.now != package.version


def _outside(recorded: Recorded) -> Iterator[Finding]:
    """The clock, the network and the like, in everything that ran."""
    recording = recorded.recording
    folder = f"{recorded.notebook.stem}-pipeline"
    for use in nondeterminism(recording, _everything(recording)):
        if use.kind != "timer":
            step = remedy(use.kind, folder) or ("look at what it gives before you rely on it" if use.matters else "")
            action = f"{step[:1].upper()}{step[1:]}." if step else "Nothing to do: no result is seen to hold it."
            sentence = f"Execution {use.ordinal} {phrase(use.kind, use.detail)}."
            yield Finding(kind="nondeterminism", sentence=sentence, action=action, ordinal=use.ordinal)


def _everything(recording: Recording) -> Slice:
    try:
        targets = default_targets(recording)
    except ReproError:
        targets = ()
    kept = tuple(Kept(ordinal=each.ordinal, reason="") for each in recording.executions)
    return Slice(targets=targets, kept=kept, dropped=())


def _random(recording: Recording) -> Iterator[Finding]:
    """Draws without a seed of the user's, by library: the first one stands for all."""
    found: dict[str, CellExecution] = {}
    for execution in recording.executions:
        drawn = [state.library for state in execution.random if state.seed is not None or state.stream is not None]
        for library in (*drawn, *(each.source for each in execution.entropy)):
            found.setdefault(library, execution)
    seed = recording.session.seed
    for library, execution in found.items():
        sentence = (
            f"Execution {execution.ordinal} draws from {library} without a seed: it got the session's seed {seed}."
        )
        action = "Nothing to do in the export, which seeds it. In the notebook, set a seed yourself."
        yield Finding(kind="random", sentence=sentence, action=action, ordinal=execution.ordinal)
