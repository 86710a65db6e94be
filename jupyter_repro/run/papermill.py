"""Running an exported notebook through papermill, in a process of its own: papermill changes directory in-process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jupyter_repro.capture.surroundings import usable_cpus
from jupyter_repro.errors import RunFailed
from jupyter_repro.model import Clock, Environment, Pipeline
from jupyter_repro.redact import redact_text

# Whose defaults are the number of processors, and decide how sums are split.
_BY_CPUS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
_GRACE = 20  # seconds that an interrupted run may take to shut its kernel down


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run. Paths are absolute; `environment` is added to the kernel's; `probe` is the file of a `probe.Plan`.

    `times`, by ordinal as text, is when the clock is to start for each execution; empty for the real one.
    """

    notebook: str
    output: str
    cwd: str
    parameters: dict[str, Any] = field(default_factory=dict)  # what JSON can hold
    sources: dict[str, str] = field(default_factory=dict)  # the others, as Python
    environment: dict[str, str] = field(default_factory=dict)
    probe: str | None = None
    times: dict[str, str] = field(default_factory=dict)
    progress: bool = False
    secrets: tuple[str, ...] = ()  # environment variables whose values must not show
    hidden: dict[str, str] = field(default_factory=dict)  # other texts that must not show, and what to show instead
    log: str | None = None
    distributions: tuple[str, ...] | None = None  # whose versions to tell, with the metrics; None for neither


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended: `error` is what was raised, `ordinal` the execution in which, where it was one.

    `cpu` in seconds and `peak_memory` in bytes are the kernel's and its children's.
    """

    error: str | None = None
    ordinal: int | None = None
    exceeded: bool = False  # it was ended at its limit
    cpu: float | None = None
    peak_memory: int | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    python: str | None = None
    distributions: dict[str, str | None] = field(default_factory=dict)


def execute(job: Job, secrets: Mapping[str, str] | None = None, limit: float | None = None) -> Outcome:
    """Run a notebook to its end, first error, or for `limit` seconds.

    `secrets`, by the names in `job.secrets`, go from process to process and are never written down.
    RunFailed where no kernel started or papermill itself broke.
    """
    environment = {**os.environ, **(secrets or {})}
    with tempfile.TemporaryDirectory(prefix="jrepro-run-", ignore_cleanup_errors=True) as temporary:
        plan, ending = Path(temporary, "job.json"), Path(temporary, "outcome.json")
        plan.write_text(json.dumps(asdict(job)), encoding="utf-8")
        command = [sys.executable, "-m", "jupyter_repro.run.engine", str(plan), str(ending)]
        # Its folder is an empty one: Python looks there first for modules. Its standard input closes when we die.
        with subprocess.Popen(command, cwd=temporary, stdin=subprocess.PIPE, env=environment) as process:
            try:
                code = _wait(process, limit)
            except subprocess.TimeoutExpired:
                return Outcome(error=f"it was ended after {limit:.3g} s, its limit", exceeded=True)
        return _outcome(ending, code)


def replay_environment(recorded: Environment | None) -> dict[str, str]:
    """Variables that are part of a result: how texts are hashed, and among how many threads sums are split."""
    if recorded is None:
        return {}
    seed = {"PYTHONHASHSEED": recorded.hash_seed} if recorded.hash_seed else {}
    return {**_default_threads(recorded), **recorded.threads, **seed}


def _default_threads(recorded: Environment) -> dict[str, str]:
    """Where nothing was set, libraries made a thread for each processor that they could use."""
    count = recorded.usable_cpus
    if count is None:
        return {}
    return {name: str(count) for name in _BY_CPUS if name in os.environ or count != usable_cpus()}


def clock_of(pipeline: Pipeline, clock: Clock) -> dict[str, Any]:
    """The `times` and the `environment` of a job for this pipeline under this clock."""
    environment = replay_environment(pipeline.environment)
    if clock == "real":
        return {"times": {}, "environment": environment}
    zone = pipeline.environment.timezone if pipeline.environment is not None else None
    return {
        "times": {str(ordinal): started for ordinal, started in pipeline.times.items()},
        "environment": {**({"TZ": zone} if zone else {}), **environment},
    }


def _wait(process: subprocess.Popen[bytes], limit: float | None) -> int:
    try:
        return process.wait(limit)
    except BaseException:  # the limit, or Ctrl-C, which reached the other process too: it is to shut its kernel down
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
        raise


def _outcome(path: Path, code: int) -> Outcome:
    try:
        ending: Mapping[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        cause = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        raise RunFailed(f"papermill's process ended early ({cause}).", "Run the command again.") from None
    if failure := ending.get("failure"):
        raise RunFailed(failure["problem"], failure["next_step"])
    error: str | None = ending["error"]
    return Outcome(**{**ending, "error": None if error is None else redact_text(error)})


def is_terminal() -> bool:
    """Whether somebody looks at a progress bar."""
    return os.isatty(2)
