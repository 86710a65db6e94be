"""What an export would write, before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jupyter_repro.errors import ReproError
from jupyter_repro.lineage.slicing import slice_for
from jupyter_repro.lineage.targets import default_targets, file_targets, find_targets
from jupyter_repro.model import Recording
from jupyter_repro.pipeline.parameters import proposed_parameters
from jupyter_repro.server.reading import Recorded
from jupyter_repro.server.timeline import first_line
from jupyter_repro.server.views import Choice, Choices, Preview, Staying

_SUMMARY = 80  # characters
_TEXT_ONLY = ("stream", "error")
_CODE = ("module", "type", "function", "builtin_function_or_method", "ABCMeta")  # no results


def choices(recorded: Recorded) -> Choices:
    """What can be exported: outputs, files and variables, the latest first."""
    recording = recorded.recording
    try:
        default = default_targets(recording)
    except ReproError:
        default = ()
    found = (*_outputs(recording), *_files(recording), *_names(recording))
    return Choices(choices=tuple(dict.fromkeys(found)), default=default)


def preview(recorded: Recorded, targets: Sequence[str], cells: Sequence[int], files: Sequence[str]) -> Preview:
    """Raises UnknownTarget."""
    recording = recorded.recording
    chosen = slice_for(recording, find_targets(recording, targets, cells, files))
    reasons = {kept.ordinal: kept.reason for kept in chosen.kept}
    return Preview(
        targets=chosen.targets,
        executions=tuple(
            Staying(
                ordinal=each.ordinal,
                cell_id=each.cell_id,
                line=first_line(each.source),
                reason=reasons.get(each.ordinal),
            )
            for each in recording.executions
        ),
        parameters=proposed_parameters(recording, chosen),
    )


def _outputs(recording: Recording) -> Iterator[Choice]:
    seen: set[int] = set()
    for each in reversed(recording.executions):
        number = each.execution_count
        shows = any(output.kind not in _TEXT_ONLY for output in each.outputs)
        if shows and number is not None and number not in seen and each.status == "ok":
            seen.add(number)
            yield Choice(kind="output", value=str(number), detail=first_line(each.source)[:_SUMMARY])


def _files(recording: Recording) -> Iterator[Choice]:
    written = {
        file.path: each.ordinal
        for each in recording.executions
        for file in each.own_files
        if "write" in file.mode and file.digest is not None
    }
    for path, ordinal in reversed(written.items()):
        try:
            file_targets(recording, path)
        except ReproError:
            continue
        yield Choice(kind="file", value=path, detail=f"written by execution {ordinal}")


def _names(recording: Recording) -> Iterator[Choice]:
    for name, binding in recording.namespace.items():
        if binding.value is not None and binding.value.type not in _CODE and not name.startswith("_"):
            detail = f"{binding.value.type} {binding.value.summary}"[:_SUMMARY]
            yield Choice(kind="expression", value=name, detail=detail)
