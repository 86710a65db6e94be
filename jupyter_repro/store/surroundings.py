"""What surrounded a session, as a helper process saw it, joined with what the journal says was imported."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import msgspec

from jupyter_repro import objects
from jupyter_repro.config import store_of
from jupyter_repro.errors import StorageError
from jupyter_repro.model import CellExecution, Environment, GitState, Module, Session

Distributions = dict[str, dict[str, str]]  # import name -> distribution -> version; a namespace package has several
Kind = TypeVar("Kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The machine, the environment and the repository when the session started; None or empty where not known."""

    cpu: str | None = None
    gpu: tuple[str, ...] = ()
    imports: str | None = None  # the object that holds the Distributions of the whole environment
    git: GitState | None = None
    tracked: str | None = None  # the object that lists the importable files of the repository, as records name files
    problems: tuple[str, ...] = ()


def surroundings_path(project: Path, session_id: str) -> Path:
    return store_of(project) / "sessions" / f"{session_id}.environment.json"


def join_surroundings(
    project: Path, session: Session, executions: Iterable[CellExecution], problems: list[str]
) -> Session:
    """The session with its git state, processor and distributions; as it is where the helper wrote nothing."""
    found = _read(surroundings_path(project, session.id), problems)
    if found is None:
        return session
    problems.extend(found.problems)
    imports = _content(project, found.imports, Distributions, problems)
    tracked = _content(project, found.tracked, frozenset[str], problems)
    modules = session.modules if tracked is None else tuple(_looked_up(module, tracked) for module in session.modules)
    return replace(
        session,
        environment=_environment(found, session.environment, imports or {}, executions),
        git=found.git and replace(found.git, untracked=tuple(each.path for each in modules if each.tracked is False)),
        modules=modules,
    )


def _read(path: Path, problems: list[str]) -> Surroundings | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Surroundings)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        problems.append(f"{path.name}, which tells of git and of the packages, can't be read")
        return None


def _content(project: Path, digest: str | None, kind: type[Kind], problems: list[str]) -> Kind | None:
    if digest is None:
        return None
    try:
        return msgspec.json.decode(objects.get(project, digest), type=kind)
    except (StorageError, msgspec.MsgspecError) as error:
        problems.append(str(error))
        return None


def _looked_up(module: Module, tracked: frozenset[str]) -> Module:
    return module if module.tracked is not None else replace(module, tracked=module.path in tracked)


def _environment(
    found: Surroundings, environment: Environment | None, imports: Distributions, executions: Iterable[CellExecution]
) -> Environment | None:
    if environment is None:
        return None
    imported = {name for execution in executions for name in execution.modules}
    distributions = environment.distributions.copy()
    for name in sorted(imported & imports.keys()):
        distributions |= imports[name]
    return replace(
        environment,
        cpu=environment.cpu or found.cpu,
        gpu=environment.gpu or found.gpu,
        distributions=dict(sorted(distributions.items())),
    )
