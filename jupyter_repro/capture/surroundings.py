"""What a session starts in: interpreter, machine, threads. What costs more is left to the side-car process."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from jupyter_repro.capture.processes import command
from jupyter_repro.capture.watch.children import disown
from jupyter_repro.model import Environment

THREADS = (
    "OMP_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS NUMEXPR_NUM_THREADS VECLIB_MAXIMUM_THREADS "
    "TF_NUM_INTRAOP_THREADS TF_NUM_INTEROP_THREADS"
).split()


def current_environment() -> Environment:
    return Environment(
        python=platform.python_version(),
        implementation=sys.implementation.name,
        platform=f"{sys.platform} {platform.release()}",
        machine=platform.machine(),
        cpu_count=os.cpu_count(),
        usable_cpus=usable_cpus(),
        threads={name: os.environ[name] for name in THREADS if name in os.environ},
        hash_seed=os.environ.get("PYTHONHASHSEED"),
        timezone=_timezone(),
        environment_names=tuple(sorted(os.environ)),
    )


def usable_cpus() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _timezone() -> str | None:
    """TZ, or what the system's own setting is a link to."""
    if zone := os.environ.get("TZ"):
        return zone
    try:
        return os.path.realpath("/etc/localtime").partition("/zoneinfo/")[2] or None
    except OSError:
        return None


def kernel_name(shell: Any) -> str:
    if getattr(shell, "kernel", None) is not None:
        return f"ipykernel {sys.modules['ipykernel'].__version__}"
    return f"IPython {sys.modules['IPython'].__version__}"


def start_sidecar(project: Path, session: str, folder: str) -> subprocess.Popen[bytes] | None:
    """Look at git and the installed distributions in a process of its own; nobody waits for it."""
    quiet = subprocess.DEVNULL
    try:
        line = command("jupyter_repro.store.sidecar", str(project), session, folder)
        started = subprocess.Popen(line, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    except OSError:
        return None
    disown(started.pid)
    return started
