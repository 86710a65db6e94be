"""The wheel and the sdist, built from a copy of this tree with and without Node."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NODE_MODULES = ROOT / "labextension" / "node_modules"
SCRIPTS = str(Path(sys.executable).parent)  # jupyter-builder is there
SHARED = "data/share/jupyter/labextensions/jupyter-repro/"
SERVER_CONFIG = "data/etc/jupyter/jupyter_server_config.d/jupyter_repro.json"

pytestmark = pytest.mark.xdist_group("wheel")
needs_node = pytest.mark.skipif(
    shutil.which("npm") is None or not NODE_MODULES.exists(),
    reason="the panel's Node packages are not installed: `make panel` does that",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what is committed or about to be; nothing built."""
    named = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, named.stdout.split("\0")):
        if (ROOT / name).is_file():
            (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / "tree" / name)
    return tmp_path / "tree"


def build(tree: Path, target: str, *, node: bool) -> tuple[Path, str]:
    """The built file and what was said meanwhile."""
    path = os.pathsep.join([SCRIPTS, os.environ["PATH"]] if node else [SCRIPTS])
    run = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", "dist"],
        cwd=tree,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    (built,) = (tree / "dist").iterdir()
    return built, run.stdout + run.stderr


def names_in(wheel: Path) -> set[str]:
    """Its files; below `data/` what is installed beside the package."""
    with zipfile.ZipFile(wheel) as archive:
        return {re.sub(r"^[^/]+\.data/", "", name) for name in archive.namelist()}


def test_without_node_the_rest_is_built_and_one_line_says_so(tree: Path) -> None:
    wheel, said = build(tree, "wheel", node=False)
    assert said.count("panel was not built") == 1
    names = names_in(wheel)
    assert {"jupyter_repro/capture/magics.py", "jupyter_repro/cli/main.py", SERVER_CONFIG} <= names
    assert not [name for name in names if "labextension" in name]


@needs_node
def test_with_node_the_panel_is_built_in_place_of_a_stale_one(tree: Path) -> None:
    stale = tree / "jupyter_repro" / "labextension" / "static" / "stale.js"
    stale.parent.mkdir(parents=True)
    stale.touch()
    (tree / "labextension" / "node_modules").symlink_to(NODE_MODULES)
    names = names_in(build(tree, "wheel", node=True)[0])
    assert {SHARED + "package.json", SHARED + "install.json", SERVER_CONFIG} <= names
    assert any(name.startswith(SHARED + "static/remoteEntry") for name in names)
    assert not [name for name in names if name.endswith("stale.js") or name.startswith("jupyter_repro/labextension")]


@needs_node
def test_an_sdist_brings_the_panel_to_machines_without_node(tree: Path, tmp_path: Path) -> None:
    (tree / "labextension" / "node_modules").symlink_to(NODE_MODULES)
    sdist, _ = build(tree, "sdist", node=True)
    with tarfile.open(sdist) as archive:
        assert not [name for name in archive.getnames() if "node_modules" in name]
    subprocess.run(["tar", "-xf", sdist, "-C", tmp_path], check=True)  # tarfile's own way differs between Pythons
    wheel, said = build(tmp_path / sdist.name.removesuffix(".tar.gz"), "wheel", node=False)
    assert SHARED + "package.json" in names_in(wheel)
    assert "not built" not in said
