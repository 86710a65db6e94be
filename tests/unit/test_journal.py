"""The journal's writer where the operating system refuses, each time in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PRELUDE = """
import errno, os, resource, sys
from pathlib import Path
from jupyter_repro import journal as module
from jupyter_repro.journal import Journal

journal = Journal(Path(sys.argv[1]), "s")

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
"""
FREE = "limit(resource.RLIM_INFINITY)"
CASES = {
    "a line that is cut goes on where it stopped": f"""
assert journal.write("a", text="x" * 50)
limit(100)
assert not journal.write("b", text="y" * 50)
assert not journal.write("c")
assert (journal.waiting, journal.fault.errno, journal.fault.filename) == (2, errno.EFBIG, str(journal.path))
assert journal.path.stat().st_size == 100
{FREE}
assert journal.write("d")
assert (journal.waiting, journal.fault) == (0, None)
""",
    "waiting lines go out without a new one": f"""
for line in "abc":
    assert journal.write(line) or line != "a"
    limit(20)
{FREE}
assert journal.flush()
journal.write("d")
""",
    "a descriptor that was closed is opened again": """
journal.write("a")
os.close(journal._fd)
other = os.open("other", os.O_CREAT | os.O_RDWR)
assert all([journal.write(line) for line in "bcd"])
assert os.fstat(other).st_size == 0
journal.close()
assert os.fstat(other).st_size == 0
""",
    "a fork has no say": """
journal.write("a")
if os.fork() == 0:
    journal.write("of the child")
    os._exit(0)
os.wait()
for line in "bcd":
    journal.write(line)
""",
}


@pytest.mark.parametrize("code", CASES.values(), ids=CASES)
def test_every_line_is_there_once_and_in_order(code: str, tmp_path: Path) -> None:
    assert lines_of(code, tmp_path) == ["a", "b", "c", "d"]


def test_only_evidence_is_dropped_where_too_much_waits(tmp_path: Path) -> None:
    code = f"""
module._MOST_WAITING = 100
journal.write("session")
limit(40)
for line in ("began", "ended", "evidence", "names", "began"):
    journal.write(line, text="x" * 40)
assert journal.dropped == 2
{FREE}
journal.write("stopped")
"""
    assert lines_of(code, tmp_path) == ["session", "began", "ended", "began", "stopped"]


def lines_of(code: str, folder: Path) -> list[str]:
    """The kinds of the lines that the code left in the journal."""
    command = [sys.executable, "-c", PRELUDE + code, str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    journal = folder / ".jrepro" / "sessions" / "s.jsonl"
    return [json.loads(line)["line"] for line in journal.read_text().splitlines()]
