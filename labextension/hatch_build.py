"""Builds the JupyterLab panel for sdist and wheel. Kernel extension and CLI install without it, and so without Node."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = Path("jupyter_repro/labextension")
INSTALLED = "share/jupyter/labextensions/jupyter-repro"
OLDEST_NODE = (20, 19)  # what the bundler runs on


class PanelBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # its parameter is hatchling's own configuration
    """Source trees build the panel anew, so that no stale one is packed; an sdist brings it along, built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        if not (root / "PKG-INFO").exists():
            self._build(root)
        if self.target_name == "wheel" and (root / BUILT / "package.json").exists():
            build_data["shared_data"][str(BUILT)] = INSTALLED
            build_data["shared_data"]["labextension/install.json"] = f"{INSTALLED}/install.json"

    def _build(self, root: Path) -> None:
        npm = shutil.which("npm")
        if npm is None or (node := _node_version()) is None or node < OLDEST_NODE:
            needed = ".".join(map(str, OLDEST_NODE))
            self.app.display_warning(
                f"The JupyterLab panel was not built: that needs Node {needed} or newer with npm. "
                "The kernel extension and jrepro work without it."
            )
            return
        shutil.rmtree(root / BUILT, ignore_errors=True)
        source = root / "labextension"
        if not (source / "node_modules").exists():
            subprocess.run([npm, "ci"], cwd=source, check=True)
        subprocess.run([npm, "run", "build"], cwd=source, check=True)


def _node_version() -> tuple[int, int] | None:
    node = shutil.which("node")
    if node is None:
        return None
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", told)
    return (int(found[1]), int(found[2])) if found else None
