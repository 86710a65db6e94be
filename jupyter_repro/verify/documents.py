"""Comparing files whose bytes differ: images by pixels, archives by their members, texts by their numbers."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from collections.abc import Iterator

from jupyter_repro.verify.difference import Difference, different, equivalent, worst
from jupyter_repro.verify.images import compare_images
from jupyter_repro.verify.texts import compare_texts

MOST_BYTES = 64 << 20  # a larger file is compared by digest only
_IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*")
_GZIP = b"\x1f\x8b"
_KERAS_CONFIGURATION = "config.json"
_KERAS_NAME = re.compile(rb'"name": "([a-z][a-z0-9]*(?:_[a-z0-9]+)*)"')
_KERAS_NUMBER = re.compile(rb"_\d+$")
_PDF = b"%PDF"
_PDF_DATE = re.compile(rb"/(?:CreationDate|ModDate)\s*\([^)]*\)")


def compare_documents(expected: bytes, found: bytes) -> Difference:
    """How far two different files are the same document."""
    if expected.startswith(_IMAGES) and found.startswith(_IMAGES):
        return compare_images(expected, found)
    if expected.startswith(_GZIP) and found.startswith(_GZIP):
        return _compare_gzip(expected, found)
    if zipfile.is_zipfile(io.BytesIO(expected)) and zipfile.is_zipfile(io.BytesIO(found)):
        return worst(_compare_members(expected, found))
    if expected.startswith(_PDF) and _PDF_DATE.sub(b"", expected) == _PDF_DATE.sub(b"", found):
        return equivalent("the dates in it aside")
    try:
        texts = expected.decode(), found.decode()
    except UnicodeDecodeError:
        return different(f"{len(expected):,} bytes", f"{len(found):,} other bytes")
    return compare_texts(*texts)


def _compare_gzip(expected: bytes, found: bytes) -> Difference:
    """The header holds the time at which it was written."""
    try:
        ours, theirs = gzip.decompress(expected), gzip.decompress(found)
    except (OSError, EOFError):
        return different(f"{len(expected):,} bytes", f"{len(found):,} other bytes")
    return equivalent("times in the archive aside") if ours == theirs else compare_documents(ours, theirs)


def _compare_members(expected: bytes, found: bytes) -> Iterator[Difference]:
    with zipfile.ZipFile(io.BytesIO(expected)) as ours, zipfile.ZipFile(io.BytesIO(found)) as theirs:
        if ours.namelist() != theirs.namelist():
            yield different(f"members {', '.join(ours.namelist())}", f"members {', '.join(theirs.namelist())}")
            return
        yield equivalent("times in the archive aside")
        for name in ours.namelist():
            one, other = ours.read(name), theirs.read(name)
            if name == _KERAS_CONFIGURATION:
                one, other = _unnumbered(one), _unnumbered(other)
            if one != other:
                yield _in_member(name, compare_documents(one, other))


def _unnumbered(configuration: bytes) -> bytes:
    """Names of layers by their first place in the model: Keras numbers them through the whole session."""
    places: dict[bytes, int] = {}
    for name in _KERAS_NAME.findall(configuration):
        places.setdefault(name, len(places))
    for name, place in places.items():
        configuration = configuration.replace(b'"%b"' % name, b'"%b#%d"' % (_KERAS_NUMBER.sub(b"", name), place))
    return configuration


def _in_member(name: str, difference: Difference) -> Difference:
    if difference.verdict != "different":
        return difference
    return different(f"{difference.expected} of {name}", f"{difference.found} of {name}", difference.deviation)
