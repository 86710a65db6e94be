from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from jupyter_repro.cli.main import main

LAYERS = {"fanotify", "inotify"} if sys.platform == "linux" else {"sweep"}


def test_doctor_tells_what_it_has_tried(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "data" / "deep").mkdir(parents=True)

    assert main(["doctor", "--json"]) == 0

    report = json.loads(capsys.readouterr().out)
    assert report["project"] == str(project)
    assert report["store"] == {"path": str(project / ".jrepro"), "exists": True, "writable": True}
    assert report["versions"]["python"] == sys.version.split()[0]
    assert None not in (report["versions"]["ipykernel"], report["versions"]["ipython"])
    assert report["outside"]["listened_to"]["pandas"] is not None
    assert report["threads"]["usable_cpus"] >= 1
    files = report["files"]
    assert files["layer"] in LAYERS
    assert files["unseen"]
    if files["layer"] != "sweep":
        assert (files["works"], files["folders"], files["limit"]) == (True, 3, None)
        assert len(files["tried"]) == 6
        assert files["system_limits"]["max_queued_events"] > 0
    assert list((project / ".jrepro").iterdir()) == []


def test_doctor_for_a_person(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0

    told = capsys.readouterr().out
    assert [line.split()[0] for line in told.splitlines() if not line.startswith(" ")] == [
        "Project",
        "Records",
        "Files",
        "Outside",
        "Clock",
        "Threads",
        "Versions",
        "Git",
        "Panel",
    ]
    assert "It can't see " in told
    assert "NOT SEEN" not in told


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root may write everywhere")
def test_doctor_where_nothing_can_be_written(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / ".jrepro").chmod(0o500)

    assert main(["doctor"]) == 0

    assert "CAN'T BE WRITTEN" in capsys.readouterr().out
    (project / ".jrepro").chmod(0o700)


def test_doctor_outside_of_any_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["doctor"]) == 0
    assert "nothing was recorded yet" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
