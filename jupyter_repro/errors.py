"""The errors that a user can meet.

    ReproError                  catch this one for all of them
    ├── UsageError              exit code 2: the command line or an argument is wrong
    │   ├── NotebookError       missing, unreadable, not a notebook, empty, or in another language
    │   ├── NoSession           nothing was recorded for this notebook
    │   ├── UnknownTarget       a target that nothing in the session gives
    │   ├── UnknownParameter    a parameter that the notebook does not have
    │   └── PipelineError       not a folder that `jrepro export` wrote
    ├── StorageError            exit code 2: .jrepro can't be written or read (permission, space)
    ├── JournalError            exit code 2: a journal that this version can't read
    ├── NotReproduced           exit code 1: the results are not the recorded ones
    └── RunFailed               exit code 3: the notebook itself failed

The last sentence of every message names the next command to type.
"""

from __future__ import annotations

__all__ = [
    "JournalError",
    "NoSession",
    "NotReproduced",
    "NotebookError",
    "PipelineError",
    "ReproError",
    "RunFailed",
    "StorageError",
    "UnknownParameter",
    "UnknownTarget",
    "UsageError",
]


class ReproError(Exception):
    """What is wrong, and `next_step`: the sentence that names the command to type next."""

    exit_code = 2

    def __init__(self, problem: str, next_step: str) -> None:
        super().__init__(problem, next_step)
        self.problem = problem
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.problem} {self.next_step}"


class UsageError(ReproError):
    pass


class NotebookError(UsageError):
    pass


class NoSession(UsageError):
    pass


class UnknownTarget(UsageError):
    pass


class UnknownParameter(UsageError):
    pass


class PipelineError(UsageError):
    pass


class StorageError(ReproError):
    pass


class JournalError(ReproError):
    pass


class NotReproduced(ReproError):
    exit_code = 1


class RunFailed(ReproError):
    exit_code = 3
