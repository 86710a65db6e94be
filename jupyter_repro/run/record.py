"""Recording a notebook headlessly: a person's run of it, in a real kernel, without the person."""

from __future__ import annotations

import ast
import os
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from jupyter_repro.errors import ReproError, RunFailed, UsageError
from jupyter_repro.run.history import Step
from jupyter_repro.run.kernels import Kernel, Reply
from jupyter_repro.run.kernelspecs import choose_kernel
from jupyter_repro.run.notebooks import Notebook

_MAGICS = '__import__("jupyter_repro.capture.magics", fromlist=["magics"])'
_SESSION, _UNHASHED = f"{_MAGICS}.current_session_id()", f"{_MAGICS}.left_unhashed()"
# An enabled extension would start a recording of its own; whoever opens the kernel tells which notebook it serves.
_DISABLE, _NOTEBOOK = "JREPRO_DISABLE", "JPY_SESSION_NAME"
_HASH_SEED = "PYTHONHASHSEED"  # fixed, so that sets of texts have one order; the session records it, a rerun sets it

Track = Callable[[Sequence[Step]], Iterable[Step]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    ordinal: int
    number: int | None  # of the code cell, from 1
    error: str  # "ValueError: what it said"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    notebook: Path
    session: str
    kernel: str
    executions: int
    failures: tuple[Failure, ...]
    unhashed: tuple[str, ...] = ()  # files that were too large to hash in time


def record(  # noqa: PLR0913  the options of `jrepro record`
    notebook: Notebook,
    steps: Sequence[Step],
    *,
    cwd: Path | None = None,
    kernel: str | None = None,
    seed: int | None = None,
    deterministic: bool = False,
    keep_data: bool = False,
    answers: Iterable[str] = (),
    timeout: float | None = None,
    track: Track = iter,
    partial: bool = False,
    begun: Callable[[str], None] | None = None,
) -> Recorded:
    """Execute `steps` under recording in a fresh kernel, in `cwd` or the notebook's folder.

    A failing cell doesn't end the recording: a person goes on, too. `seed`, `deterministic` and `keep_data` are
    those of `%repro start`. `answers` go to input() one after the other,
    `timeout` is in seconds for each execution, `track` iterates over the steps and may show how far it is. Raises
    what `choose_kernel` and `Kernel.run` raise, and KeyboardInterrupt with a sentence that says where it was; what was
    recorded until then is kept. `begun` gets the session's id before the first step. With `partial`, a cell that takes
    too long or lacks an answer is a failure like any other, and a kernel that dies ends the recording.
    """
    name, spec = choose_kernel(notebook, kernel)
    environment = {_DISABLE: "1", _NOTEBOOK: str(notebook.path), _HASH_SEED: os.environ.get(_HASH_SEED, "0")}
    remaining = iter(answers)
    failures = []
    folder = cwd or notebook.path.parent
    options = ([] if seed is None else ["--seed", str(seed)]) + (["--deterministic"] if deterministic else [])
    options += ["--keep-data"] if keep_data else []
    unhashed: list[str] = []
    ordinal = 0
    with (
        Kernel(spec, cwd=folder, env=environment) as running,
        _recording(running, notebook, options, unhashed) as session,
    ):
        if begun is not None:
            begun(session)
        for ordinal, step in enumerate(track(steps), start=1):
            with _located(ordinal, step, session):
                error = _run(running, step, remaining, timeout, partial)
            if error is not None:
                failures.append(Failure(ordinal=ordinal, number=step.number, error=error))
            if partial and not running.alive:
                break
    return Recorded(
        notebook=notebook.path,
        session=session,
        kernel=name,
        executions=ordinal,
        failures=tuple(failures),
        unhashed=tuple(unhashed),
    )


def _run(kernel: Kernel, step: Step, answers: Iterator[str], timeout: float | None, partial: bool) -> str | None:
    """How a step failed, if it did."""
    try:
        reply = kernel.run(step.source, cell_id=step.cell_id, answers=answers, timeout=timeout)
    except (RunFailed, UsageError) as error:
        if not partial:
            raise
        return error.problem.rstrip(".")
    return _in_words(reply) if reply.status != "ok" else None


@contextmanager
def _located(ordinal: int, step: Step, session: str) -> Iterator[None]:
    """What ends a recording early says where that was, and where the rest is."""
    cell = f"cell {step.number}" if step.number else "a deleted cell"
    where = f"Execution {ordinal} ({cell}) was running; session {session} keeps what was recorded."
    try:
        yield
    except ReproError as error:
        raise type(error)(f"{error.problem} {where}", error.next_step) from None
    except KeyboardInterrupt:
        raise KeyboardInterrupt(where) from None


@contextmanager
def _recording(kernel: Kernel, notebook: Notebook, options: Sequence[str], unhashed: list[str]) -> Iterator[str]:
    """The session's id, while it is being recorded. Raises what `%repro start` raises in the kernel."""
    start = ["start", "--quiet", "--notebook", str(notebook.path), *options]
    _silently(kernel, _magic("load_ext", "jupyter_repro"))
    _silently(kernel, _magic("repro", shlex.join(start)))
    session = ast.literal_eval(kernel.evaluate(_SESSION))
    try:
        yield session
    finally:
        with suppress(RunFailed):  # the kernel has died, or ends by itself after `exit()`
            kernel.run(_magic("repro", "stop"), silent=True)
            unhashed += ast.literal_eval(kernel.evaluate(_UNHASHED))


def _magic(name: str, line: str) -> str:
    """Python that runs a line magic and binds no name. IPython would expand `$name` and `{name}` in the line."""
    line = re.sub(r"\$(?=[\w.])|[{}]", lambda found: found[0] * 2, line)
    return f"get_ipython().run_line_magic({name!r}, {line!r})"


def _silently(kernel: Kernel, source: str) -> None:
    reply = kernel.run(source, silent=True)
    if reply.status != "ok":
        raise _as_raised(reply)


def _as_raised(reply: Reply) -> ReproError:
    """What the kernel side raised, with the message that it gave: `%repro` raises IPython's UsageError."""
    message = reply.error_message or ""
    if reply.error_name == "UsageError":
        problem, _, next_step = message.rpartition(". ")
        return UsageError(f"{problem}.", next_step)
    if reply.error_name == "ModuleNotFoundError":
        step = "Type `python -m pip install jupyter-repro` in its environment, or choose another with `--kernel`."
        return UsageError(f"The kernel's environment lacks a module: {message}.", step)
    step = "Type `%load_ext jupyter_repro` and `%repro start` in a notebook with this kernel to see the whole error."
    return RunFailed(f"The kernel can't record: {_in_words(reply)}.", step)


def _in_words(reply: Reply) -> str:
    return ": ".join(part for part in (reply.error_name or reply.status, reply.error_message) if part)
