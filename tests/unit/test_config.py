"""Which folder is the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_repro.config import find_project


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`deep/er` in a home folder; nothing is a project yet."""
    monkeypatch.delenv("JREPRO_PROJECT", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "deep" / "er").mkdir(parents=True)
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("markers", "project"),
    [
        ((), "deep/er"),
        (("deep/.jrepro",), "deep"),
        (("deep/.git",), "deep"),
        (("deep/.git", "deep/er/.jrepro"), "deep/er"),
        (("deep/.jrepro", "deep/er/.git"), "deep"),
        ((".jrepro",), "deep/er"),  # a home is no project
        ((".git",), "deep/er"),
    ],
)
def test_the_nearest_folder_that_is_marked(tree: Path, markers: tuple[str, ...], project: str) -> None:
    for marker in markers:
        (tree / marker).mkdir()

    assert find_project(tree / "deep" / "er") == tree / project


def test_a_folder_that_everybody_writes_to_is_no_project(tree: Path) -> None:
    (tree / "deep" / ".jrepro").mkdir()
    (tree / "deep").chmod(0o1777)

    assert find_project(tree / "deep" / "er") == tree / "deep" / "er"
    assert find_project(tree / "deep") == tree / "deep"


def test_the_environment_decides(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "deep" / ".jrepro").mkdir()
    monkeypatch.setenv("JREPRO_PROJECT", str(tree / "elsewhere"))

    assert find_project(tree / "deep" / "er") == tree / "elsewhere"
