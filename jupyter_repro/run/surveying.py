"""What a run runs on, by digest: its data, its code; and inputs that lie elsewhere, fetched before a kernel starts."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from jupyter_repro.errors import RunFailed, UsageError
from jupyter_repro.hashing import FileHasher, digest
from jupyter_repro.model import Pipeline
from jupyter_repro.redact import redact_text, redact_url


def survey(
    folder: Path, pipeline: Pipeline, project: Path, inputs: Mapping[str, Path]
) -> tuple[dict[str, str | None], dict[str, str | None]]:
    """Data and code: path -> digest, None where it is not there. `inputs` are those given in place of others."""
    hasher, replaced = FileHasher(), _defaults(pipeline, inputs)
    data: dict[str, str | None] = {}
    code: dict[str, str | None] = {}
    for stage in pipeline.stages:
        code[stage.notebook] = _code_of(folder / stage.notebook)
        for dep in stage.deps:
            if dep.path not in replaced:
                into = code if dep.path.endswith(".py") else data
                into[dep.path] = _digest(hasher, project / dep.path)
    for shown, path in inputs.items():
        data[shown] = _digest(hasher, path)
    return data, code


def check_inputs(pipeline: Pipeline, values: Mapping[str, Any], cwd: Path) -> None:
    """UsageError for the path of an input at which there is no file."""
    for name, value in _paths(pipeline, values):
        if "://" not in value and not (cwd / value).exists():
            step = f"Type `-p {name} PATH` with a file that is there, or an fsspec URL."
            raise UsageError(f"{name}: there is no {cwd / value}.", step)


def gather_inputs(
    pipeline: Pipeline, values: Mapping[str, Any], cwd: Path, home: Path
) -> tuple[dict[str, str], dict[str, Path]]:
    """URLs are fetched into `home`: parameter -> what is there; and the file behind each input, by how records name it.

    RunFailed where a URL can't be read.
    """
    fetched: dict[str, str] = {}
    found: dict[str, Path] = {}
    for name, value in _paths(pipeline, values):
        path = _fetch(value, home / name) if "://" in value else cwd / value
        found[redact_url(value) if "://" in value else value] = path
        if "://" in value:
            fetched[name] = str(path)
    return fetched, found


def _paths(pipeline: Pipeline, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    given = ((each.name, values.get(each.name)) for each in pipeline.parameters if each.is_input)
    return [(name, value) for name, value in given if isinstance(value, str)]


def _fetch(url: str, home: Path) -> Path:
    try:
        import fsspec
    except ImportError:
        raise UsageError("An input is a URL, and fsspec isn't installed.", "Type `pip install fsspec`.") from None
    path = home / (PurePosixPath(url.partition("?")[0]).name or "input")
    home.mkdir(parents=True, exist_ok=True)
    try:
        with fsspec.open(url, "rb") as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
    except Exception as error:  # noqa: BLE001 - a file system of fsspec's raises what it likes
        problem = redact_text(str(error)) or type(error).__name__
        step = "Look whether the address is right and can be reached."
        raise RunFailed(f"{redact_url(url)} can't be read: {problem}.", step) from None
    return path


def _defaults(pipeline: Pipeline, inputs: Mapping[str, Path]) -> frozenset[str]:
    """The recorded inputs in whose place others were given."""
    if not inputs:
        return frozenset()
    names = (parameter.default.strip("'\"") for parameter in pipeline.parameters if parameter.is_input)
    return frozenset(os.path.normpath(os.path.join(pipeline.cwd, name)) for name in names)


def _digest(hasher: FileHasher, path: Path) -> str | None:
    if not path.is_dir():
        return hasher.digest(path)
    whole = hashlib.sha256()
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            file = Path(folder, name)
            whole.update(f"{file.relative_to(path).as_posix()}\0{hasher.digest(file)}\n".encode("utf-8", "replace"))
    return whole.hexdigest()


def _code_of(notebook: Path) -> str | None:
    """Of what the cells say, whatever else the file holds."""
    try:
        cells = json.loads(notebook.read_bytes())["cells"]
        sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return digest("\0".join(sources).encode("utf-8", "replace"))
