"""What a notebook's file shows, against what a run shows: other front ends, other markup, what can't be compared."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_repro.model import CellError, CellExecution
from jupyter_repro.run.notebooks import Notebook
from jupyter_repro.verify.lacking import MissingPackage, find_lacking
from jupyter_repro.verify.markup import compare_markup
from jupyter_repro.verify.outputs import compare_outputs
from jupyter_repro.verify.saved import comparable

TABLE = (
    "<table {style}><tr>\n<th></th><th>a</th></tr>\n<tr><td>{number}</td><td>x &amp; y</td></tr></table><p>1 row</p>"
)
STYLED = '<style>#T_1a2b3_a {{color: {colour};}}</style><table id="T_1a2b3"><tr><td>1</td></tr></table>'


def table(number: object = 0.5, style: str = "") -> str:
    return TABLE.format(number=number, style=style)


MARKUP = {  # saved, now, verdict, what "equivalent" needed or where they differ
    "the same": (table(), table(), "identical", None),
    "other markup": (table(), table(style="border=1"), "equivalent", "the markup aside"),
    "other white space": (table(), table().replace("\n", "\n   "), "equivalent", "the markup aside"),
    "the last digits": (
        table(0.5, "border=1"),
        table(0.5000000001),
        "equivalent",
        "the markup aside; numbers in the text differ by at most 1e-10 absolute, 2e-10 relative, 900,720 ULP",
    ),
    "a number": (table(), table(0.6), "different", "'| 0.6 | x & y' in line 2 of what is to read"),
    "a row less": (table(), "<table><tr><th></th><th>a</th></tr></table>", "different", None),
    "a styled table": (
        STYLED.format(colour="red"),
        STYLED.format(colour="red").replace("1a2b3", "99999"),
        "identical",
        None,
    ),
    "another colour": (STYLED.format(colour="red"), STYLED.format(colour="blue"), "different", None),
    "a script with data": ("<script>plot([1])</script>", "<script>plot([2])</script>", "different", None),
    "a drawing": ('<svg width="1"><path d="M0"/></svg>', '<svg width="1"><path d="M1"/></svg>', "different", None),
    "an element's name": (
        '<div id="1f0c8a52-33aa-4c1e-9a57-0123456789ab"></div><script>f()</script>',
        '<div id="99999999-33aa-4c1e-9a57-0123456789ab"></div><script>f()</script>',
        "identical",
        None,
    ),
    "no markup at all": ("one", "two", "different", None),
}


@pytest.mark.parametrize("name", MARKUP)
def test_markup(name: str) -> None:
    saved, now, verdict, words = MARKUP[name]
    difference = compare_markup(saved, now)
    assert difference.verdict == verdict
    if words is not None:
        assert words in (difference.note, difference.found)


def shown(**data: Any) -> dict[str, Any]:
    mimes = {"text": "text/plain", "html": "text/html", "png": "image/png"}
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {mimes.get(name, name): each for name, each in data.items()},
    }


PARTLY = {
    "a form more": (shown(text="1"), shown(text="1", html="<b>1</b>"), "equivalent"),
    "a form less": (shown(text="1", html="<b>1</b>"), shown(text="1"), "equivalent"),
    "another value": (shown(text="1"), shown(text="2", html="<b>2</b>"), "different"),
    "nothing in common": (shown(html="<b>1</b>"), shown(text="1"), "different"),
    "a figure that is not shown": (
        shown(text="<Figure size 640x480>", png="x"),
        shown(text="<Figure size 640x480>"),
        "different",
    ),
}


@pytest.mark.parametrize("name", PARTLY)
def test_displays_of_another_front_end(name: str) -> None:
    saved, now, verdict = PARTLY[name]
    assert compare_outputs([saved], [now], partly=True).verdict == verdict
    assert compare_outputs([saved], [now]).verdict == "different"


STDERR = {"output_type": "stream", "name": "stderr", "text": "a warning"}
COMPARABLE = {  # saved outputs, how many of them are left to compare
    "nothing": ([], 0),
    "a warning alone": ([STDERR], 0),
    "a warning and a value": ([STDERR, shown(text="1")], 2),
    "a widget alone": ([shown(**{"application/vnd.jupyter.widget-view+json": {}})], 0),
    "a widget and its text": ([shown(text="bar", **{"application/vnd.jupyter.widget-view+json": {}})], 1),
    "an error": ([{"output_type": "error", "ename": "E", "evalue": "", "traceback": []}], 1),
    "no outputs at all": (["text", None, {}, {"output_type": "stream"}, {"output_type": "display_data", "data": 3}], 0),
    "an unknown kind": ([{"output_type": "hologram"}], 0),
}


@pytest.mark.parametrize("name", COMPARABLE)
def test_what_can_be_compared(name: str) -> None:
    saved, count = COMPARABLE[name]
    assert len(comparable(saved)) == count


def test_what_colab_adds_is_left_out() -> None:
    added = shown(
        text="1",
        html=["<div id='df-1' class='colab-df-container'>"],
        **{"application/vnd.google.colaboratory.x+json": {}},
    )
    assert comparable([added])[0]["data"] == {"text/plain": "1"}


def execution(source: str, name: str, message: str) -> CellExecution:
    return CellExecution(
        session="s",
        ordinal=1,
        execution_count=1,
        cell_id=None,
        source=source,
        status="error",
        started=None,
        error=CellError(name=name, message=message),
    )


LACKING = {  # error, missing files
    "Python's": ("FileNotFoundError", "[Errno 2] No such file or directory: 'data/a.csv'", ("data/a.csv",)),
    "an apostrophe": ("FileNotFoundError", '[Errno 2] No such file or directory: "it\'s.csv"', ("it's.csv",)),
    "a folder": ("OSError", "Cannot save file into a non-existent directory: 'out'", ("out",)),
    "bytes": ("FileNotFoundError", "[Errno 2] No such file or directory: b'a.csv'", ("a.csv",)),
    "something else": ("ValueError", "no such thing", ()),
}


@pytest.mark.parametrize("name", LACKING)
def test_missing_files(name: str) -> None:
    kind, message, files = LACKING[name]
    nothing = Notebook(path=None, cells=(), kernel=None, language=None)  # type: ignore[arg-type]  # no kernel is asked
    found = find_lacking(nothing, [execution("", kind, message)])
    assert (found.packages, found.files) == ((), files)


def test_names_to_install(write_notebook: Any) -> None:
    from jupyter_repro.run.notebooks import read_notebook

    notebook = read_notebook(write_notebook(["import sys\nsys.path.append('lib')"]))  # so no kernel is asked for more
    failed = [
        execution("", "ModuleNotFoundError", f"No module named '{name}'")
        for name in ("sklearn.svm", "osgeo", "no_such_module")
    ]
    failed.append(execution("", "ImportError", "Missing optional dependency 'openpyxl'.  Use pip to install openpyxl."))
    found = find_lacking(notebook, failed)
    assert found.packages == (
        MissingPackage(module="no_such_module", distribution="no_such_module"),
        MissingPackage(module="openpyxl", distribution="openpyxl"),
        MissingPackage(module="osgeo", distribution="GDAL"),
        MissingPackage(module="sklearn", distribution="scikit-learn"),
    )
