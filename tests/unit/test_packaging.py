"""What importing costs, and that what is committed holds on any machine."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import jupyter_repro.capture
import jupyter_repro.lineage

ROOT = Path(__file__).parents[2]
KERNEL_SIDE = (jupyter_repro.capture, jupyter_repro.lineage)
FOREIGN_TO_HELP = {"IPython", "git", "jupyter_client", "msgspec", "nbformat", "papermill", "rich", "sqlite3", "zmq"}


def loaded_by(*modules: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded once it imported these."""
    code = f"import sys, {', '.join(modules)}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name for name in run.stdout.split() if not name.startswith("_sysconfigdata")}


def test_kernel_side_loads_the_standard_library_and_ipython_only() -> None:
    modules = [
        module.name
        for package in KERNEL_SIDE
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
    added = loaded_by("IPython", *modules) - loaded_by("IPython")
    assert added - sys.stdlib_module_names == {"jupyter_repro"}


def test_command_line_starts_light() -> None:
    assert not loaded_by("jupyter_repro.cli.main") & FOREIGN_TO_HELP


def test_server_extension_is_found_without_loading_the_server() -> None:
    assert "jupyter_server" not in loaded_by("jupyter_repro")
    assert jupyter_repro._jupyter_server_extension_points() == [{"module": "jupyter_repro.server"}]


def test_lock_file_names_no_registry() -> None:
    packages = json.loads((ROOT / "labextension" / "package-lock.json").read_text())["packages"]
    assert len(packages) > 1
    assert not [name for name, package in packages.items() if "resolved" in package]
