"""The git repository around a notebook: its commit, what differs from it, and which importable files it has."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.machinery import all_suffixes
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from jupyter_repro.config import relative

if TYPE_CHECKING:
    from git import Repo

LARGEST_DIFF = 64 << 20  # bytes
# The user's configuration must neither change how a diff reads nor have other programs write it.
_PLAIN = (
    "--binary",
    "--submodule=diff",
    "--ignore-submodules=none",
    "--no-relative",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--src-prefix=a/",
    "--dst-prefix=b/",
)


@dataclass(frozen=True)
class Repository:
    """What `repo` tells without writing to it."""

    repo: Repo

    def commit(self) -> str | None:
        """None before the first one."""
        from git import GitCommandError

        try:
            return str(self.repo.git.rev_parse("--verify", "--quiet", "HEAD"))
        except GitCommandError as error:
            if error.status == 1:
                return None
            raise

    def branch(self) -> str | None:
        """None where the head is detached."""
        return None if self.repo.head.is_detached else self.repo.active_branch.name

    def diff(self) -> bytes | None:
        """What differs from the commit: in the index, in the working tree and in submodules; empty where nothing does.

        None where it is larger than LARGEST_DIFF.
        """
        with _copied_index(self.repo):
            process = self.repo.git(c="core.safecrlf=false").diff("HEAD", *_PLAIN, as_process=True)
            data: bytes = process.stdout.read(LARGEST_DIFF + 1)
            if len(data) > LARGEST_DIFF:
                process.terminate()
                return None
            process.wait()  # raises GitCommandError
            return data

    def importable(self, project: Path) -> list[str]:
        """The files that git tracks and Python could import, in submodules too, as records name files."""
        patterns = [f"*{suffix}" for suffix in all_suffixes()]
        listed: bytes = self.repo.git.ls_files("-z", "--recurse-submodules", "--", *patterns, stdout_as_string=False)
        root, project = Path(os.path.realpath(str(self.repo.working_tree_dir))), Path(os.path.realpath(project))
        names = listed.decode("utf-8", "replace").split("\0")
        return sorted(relative(root / name, project) for name in names if name)


@contextmanager
def _copied_index(repo: Repo) -> Iterator[None]:
    """`git diff` locks the index and refreshes it, which must not meet the user's own git commands."""
    with TemporaryDirectory() as folder:
        copy = Path(folder, "index")
        with suppress(FileNotFoundError):
            shutil.copy2(repo.index.path, copy)
        with repo.git.custom_environment(GIT_INDEX_FILE=str(copy)):
            yield


def find_repository(folder: Path) -> Repository | None:
    """The one that `folder` lies in; None where there is none, or none with a working tree."""
    folders = (folder, *folder.absolute().parents)
    if "GIT_DIR" not in os.environ and not any((each / ".git").exists() for each in folders):
        return None  # without git's library, which is slow to load

    from git import InvalidGitRepositoryError, NoSuchPathError, Repo

    try:
        repo = Repo(folder, search_parent_directories=True)
    except (InvalidGitRepositoryError, NoSuchPathError):
        return None
    repo.git.update_environment(GIT_OPTIONAL_LOCKS="0")
    return None if repo.bare else Repository(repo)


def committed_versions(path: Path, most: int = 100) -> Iterator[bytes]:
    """What git's commits hold of a file, the newest first. Nothing where git can't tell."""
    from git.exc import GitError

    folder = next((each for each in path.parents if each.is_dir()), path.parent)
    try:
        repository = find_repository(folder)
        if repository is None:
            return
        git, root = repository.repo.git, Path(os.path.realpath(str(repository.repo.working_tree_dir)))
        name = Path(os.path.realpath(path.parent), path.name).relative_to(root).as_posix()
        commits = git.log("--format=%H", f"--max-count={most}", "--", f":(literal,top){name}").split()
    except (GitError, ValueError, OSError):
        return
    for commit in commits:
        with suppress(GitError):  # the commit that deleted it
            content: bytes = git.cat_file(
                "blob", f"{commit}:{name}", stdout_as_string=False, strip_newline_in_stdout=False
            )
            yield content
