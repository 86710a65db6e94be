"""Comparing encoded images: by bytes, then by pixels where something here can decode them."""

from __future__ import annotations

import io
from typing import Any

from jupyter_repro.verify.difference import Difference, different, equivalent, identical


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
    return different(f"{ours.size[0]} x {ours.size[1]} pixels", _how_far(ours, theirs))


def _decode(data: bytes) -> Any:
    from PIL import Image

    return Image.open(io.BytesIO(data)).convert("RGBA")


def _how_far(ours: Any, theirs: Any) -> str:
    from PIL import ImageChops

    difference = ImageChops.difference(ours, theirs)
    bands: Any = difference.getextrema()
    largest = max(high for _, high in bands)
    return f"pixels that are up to {largest} of 255 off, within {difference.getbbox(alpha_only=False)}"
