from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_repro import objects
from jupyter_repro.errors import StorageError
from jupyter_repro.hashing import digest


@pytest.mark.parametrize("data", [b"", b"abc", bytes(range(256)) * 5000])
def test_bytes_come_back_by_their_sha256(project: Path, data: bytes) -> None:
    sha256 = objects.put(project, data)
    assert sha256 == digest(data)
    assert objects.has(project, sha256)
    assert objects.get(project, sha256) == data


def test_equal_bytes_are_one_file_and_nothing_partial_is_left(project: Path) -> None:
    for _ in range(3):
        objects.put(project, b"abc")
    files = [path for path in (project / ".jrepro" / "objects").rglob("*") if path.is_file()]
    assert files == [objects.path_of(project, digest(b"abc"))]


def test_what_a_crash_cut_short_is_written_again(project: Path) -> None:
    sha256 = objects.put(project, b"whole")
    objects.path_of(project, sha256).write_bytes(b"who")
    assert objects.put(project, b"whole") == sha256
    assert objects.get(project, sha256) == b"whole"


def test_a_missing_object_is_a_storage_error(project: Path) -> None:
    with pytest.raises(StorageError, match="jrepro record"):
        objects.get(project, digest(b"never kept"))


def test_a_damaged_object_is_never_given_out(project: Path) -> None:
    sha256 = objects.put(project, b"whole")
    objects.path_of(project, sha256).write_bytes(b"WHOLE")
    with pytest.raises(StorageError, match="damaged"):
        objects.get(project, sha256)


def test_a_store_that_cant_be_written_is_an_oserror_and_leaves_nothing(project: Path) -> None:
    (project / ".jrepro" / "objects").write_text("a file where the folder should be")
    with pytest.raises(OSError, match=r".+"):
        objects.put(project, b"abc")
