"""Real calls that read and write files, in real kernels: each must be recorded, whatever language it is written in."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from file_calls import GROUPS, Call, Group
from ordinary import as_ordinary_user

from jupyter_repro.capture.watch.probe import probe
from jupyter_repro.model import CellExecution, FileAccess
from jupyter_repro.store.journal_reader import read_recording

if TYPE_CHECKING:
    from tests.conftest import WriteNotebook

COMMAND = (sys.executable, "-m", "jupyter_repro.cli")


def _parameters() -> list[Any]:
    found = []
    for name, group in GROUPS.items():
        missing = [module for module in group.needs if find_spec(module) is None]
        skip = pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")
        found.append(pytest.param(group, id=name, marks=skip))
    return found


@pytest.mark.parametrize("group", _parameters())
def test_each_call_leaves_its_files_in_the_record(
    group: Group, project: Path, write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    layer = probe(tmp_path)
    if layer.layer != "fanotify":
        pytest.skip(f"fanotify is refused here: {layer.refused}")
    notebook = write_notebook([*group.prepare, *(call.source for call in group.calls.values())])
    executions = _record(notebook, project, tmp_path / "home")

    made = dict(zip(group.calls, executions[len(group.prepare) :], strict=True))
    failed = {name: execution.error for name, execution in made.items() if execution.status != "ok"}
    assert not failed
    wrong = {name: found for name, call in group.calls.items() if (found := _wrong(call, made[name], project))}
    assert not wrong, json.dumps(wrong, indent=1)


def _record(notebook: Path, project: Path, home: Path) -> tuple[CellExecution, ...]:
    command, user = [*COMMAND, "record", notebook.name, "--json"], as_ordinary_user(home)
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, **user)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])  # after what the kernel's children have printed
    recording = read_recording(project, report["session"])
    assert recording.session.incomplete is None
    assert recording.problems == ()
    return recording.executions


def _wrong(call: Call, execution: CellExecution, project: Path) -> list[str]:
    found = {access.path: access for access in execution.files}
    modes = {path: access.mode for path, access in found.items() if path in call.files or path not in call.may}
    problems = [f"files: {modes}, not {call.files}"] if modes != call.files else []
    problems += [f"{path}: by {access.by}" for path, access in found.items() if access.by != call.by]
    problems += [f"{path}: digest {access.digest}" for path, access in found.items() if not _is_right(access, project)]
    if execution.incomplete:
        problems.append(execution.incomplete)
    return problems


def _is_right(access: FileAccess, project: Path) -> bool:
    path = project / access.path
    if access.mode in ("list", "delete") or not path.is_file():
        return access.digest is None
    return access.digest == hashlib.sha256(path.read_bytes()).hexdigest()
