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


def _decode(data: bytes) -> Any:
    from PIL import Image

    return Image.open(io.BytesIO(data)).convert("RGBA")


def _compare_pixels(ours: Any, theirs: Any) -> Difference:
    from PIL import ImageChops

    difference = ImageChops.difference(ours, theirs)
    bands = difference.split()
    furthest = bands[0]
    for band in bands[1:]:
        furthest = ImageChops.lighter(furthest, band)
    counts = furthest.histogram()  # of pixels, by how far off they are
    size, off = ours.size[0] * ours.size[1], sum(counts[1:])
    largest = max(shade for shade, count in enumerate(counts) if count)
    if largest <= _SHADE and off <= _MANY * size:
        return equivalent(f"the same to the eye: {off:,} of {size:,} pixels are up to {largest} of 255 off")
    box = difference.getbbox(alpha_only=False)
    found = f"{off:,} pixels that are up to {largest} of 255 off, within {box}"
    return different(f"{ours.size[0]} x {ours.size[1]} pixels", found)
