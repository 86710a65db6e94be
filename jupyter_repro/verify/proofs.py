"""Proofs on record: `.jrepro/proofs/<id>.json`, one for each export and each proof, and what they add up to.

A pipeline stands as its newest proof left it, as long as its notebook is the one that was run.
"""

from __future__ import annotations

import getpass
import json
import platform
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import msgspec

from jupyter_repro.config import relative, store_of
from jupyter_repro.errors import ReproError, StorageError
from jupyter_repro.hashing import FileHasher, digest
from jupyter_repro.journal import new_session_id, now, prepare_store
from jupyter_repro.model import FileAccess, Pipeline, Proof, Standing, Verification
from jupyter_repro.pipeline.manifest import read_pipeline, write_manifest
from jupyter_repro.run.runs import project_of
from jupyter_repro.store.conversion import from_json, to_json
from jupyter_repro.verify.inputs import files_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """How a pipeline stands; `since` is when that was found out. `edited`: its notebook is another than was proven."""

    standing: Standing
    pipeline: str  # its folder, relative to the project
    since: str | None = None
    edited: bool = False


def keep_proof(
    folder: Path, pipeline: Pipeline, verification: Verification | None, command: Literal["export", "verify"]
) -> Proof:
    """Write down that the pipeline was proven, or exported without a proof. StorageError where it can't be written."""
    project = project_of(folder, pipeline)
    proof = Proof(
        id=new_session_id(),
        pipeline=relative(folder.absolute(), project),
        session=pipeline.session,
        verdict="unproven" if verification is None else verification.verdict,
        started=now() if verification is None else verification.started,
        command=command,
        user=_user(),
        host=platform.node() or None,
        machine=platform.platform(),
        notebook=notebook_digest(folder, pipeline),
    )
    if verification is not None:
        same = ("duration", "python", "environment", "notebook", "data", "checks", "clock", "budget")
        proof = replace(proof, **{name: getattr(verification, name) for name in same})
    _write(project, proof)
    return proof


def keep_verified(folder: Path, pipeline: Pipeline, verification: Verification) -> None:
    """Also in the manifest where that has no proof yet: there it goes along to other machines."""
    if pipeline.verification is None and verification.proven:
        write_manifest(folder, replace(pipeline, verification=verification))
    keep_proof(folder, pipeline, verification, "verify")


def standing(folder: Path, pipeline: Pipeline) -> Known:
    """By the newest proof of the notebook that is there, here or as the manifest tells."""
    project, found = project_of(folder, pipeline), notebook_digest(folder, pipeline)
    path = relative(folder.absolute(), project)
    proofs = [each for each in list_proofs(project) if each.pipeline == path and each.started >= pipeline.created]
    known: list[tuple[str, Standing, str | None]] = [
        (each.started, each.verdict, each.notebook) for each in proofs if each.verdict != "unproven"
    ]
    if (verification := pipeline.verification) is not None:
        known.append((verification.started, verification.verdict, verification.notebook or found))
    of_this = [each for each in known if each[2] == found]
    if not of_this:
        return Known(standing="unproven", pipeline=path, edited=bool(known))
    since, verdict, _ = max(of_this)
    return Known(standing=verdict, pipeline=path, since=since)


def pipelines_of(project: Path, session: str | None = None) -> list[tuple[str, Known]]:
    """The session and the standing of each pipeline that was exported here, of one session if that is given."""
    folders = {each.pipeline for each in list_proofs(project) if session in (None, each.session)}
    found = []
    for path in sorted(folders):
        with suppress(ReproError):  # it is not there any more
            pipeline = read_pipeline(project / path)
            if session in (None, pipeline.session):
                found.append((pipeline.session, standing(project / path, pipeline)))
    return found


def list_proofs(project: Path) -> list[Proof]:
    """All that can be read, the oldest first."""
    found = []
    for path in sorted((store_of(project) / "proofs").glob("*.json")):
        with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
            found.append(from_json(path.read_bytes(), Proof))
    return found


def notebook_digest(folder: Path, pipeline: Pipeline) -> str | None:
    return FileHasher().digest(folder / pipeline.stages[0].notebook)


def environment_digest(python: str | None, distributions: Mapping[str, str | None]) -> str | None:
    """None where the kernel ended before it could tell."""
    if python is None:
        return None
    return digest(json.dumps([python, platform.machine(), sorted(distributions.items())], default=str).encode())


def data_digests(pipeline: Pipeline, project: Path, hasher: FileHasher) -> tuple[FileAccess, ...]:
    """What the pipeline reads, as it is now; a folder by the files in it that were read."""
    written = {out.path for stage in pipeline.stages for out in stage.outs}
    deps = (dep for stage in pipeline.stages for dep in stage.deps if dep.path not in written)
    return tuple(FileAccess(path=dep.path, mode="read", digest=_digest(dep, project, hasher)) for dep in deps)


def _digest(dep: FileAccess, project: Path, hasher: FileHasher) -> str | None:
    if dep.manifest is None:
        return hasher.digest(project / dep.path)
    with suppress(StorageError):
        files = sorted((each.path, hasher.digest(project / each.path)) for each in files_in(dep, project))
        return digest(json.dumps(files).encode())
    return None


def _user() -> str | None:
    with suppress(Exception):  # no name for this user: KeyError, OSError, ImportError by platform and version
        return getpass.getuser()
    return None


def _write(project: Path, proof: Proof) -> None:
    """Where the project can be written; the verification itself stands in the pipeline."""
    home = store_of(project) / "proofs"
    partial = home / f".{proof.id}.json"
    with suppress(OSError):
        prepare_store(project)
        home.mkdir(exist_ok=True)
        partial.write_text(f"{to_json(proof, indent=2)}\n")
        partial.replace(home / f"{proof.id}.json")


def standing_words(known: Known, folder: str) -> Iterator[str]:
    """What a person is to know of a pipeline that isn't proven; nothing of one that is. `folder` is as one types it."""
    step = f"type `jrepro verify {folder}`"
    if known.edited:
        yield f"{folder} is unproven: its notebook was changed after its proof; {step} to prove it again."
    elif known.standing == "unproven":
        yield f"{folder} is unproven: it was exported without a proof; {step} to prove it."
    elif known.standing != "proven":
        yield f"{folder} is {known.standing}, by its last proof; {step} to see why."
