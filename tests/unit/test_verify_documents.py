"""Texts, outputs, images and files of two runs: the same, the same but for what no two runs share, or different."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
from typing import Any

import pytest
from PIL import Image

from jupyter_repro.verify.documents import compare_documents
from jupyter_repro.verify.images import compare_images
from jupyter_repro.verify.outputs import compare_outputs
from jupyter_repro.verify.texts import compare_texts

TEXTS = {  # recorded, found, verdict
    "the same": ("a 1.5", "a 1.5", "identical"),
    "addresses": ("<A at 0x7fb3bc345c60>", "<A at 0x7fb3bc399999>", "identical"),
    "a diagram of scikit-learn": ('<div id="sk-container-id-1">', '<div id="sk-container-id-7">', "identical"),
    "a styled table": ("#T_1a2b3_row0 {}", "#T_99999_row0 {}", "identical"),
    "a finished progress bar": ("\r 10%\r 50%\rdone\n", "\r 90%\rdone\n", "identical"),
    "colours": ("\x1b[1mdone\x1b[0m", "done", "identical"),
    "%%time": ("CPU times: user 2 ms\nWall time: 3 ms\n", "CPU times: user 9 ms\nWall time: 1 s\n", "equivalent"),
    "%timeit": (
        "3 ns ± 1 ns per loop (mean ± std. dev. of 7 runs)",
        "5 ns ± 0 ns per loop (mean ± std. dev. of 7 runs)",
        "equivalent",
    ),
    "Keras": ("3/3 ━━ 1s 12ms/step - loss: 0.25", "3/3 ━━ 0s 8ms/step - loss: 0.25", "equivalent"),
    "tqdm": ("100%|██| 3/3 [00:01<00:00, 2.9it/s]", "100%|██| 3/3 [00:02<00:00, 1.4it/s]", "equivalent"),
    "the last digits": ("loss 0.123456789", "loss 0.123456790", "equivalent"),
    "a number": ("loss 0.1", "loss 0.2", "different"),
    "an integer": ("n = 10000000", "n = 10000001", "different"),
    "a loss beside a time": ("3/3 ━━ 1s 12ms/step - loss: 0.25", "3/3 ━━ 1s 8ms/step - loss: 0.26", "different"),
    "a date": ("2020-01-01", "2020-01-02", "different"),
    "a word": ("one\ntwo", "one\nthree", "different"),
    "a line more": ("one", "one\ntwo", "different"),
    "only spaces": ("a b", "a  b", "different"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_texts(name: str) -> None:
    recorded, found, verdict = TEXTS[name]
    difference = compare_texts(recorded, found)
    assert difference.verdict == verdict
    assert (difference.note is not None) == (verdict == "equivalent")
    assert (difference.expected != difference.found) == (verdict == "different")


def test_where_texts_differ_is_said() -> None:
    difference = compare_texts("one\ntwo", "one\nthree")
    assert (difference.expected, difference.found) == ("'two' in line 2", "'three' in line 2")


def png(*pixels: tuple[int, int, int], compression: int = 6) -> bytes:
    image = Image.new("RGB", (len(pixels), 1))
    image.putdata(pixels)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=compression)
    return buffer.getvalue()


def test_images_are_compared_by_pixels() -> None:
    one = png(*[(1, 2, 3)] * 50)
    assert compare_images(one, one).verdict == "identical"
    assert compare_images(one, png(*[(1, 2, 3)] * 50, compression=0)).verdict == "equivalent"
    off = compare_images(one, png(*[(1, 2, 3)] * 49, (1, 2, 40)))
    assert off.verdict == "different"
    assert off.found == "1 pixels that are up to 37 of 255 off, within (49, 0, 50, 1)"
    assert compare_images(one, png((1, 2, 3))).verdict == "different"
    assert compare_images(one, b"\x89PNG broken").verdict == "different"


def stream(text: str | list[str], name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def shown(kind: str = "display_data", **data: Any) -> dict[str, Any]:
    mimes = {"text": "text/plain", "html": "text/html", "png": "image/png", "json": "application/json"}
    return {"output_type": kind, "data": {mimes[name]: value for name, value in data.items()}, "metadata": {}}


def image(data: bytes) -> str:
    return base64.b64encode(data).decode()


OUTPUTS = {
    "the same": ([stream("a"), shown(text="1")], [stream("a"), shown(text="1")], "identical"),
    "lines of a file": ([stream("a\nb\n")], [stream(["a\n", "b\n"])], "identical"),
    "streams in pieces": ([stream("a"), stream("b")], [stream("ab")], "identical"),
    "execution counts": (
        [{**shown("execute_result", text="1"), "execution_count": 7}],
        [{**shown("execute_result", text="1"), "execution_count": 2}],
        "identical",
    ),
    "a warning": ([stream("a"), stream("w", "stderr")], [stream("a")], "equivalent"),
    "the same image": (
        [shown(png=image(png((1, 2, 3))))],
        [shown(png=image(png((1, 2, 3), compression=0)))],
        "equivalent",
    ),
    "JSON": ([shown(json={"a": 1, "b": [2]})], [shown(json={"b": [2], "a": 1})], "identical"),
    "other JSON": ([shown(json={"a": 1})], [shown(json={"a": 2})], "different"),
    "a table": ([shown(text="1", html="<b>1</b>")], [shown(text="1", html="<b>2</b>")], "different"),
    "another kind": ([shown(text="1", html="<b>1</b>")], [shown(text="1")], "different"),
    "a display less": ([shown(text="1"), shown(text="2")], [shown(text="1")], "different"),
    "another order": ([shown(text="1"), shown(text="2")], [shown(text="2"), shown(text="1")], "different"),
    "nothing at all": ([shown(text="1")], [], "missing"),
    "an error": (
        [{"output_type": "error", "ename": "E", "evalue": "a", "traceback": ["x"]}],
        [{"output_type": "error", "ename": "E", "evalue": "b", "traceback": ["x"]}],
        "different",
    ),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs(name: str) -> None:
    recorded, found, verdict = OUTPUTS[name]
    assert compare_outputs(recorded, found).verdict == verdict


def archive(year: int, **members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(name.replace("_json", ".json"), (year, 1, 1, 0, 0, 0)), data)
    return buffer.getvalue()


def keras(number: int, address: int, units: int = 3) -> bytes:
    layers = [{"name": f"dense_{number}", "shared_object_id": address}, {"name": f"dense_{number + 1}"}]
    configuration = {"name": "model", "layers": layers, "units": units, "input": [f"dense_{number}", 0]}
    return json.dumps(configuration).encode()


FILES = {
    "a table": (b"a,b\n1,0.5\n", b"a,b\n1,0.5000000001\n", "equivalent"),
    "another table": (b"a,b\n1,0.5\n", b"a,b\n1,0.6\n", "different"),
    "an image": (png((1, 2, 3)), png((1, 2, 3), compression=0), "equivalent"),
    "gzip": (gzip.compress(b"x" * 99, mtime=1), gzip.compress(b"x" * 99, mtime=2), "equivalent"),
    "other gzip": (gzip.compress(b"x"), gzip.compress(b"y"), "different"),
    "an archive": (archive(1990, a=b"1", b=b"2"), archive(2020, a=b"1", b=b"2"), "equivalent"),
    "another archive": (archive(1990, a=b"1"), archive(1990, b=b"1"), "different"),
    "a member": (archive(1990, a=b"1", b=b"\xff\x00"), archive(1990, a=b"1", b=b"\xff\x01"), "different"),
    "a PDF": (b"%PDF \xff /CreationDate (D:2020) x", b"%PDF \xff /CreationDate (D:2021) x", "equivalent"),
    "a Keras model": (
        archive(1990, config_json=keras(4, 999), metadata_json=b'{"date_saved": "2020"}'),
        archive(1991, config_json=keras(7, 555), metadata_json=b'{"date_saved": "2021"}'),
        "equivalent",
    ),
    "another Keras model": (
        archive(1990, config_json=keras(4, 1)),
        archive(1990, config_json=keras(4, 1, 5)),
        "different",
    ),
    "bytes": (b"\xff\x00", b"\xff\x01", "different"),
}


@pytest.mark.parametrize("name", FILES)
def test_files(name: str) -> None:
    recorded, found, verdict = FILES[name]
    difference = compare_documents(recorded, found)
    assert difference.verdict == verdict
    assert (difference.note is not None) == (verdict == "equivalent")


def test_the_member_that_differs_is_named() -> None:
    difference = compare_documents(archive(1990, a=b"1", b=b"x"), archive(1990, a=b"1", b=b"y"))
    assert difference.found == "'y' in line 1 of b"
