"""What is not as it was recorded in the kernel that ran: packages, Python, threads, what the network gave."""

from __future__ import annotations

import platform
import sys
from collections import defaultdict
from collections.abc import Iterator

from jupyter_repro.capture.surroundings import THREADS
from jupyter_repro.model import Environment
from jupyter_repro.run.papermill import replay_environment
from jupyter_repro.store.distributions import distributions_by_import
from jupyter_repro.verify.explanation import Factor, Kind
from jupyter_repro.verify.findings import Findings
from jupyter_repro.verify.libraries import libraries_used, users
from jupyter_repro.verify.outside import changed_responses, changed_rows
from jupyter_repro.verify.situation import Situation

_SPLITTING = ("numpy", "scipy", "sklearn", "torch", "tensorflow", "keras", "numexpr", "pandas", "numba", "jax")
_FIXED = "it can't be put back from here"


def kernel_factors(situation: Situation, findings: Findings) -> tuple[Factor, ...]:
    environment = situation.pipeline.environment
    found = [*_outside(situation, findings)]
    if environment is not None:
        found += [*_packages(situation, environment, findings), *_threads(situation, environment, findings)]
        found += _platform(environment, findings.python)
    return tuple(found)


def _outside(situation: Situation, findings: Findings) -> Iterator[Factor]:
    """What the network and databases gave in this run, as far as it was listened to, against what they gave then."""
    for execution in situation.kept:
        if execution.ordinal not in findings.remote:
            continue
        found: list[tuple[Kind, str]] = [
            *(("network", words) for words in changed_responses(execution.remote, findings.remote[execution.ordinal])),
            *(("database", words) for words in changed_rows(execution.queries, findings.queries[execution.ordinal])),
        ]
        for number, (kind, words) in enumerate(found, start=1):
            text = words.removeprefix(f"{kind}: ")
            name = f"{execution.ordinal}.{number}"
            yield Factor(kind=kind, name=name, text=text, ordinals=(execution.ordinal,), obstacle=_FIXED)


def _packages(situation: Situation, recorded: Environment, findings: Findings) -> Iterator[Factor]:
    changed = {
        name: version
        for name, version in recorded.distributions.items()
        if name in findings.distributions and findings.distributions[name] != version
    }
    if not changed:
        return
    imports = _import_names()
    used = libraries_used(situation.kept, situation.recording)
    for name, version in changed.items():
        now = findings.distributions[name]
        yield Factor(
            kind="package",
            name=name,
            text=f"{name} {version} is now {now or 'missing'}",
            state="changed" if now else "removed",
            recorded=version,
            now=now,
            ordinals=users([*imports[name], name.lower().replace("-", "_")], used),
        )


def _import_names() -> dict[str, list[str]]:
    found = defaultdict(list)
    for name, distributions in distributions_by_import().items():
        for distribution in distributions:
            found[distribution].append(name)
    return found


def _threads(situation: Situation, recorded: Environment, findings: Findings) -> Iterator[Factor]:
    """A replay sets them, but the kernel's specification, or what starts it, may set others."""
    if findings.threads is None:  # the kernel died before it told
        return
    wanted = replay_environment(recorded)
    used = libraries_used(situation.kept, situation.recording)
    for name in THREADS:
        then, now = wanted.get(name), findings.threads.get(name)
        if then != now:
            named = [each.ordinal for each in situation.kept if f"env:{name}" in each.reads.places]
            yield Factor(
                kind="threads",
                name=name,
                text=f"{name} is {now or 'not set'}, it was {then or 'not set'}",
                state="changed" if then and now else "removed" if then else "added",
                recorded=then,
                now=now,
                ordinals=tuple(sorted({*named, *users(_SPLITTING, used)})),
            )


def _platform(recorded: Environment, python: str | None) -> Iterator[Factor]:
    now: dict[Kind, tuple[str, str]] = {
        "Python": (recorded.python, python or recorded.python),
        "platform": (recorded.platform, f"{sys.platform} {platform.release()}"),
        "machine": (recorded.machine, platform.machine()),
    }
    for kind, (before, after) in now.items():
        if before != after:
            text = f"{before} is now {after}"
            yield Factor(kind=kind, name=kind, text=text, recorded=before, now=after, obstacle=_FIXED)
