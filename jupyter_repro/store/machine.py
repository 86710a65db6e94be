"""The processor and the GPUs of this machine."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from pathlib import Path

_TIMEOUT = 5.0  # seconds; a driver that hangs must not keep the helper alive


def cpu_model() -> str | None:
    if sys.platform == "darwin":
        return _output("sysctl", "-n", "machdep.cpu.brand_string")
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)


def gpu_names() -> tuple[str, ...]:
    if shutil.which("nvidia-smi") is None:
        return ()
    return tuple(_output("nvidia-smi", "--query-gpu=name", "--format=csv,noheader").splitlines())


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT, check=True).stdout.strip()
