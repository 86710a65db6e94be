"""Telling objects apart by where they live."""

from __future__ import annotations

# `id()` reports each call to audit hooks, ours among them; the hash that every object inherits is its address, rotated.
identity = object.__hash__
