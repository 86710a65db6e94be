from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_repro.cli import main as cli
from jupyter_repro.cli.startup import CONTENT, NAME

Shown = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def ipython(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's IPython folder, in which no kernel has ever started."""
    folder = tmp_path / "ipython"
    monkeypatch.setenv("IPYTHONDIR", str(folder))
    return folder


def startup(ipython: Path, profile: str = "default") -> Path:
    return ipython / f"profile_{profile}" / "startup" / NAME


def test_enable_writes_one_file_and_says_where(ipython: Path, capsys: Shown) -> None:
    assert cli.main(["enable"]) == 0
    assert startup(ipython).read_text() == CONTENT
    shown = capsys.readouterr().out
    assert str(startup(ipython)) in shown
    assert "jrepro disable" in shown


def test_the_file_says_how_to_remove_it() -> None:
    assert "`jrepro disable` removes this file" in "\n".join(CONTENT.splitlines()[:3])


def test_enable_twice_is_fine(ipython: Path, capsys: Shown) -> None:
    assert [cli.main(["enable"]), cli.main(["enable"])] == [0, 0]
    assert "already" in capsys.readouterr().out
    assert [path.name for path in startup(ipython).parent.iterdir()] == [NAME]


def test_enable_renews_the_file_of_an_earlier_version(ipython: Path) -> None:
    cli.main(["enable"])
    startup(ipython).write_text(CONTENT.splitlines()[0] + "\nraise SystemExit\n")
    assert cli.main(["enable"]) == 0
    assert startup(ipython).read_text() == CONTENT


def test_disable_removes_it_and_nothing_else(ipython: Path, capsys: Shown) -> None:
    cli.main(["enable"])
    other = startup(ipython).with_name("10-mine.py")
    other.write_text("x = 1")
    assert cli.main(["disable"]) == 0
    assert list(other.parent.iterdir()) == [other]
    assert str(startup(ipython)) in capsys.readouterr().out


def test_disable_where_nothing_was_enabled(ipython: Path, capsys: Shown) -> None:
    assert cli.main(["disable"]) == 0
    assert "were not recorded" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["enable", "disable"])
def test_a_file_that_is_not_ours_stays(ipython: Path, command: str, capsys: Shown) -> None:
    startup(ipython).parent.mkdir(parents=True)
    startup(ipython).write_text("import mine")
    assert cli.main([command]) == 2
    assert startup(ipython).read_text() == "import mine"
    assert str(startup(ipython)) in capsys.readouterr().err


def test_another_profile(ipython: Path) -> None:
    (ipython / "profile_study").mkdir(parents=True)
    assert cli.main(["enable", "--profile", "study"]) == 0
    assert startup(ipython, "study").exists()
    assert not startup(ipython).exists()
    assert cli.main(["disable", "--profile", "study"]) == 0
    assert not startup(ipython, "study").exists()


@pytest.mark.parametrize("command", ["enable", "disable"])
def test_a_profile_that_does_not_exist(ipython: Path, command: str, capsys: Shown) -> None:
    assert cli.main([command, "--profile", "nonsense"]) == 2
    assert "ipython profile create nonsense" in capsys.readouterr().err
    assert not (ipython / "profile_nonsense").exists()
