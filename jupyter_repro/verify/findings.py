"""What the probe in a proof's kernel wrote down, read back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jupyter_repro.model import Check, Deviation, Query, RemoteRead, Value


@dataclass(slots=True)
class Findings:
    """Checks of names after each execution, checks of the targets at the end, and what the kernel ran on.

    `remote` and `queries`: what each execution got from outside, where that was listened to.
    """

    after: dict[int, list[Check]] = field(default_factory=dict)
    remote: dict[int, list[RemoteRead]] = field(default_factory=dict)
    queries: dict[int, list[Query]] = field(default_factory=dict)
    drawn: dict[int, list[dict[str, str] | None]] = field(default_factory=dict)  # see `capture.drawn`
    targets: dict[str, Check] = field(default_factory=dict)
    found: dict[int | None, dict[str, Value]] = field(default_factory=dict)  # values that differ; at the end: None
    contents: dict[str, bytes] = field(default_factory=dict)  # their numbers, by digest
    python: str | None = None
    distributions: dict[str, str | None] = field(default_factory=dict)
    threads: dict[str, str] | None = None  # variables that say how many, as the kernel had them


def read_findings(path: Path) -> Findings:
    """A kernel that died leaves what it had found until then."""
    findings = Findings()
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            fields = json.loads(line)
        except ValueError:  # the last line of a kernel that was killed
            continue
        _add(findings, fields)
    for values in findings.found.values():
        for value in values.values():
            if value.content is not None:
                findings.contents[value.content] = Path(f"{path}.{value.content}").read_bytes()
    return findings


def _check(fields: dict[str, Any]) -> Check:
    measured = fields.get("deviation")
    return Check(**{**fields, "deviation": Deviation(**measured) if measured is not None else None})


def _add(findings: Findings, fields: dict[str, Any]) -> None:
    if values := fields.get("found"):
        findings.found[fields.get("ordinal")] = {name: Value(**value) for name, value in values.items()}
    if "ordinal" in fields:
        checks = [replace(_check(each), ordinal=fields["ordinal"]) for each in fields["checks"]]
        findings.after[fields["ordinal"]] = checks
        findings.drawn[fields["ordinal"]] = fields.get("drawn", [])
        findings.remote[fields["ordinal"]] = [RemoteRead(**each) for each in fields.get("remote", ())]
        findings.queries[fields["ordinal"]] = [Query(**each) for each in fields.get("queries", ())]
    elif "targets" in fields:
        findings.targets = {each["subject"]: _check(each) for each in fields["targets"]}
    else:
        findings.python, findings.distributions = fields["python"], fields["distributions"]
        findings.threads = fields.get("threads")
