"""Comparators of other packages: found by entry points, asked where bytes differ, never trusted to be faultless."""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_repro.verify.comparators import compare_by_plugin, faults, plugins
from jupyter_repro.verify.outputs import compare_outputs
from jupyter_repro.verify.rerun import compare_contents

DOCUMENTED = re.findall(
    r"```python\n(.*?)```", (Path(__file__).parents[2] / "docs/comparators.md").read_text(), re.DOTALL
)
FAULTY = """
class Breaking:
    suffixes, mime_types = (".bad",), ()
    def compare(self, expected, found, tolerance):
        raise KeyError("no such header")

class Wrong(Breaking):
    suffixes = (".wrong",)
    def compare(self, expected, found, tolerance):
        return True
"""
POINTS = """[jrepro.comparators]
breaking = spectra_faulty:Breaking
gone = spectra_faulty:NoSuchThing
spectra = spectra_comparison:Spectra
wrong = spectra_faulty:Wrong
"""


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A distribution as pip leaves it: modules, metadata, entry points."""
    (tmp_path / "spectra_comparison.py").write_text(DOCUMENTED[0])
    (tmp_path / "spectra_faulty.py").write_text(FAULTY)
    metadata = tmp_path / "spectra-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: spectra\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(POINTS)
    monkeypatch.syspath_prepend(tmp_path)
    plugins.cache_clear()
    yield
    plugins.cache_clear()
    for name in ("spectra_comparison", "spectra_faulty"):
        sys.modules.pop(name, None)


def spectrum(*channels: float) -> bytes:
    return struct.pack(f"<{len(channels)}d", *channels)


def test_a_file_is_compared_by_the_comparator_of_its_format() -> None:
    close = compare_contents("a.SPC", spectrum(1.0, 2.0), spectrum(1.0, 2.0 + 1e-9))
    assert (close.verdict, close.note) == ("equivalent", "by the comparator spectra: each channel within the tolerance")
    far = compare_contents("a.spc", spectrum(1.0, 2.0), spectrum(1.0, 3.0))
    assert (far.verdict, far.expected, far.found) == ("different", "2.0 in channel 1", "3.0 in channel 1")
    assert compare_contents("a.txt", spectrum(1.0), spectrum(1.0 + 1e-9)).verdict == "different"


def test_a_display_is_compared_by_its_mime_type() -> None:
    bundles = [
        [{"output_type": "display_data", "data": {"application/x-spectrum": text}, "metadata": {}}]
        for text in ("A" * 8, "A" * 7 + "B")
    ]
    assert compare_outputs(*bundles).verdict == "different"
    assert "in channel 0" in str(compare_outputs(*bundles).found)


def test_what_fails_is_different_and_says_why() -> None:
    broken = compare_by_plugin("a.bad", b"1", b"2")
    assert broken is not None
    assert broken.verdict == "different"
    assert "the comparator breaking failed: KeyError: 'no such header'" in str(broken.found)
    wrong = compare_by_plugin("a.wrong", b"1", b"2")
    assert wrong is not None
    assert "compare() gave bool, not a Difference" in str(wrong.found)


def test_what_cannot_be_loaded_is_named_and_left_out() -> None:
    assert [plugin.name for plugin in plugins()] == ["breaking", "gone", "spectra", "wrong"]
    (fault,) = faults()
    assert fault.startswith("The comparator gone can't be loaded: AttributeError: ")
