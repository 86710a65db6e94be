from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from journals import ID, Written

from jupyter_repro import objects
from jupyter_repro.model import GitState, Recording
from jupyter_repro.store import repository
from jupyter_repro.store.distributions import distributions_by_import
from jupyter_repro.store.journal_reader import read_recording
from jupyter_repro.store.sidecar import write_surroundings
from jupyter_repro.store.surroundings import surroundings_path

WHO = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")


@pytest.fixture(autouse=True)
def _own_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the developer's configuration nor a repository above the test's folder."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *WHO, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path, **files: str) -> str:
    for name, content in files.items():
        (folder / f"{name}.py").write_text(content)
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "work")
    return git(folder, "rev-parse", "HEAD")


def surrounded(project: Path, *modules: str) -> Recording:
    """A recording of a session that imported those files, with what the side-car saw."""
    journal = Written(project)
    journal.execution("import clean, numpy", modules=["numpy", "json", "clean"])
    for path in modules:
        journal.write("module", name=Path(path).stem, path=path, digest="ab")
    write_surroundings(project, ID, project)
    return read_recording(project, ID)


def state(project: Path) -> GitState:
    recording = surrounded(project)
    assert recording.problems == ()
    assert recording.session.git is not None
    return recording.session.git


def diff(project: Path) -> str:
    found = state(project)
    assert found.dirty
    assert found.diff is not None
    return objects.get(project, found.diff).decode()


def test_a_clean_repository(project: Path) -> None:
    sha = commit(project, clean="a = 1\n")
    assert state(project) == GitState(commit=sha, branch="main", dirty=False)


def test_a_detached_head_has_no_branch(project: Path) -> None:
    sha = commit(project, clean="a = 1\n")
    git(project, "checkout", "--quiet", "--detach")
    assert state(project) == GitState(commit=sha, branch=None, dirty=False)


def test_changes_in_the_working_tree_and_in_the_index_are_in_the_diff(project: Path) -> None:
    commit(project, edited="a = 1\n", staged="b = 1\n", removed="c = 1\n")
    (project / "edited.py").write_text("a = 2\n")
    (project / "staged.py").write_text("b = 2\n")
    (project / "added.py").write_text("d = 2\n")
    git(project, "add", "staged.py", "added.py")
    git(project, "rm", "--quiet", "removed.py")
    found = diff(project)
    assert all(line in found for line in ("-a = 1", "+a = 2", "-b = 1", "+b = 2", "-c = 1", "+d = 2"))


def test_a_diff_applies_to_the_commit(project: Path, tmp_path: Path) -> None:
    sha = commit(project, edited="a = 1\n")
    (project / "edited.py").write_bytes(b"a = '\xff'\r\nb = 2")
    (project / "data.bin").write_bytes(bytes(range(256)))
    git(project, "add", "data.bin")
    git(project, "clone", "--quiet", ".", str(tmp_path / "clone"))
    (tmp_path / "diff").write_bytes(objects.get(project, state(project).diff or ""))
    git(tmp_path / "clone", "checkout", "--quiet", sha)
    git(tmp_path / "clone", "apply", "--whitespace=nowarn", str(tmp_path / "diff"))
    for name in ("edited.py", "data.bin"):
        assert (tmp_path / "clone" / name).read_bytes() == (project / name).read_bytes()


def test_the_users_configuration_does_not_change_the_diff(project: Path, tmp_path: Path) -> None:
    (tmp_path / "gitconfig").write_text(
        "[diff]\n external = /bin/false\n noprefix = true\n relative = true\n ignoreSubmodules = all\n"
        "[color]\n ui = always\n[core]\n autocrlf = input\n safecrlf = warn\n"
    )
    commit(project, clean="a = 1\n")
    (project / "clean.py").write_text("a = 2\r\n")
    found = diff(project)
    assert "diff --git a/clean.py b/clean.py" in found
    assert "\033" not in found


