"""What surrounds a session and is too slow to find out in the kernel: git, distributions, processor, GPUs.

    python -m jupyter_repro.store.sidecar PROJECT SESSION [NOTEBOOK_FOLDER]

The kernel starts it at `%repro start`, in the user's environment, and never waits. It writes
`.jrepro/sessions/SESSION.environment.json` in one step. A part that can't be found out is named in `problems`; the
others are written all the same.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from jupyter_repro import objects
from jupyter_repro.model import GitState
from jupyter_repro.store.distributions import distributions_by_import
from jupyter_repro.store.machine import cpu_model, gpu_names
from jupyter_repro.store.repository import Repository, find_repository
from jupyter_repro.store.surroundings import Surroundings, surroundings_path

Found = TypeVar("Found")


def main(arguments: list[str]) -> None:
    project, session_id, *folder = arguments
    if hasattr(os, "nice"):
        os.nice(10)  # the user's first cells come first
    write_surroundings(Path(project), session_id, Path(folder[0] if folder else project))


def write_surroundings(project: Path, session_id: str, folder: Path) -> None:
    """`folder` is where the repository is looked for: the notebook's, upwards."""
    path = surroundings_path(project, session_id)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        partial.write_bytes(msgspec.json.encode(observe(project, folder)))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def observe(project: Path, folder: Path) -> Surroundings:
    """Everything, with the parts that could not be found out named in `problems`; objects go to `project`."""
    attempt = _Attempt()
    repository = attempt("the git repository", lambda: find_repository(folder))
    git = tracked = None
    if repository is not None:
        git = _git(project, repository, attempt)
        tracked = attempt("what git tracks", lambda: _keep(project, repository.importable(project)))
    return Surroundings(
        cpu=attempt("the processor", cpu_model),
        gpu=attempt("the GPUs", gpu_names) or (),
        imports=attempt("the installed distributions", lambda: _keep(project, distributions_by_import())),
        git=git,
        tracked=tracked,
        problems=tuple(attempt.problems),
    )


class _Attempt:
    """Finds out one thing after the other, whatever one of them meets."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def __call__(self, what: str, find: Callable[[], Found]) -> Found | None:
        try:
            return find()
        except Exception as error:  # noqa: BLE001  # git, drivers and broken installations raise all kinds
            self.problems.append(f"{what} can't be found out: {type(error).__name__}: {error}")
            return None


def _git(project: Path, repository: Repository, attempt: _Attempt) -> GitState | None:
    """None before the first commit. A diff that can't be told counts as one."""
    commit = attempt("git's commit", repository.commit)
    if commit is None:
        return None
    diff = attempt("what differs from git's commit", repository.diff)
    return GitState(
        commit=commit,
        branch=attempt("git's branch", repository.branch),
        dirty=diff != b"",
        diff=attempt("what differs from git's commit", lambda: objects.put(project, diff)) if diff else None,
    )


def _keep(project: Path, content: object) -> str:
    return objects.put(project, msgspec.json.encode(content, order="sorted"))


if __name__ == "__main__":
    main(sys.argv[1:])
