"""Python's collector of cyclic garbage, and what our start would change about when it runs."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def spared() -> Iterator[None]:
    """What is loaded inside stays out of the collector's count.

    A full collection is due when a quarter of the objects is new: tens of thousands of ours would bring it forward
    into the user's first import. Frozen and thawed, they are old, and collected like all others.
    """
    if not gc.isenabled() or gc.get_freeze_count():  # the user has plans for it
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.unfreeze()
        gc.enable()
