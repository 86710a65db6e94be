"""A run in which some factors are as they were recorded. The user's files are afterwards as they were before."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from jupyter_repro.config import store_of
from jupyter_repro.hashing import digest
from jupyter_repro.model import Verification
from jupyter_repro.run.parameters import Given, parse_parameters
from jupyter_repro.verify.aside import Touched, set_aside
from jupyter_repro.verify.contents import Contents
from jupyter_repro.verify.edits import Edits
from jupyter_repro.verify.explanation import Factor
from jupyter_repro.verify.packages import Overlays
from jupyter_repro.verify.prove import judge, plan_comparison
from jupyter_repro.verify.rerun import How, Reran, rerun
from jupyter_repro.verify.situation import Situation

_FILES, _CELLS, _VARIABLES = ("data", "code"), ("cell", "seed"), ("environment", "threads")


@dataclass(frozen=True, slots=True)
class Restorer:
    """`values` are the recorded ones of environment variables, as the user says."""

    situation: Situation
    overlays: Overlays
    values: Mapping[str, str] = field(default_factory=dict)

    def run(self, factors: Sequence[Factor], upto: int | None) -> tuple[Verification, Reran]:
        """With these factors put back, up to an execution or to the end. Raises what `rerun` raises."""
        given = {name: text for name, text in self.situation.given.items() if name not in _names(factors, "parameter")}
        clock = "recorded" if _names(factors, "clock") else self.situation.clock
        with tempfile.TemporaryDirectory(prefix="jrepro-bisect-") as temporary:
            folder = Path(temporary).resolve()
            project = Path(os.path.relpath(self.situation.project, folder)).as_posix()
            pipeline = replace(self.situation.pipeline, project=project)
            self._write_notebook(folder, factors, upto)
            situation = replace(self.situation, folder=folder, pipeline=pipeline, given=given, clock=clock)
            with _as_recorded(self.situation.project, [each for each in factors if each.kind in _FILES]):
                ran = rerun(
                    folder,
                    pipeline,
                    situation.kept,
                    plan_comparison(situation),
                    how=How(
                        clock=clock,
                        parameters=parse_parameters(pipeline, Given(texts=tuple(given.items()))),
                        environment=self._environment(factors),
                    ),
                )
            return judge(situation, ran, ()), ran

    def _write_notebook(self, folder: Path, factors: Sequence[Factor], upto: int | None) -> None:
        edits = Edits(self.situation.folder, self.situation.pipeline, self.situation.project)
        notebook = edits.undone(_names(factors, *_CELLS), upto)
        (folder / self.situation.pipeline.stages[0].notebook).write_text(json.dumps(notebook), encoding="utf-8")

    def _environment(self, factors: Sequence[Factor]) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        for factor in factors:
            if factor.kind == "threads":
                found[factor.name] = factor.recorded
            elif factor.kind == "environment":
                found[factor.name] = None if factor.state == "added" else self.values[factor.name]
        folders = [self.overlays.folder(each) for each in factors if each.kind == "package"]
        if folders:
            own = os.environ.get("PYTHONPATH")
            found["PYTHONPATH"] = os.pathsep.join([*map(str, folders), *([own] if own else [])])
        return found


def outcome_digest(verification: Verification, ran: Reran) -> str:
    """Equal for two runs in which the same differed in the same way."""
    checks = [check for checks in ran.findings.after.values() for check in checks]
    told = [(each.subject, each.verdict, each.found) for each in (*checks, *verification.checks)]
    return digest(json.dumps([told, ran.outcome.error]).encode())


def _names(factors: Sequence[Factor], *kinds: str) -> frozenset[str]:
    return frozenset(factor.name for factor in factors if factor.kind in kinds)


@contextmanager
def _as_recorded(project: Path, files: Sequence[Factor]) -> Iterator[None]:
    contents = Contents(project)
    added = [str(project / each.name) for each in files if each.state == "added"]
    others = [each for each in files if each.state != "added"]
    touched = Touched(made=tuple(added), changed=tuple(_first_new(project / each.name) for each in others))
    with set_aside(project, touched, spared=(store_of(project),)):
        for each in others:
            content = contents.of(each.name, each.recorded)
            if content is not None:
                path = project / each.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        yield


def _first_new(path: Path) -> str:
    """The file, or the outermost folder that is to be made for it."""
    missing = [each for each in path.parents if not each.exists()]
    return str(missing[-1] if missing else path)
