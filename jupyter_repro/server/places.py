"""Which paths may be asked for: those below the server's root, by name and by what they really are."""

from __future__ import annotations

import os
import re
from pathlib import Path

from jupyter_server.utils import ApiPath, to_os_path

_NAME = re.compile(r"\w[\w. -]{0,80}")
_MISSING = "There is no such notebook below the server's root."


class Refused(Exception):
    """A path that leads out of the server's root."""


def notebook_below(root: str, api_path: str) -> Path:
    """The notebook's path on disk; Refused where it isn't below the root, also by a symbolic link."""
    if "\0" in api_path or "\\" in api_path:
        raise Refused(_MISSING)
    base = os.path.abspath(os.path.expanduser(root))
    path = os.path.abspath(to_os_path(ApiPath(api_path), base))
    if not (_is_below(path, base) and _is_below(os.path.realpath(path), os.path.realpath(base))):
        raise Refused(_MISSING)
    return Path(path)


def folder_beside(notebook: Path, name: str, root: str) -> Path:
    """A folder of that name in the notebook's own; Refused for what is more than a name, and for a link out."""
    if _NAME.fullmatch(name) is None or name.endswith(" "):
        raise Refused("The name of an export is one of letters, digits, spaces, dots, hyphens and underscores.")
    path = notebook.with_name(name)
    if not _is_below(os.path.realpath(path), os.path.realpath(os.path.expanduser(root))):
        raise Refused(_MISSING)
    if path.exists() and not (path / "pipeline.json").is_file():
        raise Refused(f"{name} is there already and isn't an export: choose another name.")
    return path


def api_path_of(path: Path, root: str) -> str:
    """As Jupyter's contents API names it."""
    return path.relative_to(os.path.abspath(os.path.expanduser(root))).as_posix()


def _is_below(path: str, folder: str) -> bool:
    return os.path.commonpath([folder, path]) == folder
