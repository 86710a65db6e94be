"""Inputs kept by their content in `.jrepro/objects/`, and put back from there.

Never by hard links: who changes a file in place would change what was kept. Where the file system can share blocks
between files, a copy takes no room.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from jupyter_repro import objects
from jupyter_repro.capture.keeping import Keeping, clone
from jupyter_repro.errors import StorageError, UsageError
from jupyter_repro.hashing import FileHasher, last, open_regular
from jupyter_repro.verify.data import Track
from jupyter_repro.verify.inputs import Input, Inputs

_PIECE = 1 << 20


@dataclass(slots=True)
class Restored:
    """`problems` holds what could not be done, by path, in words."""

    done: list[str] = field(default_factory=list)
    already: int = 0
    problems: dict[str, str] = field(default_factory=dict)
    summary: str = ""

    @property
    def complete(self) -> bool:
        return not self.problems


def keep_inputs(inputs: Inputs, project: Path, *, track: Track[Input] = iter) -> Restored:
    """Copy what is still as it was read. StorageError where there is no room."""
    kept, keeping = Restored(), Keeping(project)
    for each in track(_files(inputs)):
        try:
            _keep(each, project, keeping, kept)
        except OSError as error:
            step = "Make room there, then type `jrepro data keep` again."
            raise StorageError(f"{each.path} can't be kept: {error.strerror}.", step) from error
    kept.problems |= {folder: f"what was in it is not known: {why}" for folder, why in inputs.unknown.items()}
    kept.summary = f"Kept {len(kept.done)}, {kept.already} were kept already, {len(kept.problems)} can't be kept."
    return kept


def _keep(each: Input, project: Path, keeping: Keeping, kept: Restored) -> None:
    if each.digest is None:
        kept.problems[each.path] = "its content was not recorded"
    elif objects.has(project, each.digest):
        kept.already += 1
    elif (found := _digest_while_keeping(project / each.path, keeping)) is None:
        kept.problems[each.path] = f"it is gone; what was read had sha256 {each.digest[:12]}"
    elif found != each.digest:
        kept.problems[each.path] = f"it has changed; what was read had sha256 {each.digest[:12]}"
    elif not objects.has(project, found):
        kept.problems[each.path] = "a copy would take more than half of the space that is left"
    else:
        kept.done.append(each.path)


def _digest_while_keeping(path: Path, keeping: Keeping) -> str | None:
    try:
        status, descriptor = os.stat(path), open_regular(path)
    except OSError:
        return None
    if descriptor is None:
        return None
    try:
        return last(keeping.hashing(descriptor, status))
    finally:
        os.close(descriptor)


def restore_inputs(  # noqa: PLR0913  the options of `jrepro data restore`
    inputs: Inputs,
    project: Path,
    paths: Sequence[str],
    *,
    to: Path | None = None,
    force: bool = False,
    track: Track[Input] = iter,
) -> Restored:
    """Write what was kept, where it was or below `to`. Raises UsageError where a path names no input."""
    restored, hasher = Restored(), FileHasher()
    for each in track(_chosen(_files(inputs), paths)):
        target = _target(each.path, project, to)
        if target is None:
            restored.problems[each.path] = "it leads out of the folder"
        elif each.digest is None:
            restored.problems[each.path] = "its content was not recorded"
        elif hasher.digest(target) == each.digest:
            restored.already += 1
        elif not objects.has(project, each.digest):
            restored.problems[each.path] = f"no copy was kept; what was read had sha256 {each.digest}"
        elif os.path.lexists(target) and not force:
            restored.problems[each.path] = f"{target} differs and stays as it is; --force overwrites it"
        else:
            _write(each, objects.path_of(project, each.digest), target, restored)
    restored.summary = (
        f"Restored {len(restored.done)}, {restored.already} were there already, {len(restored.problems)} not restored."
    )
    return restored


def _files(inputs: Inputs) -> list[Input]:
    """Those that were read: of what was only listed, nobody knows the content."""
    return [each for _, each in sorted(inputs.files.items()) if each.read and not each.path.endswith("/")]


def _chosen(files: Sequence[Input], paths: Sequence[str]) -> list[Input]:
    chosen: dict[str, Input] = {}
    for path in paths:
        name = path.removeprefix("./").rstrip("/")
        found = [each for each in files if name in ("", ".", each.path) or each.path.startswith(f"{name}/")]
        if not found:
            step = "`jrepro show SESSION` lists what it read; name a file or a folder as it stands there."
            raise UsageError(f"The session did not read {path}.", step)
        chosen |= {each.path: each for each in found}
    return list(chosen.values()) if paths else list(files)


def _target(path: str, project: Path, to: Path | None) -> Path | None:
    """None for a path that no recording writes."""
    if ".." in PurePosixPath(path).parts:
        return None
    return project / path if to is None else to.absolute() / path.lstrip("/")


def _write(each: Input, kept: Path, target: Path, restored: Restored) -> None:
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with kept.open("rb") as source, partial.open("xb") as copy:
            os.fchmod(copy.fileno(), os.fstat(source.fileno()).st_mode & 0o777)
            if not clone(source.fileno(), copy.fileno()):
                while piece := source.read(_PIECE):
                    copy.write(piece)
        if FileHasher().digest(partial) != each.digest:
            restored.problems[each.path] = "the copy that was kept is damaged"
            return
        if each.mtime is not None:
            os.utime(partial, (each.mtime, each.mtime))
        os.replace(partial, target)
        restored.done.append(each.path)
    except OSError as error:
        restored.problems[each.path] = f"{error.filename or target}: {error.strerror}"
    finally:
        partial.unlink(missing_ok=True)
