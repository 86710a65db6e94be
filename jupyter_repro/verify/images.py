"""Comparing encoded images: by bytes, then by pixels where something here can decode them, last by what an eye tells.

An eye doesn't see a few pixels that are a little off: another rounding at the edge of a line. It would not see either
that all of a map of colours is one shade off, but there each pixel stands for a number: many such pixels count.
"""

from __future__ import annotations

import io
from typing import Any

from jupyter_repro.verify.difference import Difference, different, equivalent, identical

_SHADE = 8  # of 255, in any channel: below it a pixel beside the other is the same to the eye
_MANY = 0.002  # of all pixels
_AFAR = 4  # pixels that become one
_SHIFT = 0.1  # of a side, by which it may be longer
_OTHER = 48  # of 255: another colour
_PART = 0.02  # of what is seen from afar


def compare_images(expected: bytes, found: bytes) -> Difference:
    if expected == found:
        return identical()
    try:
        ours, theirs = _decode(expected), _decode(found)
    except Exception as error:  # noqa: BLE001 - a decoder raises what it likes: no decoder, no claim
        return different(f"{len(expected):,} bytes", f"{len(found):,} other bytes ({type(error).__name__})")
    if ours.size != theirs.size:
        return different("{} x {} pixels".format(*ours.size), "{} x {} pixels".format(*theirs.size))
    if ours.tobytes() == theirs.tobytes():
        return equivalent("the same pixels, encoded in another way")
    return _compare_pixels(ours, theirs)


def look_alike(expected: bytes, found: bytes) -> bool:
    """Whether two images are the same from afar: letters may have other edges, and lines lie beside where they were."""
    try:
        ours, theirs = _decode(expected), _decode(found)
    except Exception:  # noqa: BLE001 - a decoder raises what it likes: no decoder, no claim
        return False
    if any(abs(one - other) > _SHIFT * one for one, other in zip(ours.size, theirs.size, strict=True)):
        return False
    size = tuple(max(1, side // _AFAR) for side in ours.size)
    counts = _furthest(ours.resize(size), theirs.resize(size)).histogram()
    return bool(sum(counts[_OTHER:]) <= _PART * sum(counts))


def _decode(data: bytes) -> Any:
    from PIL import Image

    return Image.open(io.BytesIO(data)).convert("RGBA")


def _compare_pixels(ours: Any, theirs: Any) -> Difference:
    from PIL import ImageChops

    counts = _furthest(ours, theirs).histogram()  # of pixels, by how far off they are
    size, off = ours.size[0] * ours.size[1], sum(counts[1:])
    largest = max(shade for shade, count in enumerate(counts) if count)
    if largest <= _SHADE and off <= _MANY * size:
        return equivalent(f"the same to the eye: {off:,} of {size:,} pixels are up to {largest} of 255 off")
    box = ImageChops.difference(ours, theirs).getbbox(alpha_only=False)
    found = f"{off:,} pixels that are up to {largest} of 255 off, within {box}"
    return different(f"{ours.size[0]} x {ours.size[1]} pixels", found)


def _furthest(ours: Any, theirs: Any) -> Any:
    """By pixel, how far off the channel is that is the furthest."""
    from PIL import ImageChops

    bands = ImageChops.difference(ours, theirs).split()
    furthest = bands[0]
    for band in bands[1:]:
        furthest = ImageChops.lighter(furthest, band)
    return furthest
