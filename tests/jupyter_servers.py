"""Real Jupyter servers for tests, out of reach of the developer's own settings."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

TOKEN = "for-tests"
_START = 60.0  # seconds that a server may take


@dataclass(frozen=True)
class JupyterServer:
    url: str
    token: str
    root: Path


@contextmanager
def run_server(module: str, root: Path, home: Path, *options: str) -> Iterator[JupyterServer]:
    """`python -m module` over the folder `root`, which must exist, as must `home`."""
    port = _free_port()
    command = [sys.executable, "-m", module, "--no-browser", "--allow-root", f"--IdentityProvider.token={TOKEN}"]
    command += [f"--ServerApp.{option}" for option in (f"root_dir={root}", f"port={port}", "port_retries=0")]
    log = home / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, *options], cwd=root, env=_environment(home), stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait_for(process, f"http://127.0.0.1:{port}/api", log)
            yield JupyterServer(f"http://127.0.0.1:{port}", TOKEN, root)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _environment(home: Path) -> dict[str, str]:
    folders = {
        "HOME": home,
        "IPYTHONDIR": home / "ipython",
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
    }
    return {**os.environ, **{name: str(folder) for name, folder in folders.items()}}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _START
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"The server did not start:\n{log.read_text()}")