def test_changes_in_a_submodule_are_in_the_diff(project: Path, tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    commit(tmp_path / "library", inner="a = 1\n")
    commit(project, clean="")
    git(
        project, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "library"), "library"
    )
    commit(project)
    assert not state(project).dirty
    (project / "library" / "inner.py").write_text("a = 2\n")
    surroundings_path(project, ID).unlink()
    (project / ".jrepro" / "sessions" / f"{ID}.jsonl").unlink()
    assert "+a = 2" in diff(project)


def test_before_the_first_commit_there_is_no_state(project: Path) -> None:
    git(project, "init", "--quiet")
    recording = surrounded(project)
    assert recording.session.git is None
    assert recording.problems == ()


def test_without_a_repository_there_is_no_state(project: Path) -> None:
    recording = surrounded(project, "clean.py")
    assert recording.session.git is None
    assert recording.session.modules[0].tracked is None
    assert recording.problems == ()


def test_a_bare_repository_has_no_state(project: Path) -> None:
    git(project, "init", "--quiet", "--bare", ".")
    assert surrounded(project).session.git is None


def test_a_diff_that_is_too_large_is_not_kept(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "LARGEST_DIFF", 1000)
    commit(project, clean="")
    (project / "clean.py").write_text("a = 1\n" * 100_000)
    found = state(project)
    assert found.dirty
    assert found.diff is None


def test_a_damaged_repository_costs_only_what_git_tells(project: Path) -> None:
    sha = commit(project, clean="a = 1\n")
    (project / ".git" / "objects" / sha[:2] / sha[2:]).unlink()
    recording = surrounded(project)
    assert recording.session.environment is not None
    assert "numpy" in recording.session.environment.distributions
    assert any("git" in problem for problem in recording.problems)


def test_looking_leaves_the_repository_as_it_is(project: Path) -> None:
    commit(project, clean="a = 1\n")
    os.utime(project / "clean.py", (1, 1))  # git would note in its index that only the time changed
    before = (project / ".git" / "index").read_bytes()
    assert not state(project).dirty
    assert (project / ".git" / "index").read_bytes() == before


def test_imported_files_that_git_does_not_track_are_named(project: Path) -> None:
    (project / "package").mkdir()
    (project / "package" / "é x.py").write_text("")
    commit(project, clean="")
    (project / "loose.py").write_text("")
    recording = surrounded(project, "clean.py", "loose.py", "package/é x.py", "/elsewhere/other.py")
    tracked = {module.path: module.tracked for module in recording.session.modules}
    assert tracked == {"clean.py": True, "loose.py": False, "package/é x.py": True, "/elsewhere/other.py": False}
    assert recording.session.git is not None
    assert recording.session.git.untracked == ("loose.py", "/elsewhere/other.py")


def test_the_project_may_be_a_folder_of_the_repository(project: Path) -> None:
    commit(project, top="")
    (project / "study" / ".jrepro").mkdir(parents=True)
    commit(project / "study", inner="")  # a repository of its own
    assert surrounded(project / "study", "inner.py").session.modules[0].tracked
    (project / "other").mkdir()
    (project / "other" / "inner.py").write_text("")
    git(project, "add", "other")
    recording = surrounded(project / "other", "inner.py", (project / "top.py").as_posix())
    assert [module.tracked for module in recording.session.modules] == [True, True]


def test_distributions_of_what_was_imported(project: Path) -> None:
    environment = surrounded(project).session.environment
    assert environment is not None
    import numpy

    assert environment.distributions == {"numpy": numpy.__version__}
    assert environment.cpu


def test_the_helper_process_writes_in_the_users_environment(project: Path) -> None:
    Written(project).execution(modules=["numpy"])
    commit(project, clean="")
    (project / "notebooks").mkdir()
    command = [sys.executable, "-m", "jupyter_repro.store.sidecar", str(project), ID, str(project / "notebooks")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    session = read_recording(project, ID).session
    assert session.git is not None
    assert session.environment is not None
    assert "numpy" in session.environment.distributions
    assert [path.name for path in surroundings_path(project, ID).parent.glob(".*")] == []  # nothing partial


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"gpu": 3}', b"\xff", b"[" * 100_000])
def test_what_the_helper_left_unreadable_costs_only_that(project: Path, content: bytes) -> None:
    Written(project).execution()
    surroundings_path(project, ID).write_bytes(content)
    recording = read_recording(project, ID)
    assert recording.executions[0].observed
    assert "can't be read" in recording.problems[0]


def test_an_object_that_is_gone_costs_only_that(project: Path) -> None:
    commit(project, clean="")
    surrounded(project, "clean.py")
    for path in (project / ".jrepro" / "objects").rglob("*"):
        path.unlink() if path.is_file() else None
    recording = read_recording(project, ID)
    assert recording.session.git is not None
    assert recording.session.modules[0].tracked is None
    assert len(recording.problems) == 2


# --- which distribution gives an import name ------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Install distributions by hand, into a folder that comes first on sys.path."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)

    def install(name: str, metadata: str, **files: str) -> Path:
        info = folder / f"{name}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(metadata)
        for file, content in files.items():
            (info / (file if file == "RECORD" else f"{file}.txt")).write_text(content)
        for line in files.get("RECORD", "").splitlines():
            installed = folder / line.partition(",")[0]
            installed.parent.mkdir(parents=True, exist_ok=True)
            installed.touch()
        return info

    return install


def test_import_names_are_found_as_declared_or_as_installed(site: Callable[..., Path]) -> None:
    site("declared-1", "Name: declared-name\nVersion: 1\n", top_level="first second\n")
    site("files-2", "Name: files\nVersion: 2\n", RECORD="pack/__init__.py,,\nsingle.py,,\nfast.cpython-311.so,,\n")
    site("editable-3", "Name: My.Editable-Thing\nVersion: 3\n", RECORD="editable.pth,,\n")
    found = distributions_by_import()
    assert found["first"] == found["second"] == {"declared-name": "1"}
    assert found["pack"] == found["single"] == found["fast"] == {"files": "2"}
    assert found["my_editable_thing"] == {"My.Editable-Thing": "3"}


def test_a_namespace_has_all_its_distributions(site: Callable[..., Path]) -> None:
    site("ns_a-1", "Name: ns-a\nVersion: 1\n", RECORD="shared/a/__init__.py,,\n")
    site("ns_b-2", "Name: ns-b\nVersion: 2\n", RECORD="shared/b/__init__.py,,\n")
    assert distributions_by_import()["shared"] == {"ns-a": "1", "ns-b": "2"}


def test_the_first_one_on_the_path_counts(site: Callable[..., Path]) -> None:
    site("numpy-0", "Name: NumPy\nVersion: 0.0.1\n", top_level="numpy")
    assert distributions_by_import()["numpy"] == {"NumPy": "0.0.1"}


def test_broken_metadata_cost_only_their_own_distribution(site: Callable[..., Path]) -> None:
    (site("empty-1", "", top_level="empty_one") / "METADATA").write_bytes(b"")
    site("nameless-1", "Version: 1\n", top_level="nameless")
    site("versionless-1", "Name: versionless\n", top_level="versionless")
    (site("bytes-1", "", top_level="bytes_one") / "METADATA").write_bytes(b"Name: \xff\xfe\nVersion: \xff\n\n\xff")
    (site("gone-1", "") / "METADATA").unlink()
    found = distributions_by_import()
    assert not {"empty_one", "nameless", "versionless", "", "gone"} & found.keys()
    assert "numpy" in found


def test_a_tracked_flag_from_the_kernel_is_kept(project: Path) -> None:
    commit(project, clean="")
    journal = Written(project)
    journal.execution()
    journal.write("module", name="clean", path="clean.py", digest="ab", tracked=False)
    write_surroundings(project, ID, project)
    module = read_recording(project, ID).session.modules[0]
    assert replace(module, tracked=None).path == "clean.py"
    assert module.tracked is False
