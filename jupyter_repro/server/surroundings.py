"""Randomness and environment of a session: what seeded whom, and which packages are others by now."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

from jupyter_repro.errors import ReproError
from jupyter_repro.model import Entropy, Environment, Recording
from jupyter_repro.server.reading import Recorded
from jupyter_repro.server.views import Package, Stream, Surroundings
from jupyter_repro.store.journal_reader import read_recording
from jupyter_repro.store.sessions import sessions_of


@lru_cache(maxsize=4)
def surroundings(recorded: Recorded) -> Surroundings:
    recording = recorded.recording
    session, environment = recording.session, recording.session.environment
    before_id, before = _before(recorded)
    is_here = _is_here(recorded)
    return Surroundings(
        seed=session.seed,
        seed_given=session.seed_given,
        deterministic=session.deterministic,
        streams=_streams(recording),
        entropy=_entropy(recording),
        python=environment.python if environment is not None else None,
        platform=environment.platform if environment is not None else None,
        cpu=environment.cpu if environment is not None else None,
        threads=environment.threads if environment is not None else {},
        usable_cpus=environment.usable_cpus if environment is not None else None,
        git=session.git,
        packages=_packages(environment, before, is_here),
        compared_with=before_id,
        is_here=is_here,
    )


def _streams(recording: Recording) -> tuple[Stream, ...]:
    users: dict[str, dict[int, None]] = {}
    own: set[str] = set()
    for execution in recording.executions:
        for state in execution.random:
            users.setdefault(state.library, {})[execution.ordinal] = None
            if state.seed is None and state.stream is None:
                own.add(state.library)
    return tuple(
        Stream(library=library, seeded_by="user" if library in own else "session", ordinals=tuple(ordinals))
        for library, ordinals in users.items()
    )


def _entropy(recording: Recording) -> tuple[Entropy, ...]:
    counts: Counter[tuple[str, str]] = Counter()
    for execution in recording.executions:
        for each in execution.entropy:
            counts[each.source, each.module] += each.count
    return tuple(Entropy(source=source, module=module, count=count) for (source, module), count in counts.items())


def _before(recorded: Recorded) -> tuple[str | None, Mapping[str, str]]:
    """The session before this one, and its packages."""
    ids = [each.session.id for each in sessions_of(recorded.project, recorded.notebook)]
    older = [each for each in ids if each < recorded.summary.session.id]
    with suppress(ReproError):
        if older:
            environment = read_recording(recorded.project, older[0]).session.environment
            return older[0], environment.distributions if environment is not None else {}
    return None, {}


def _packages(environment: Environment | None, before: Mapping[str, str], is_here: bool) -> tuple[Package, ...]:
    found = environment.distributions if environment is not None else {}
    return tuple(
        Package(
            name=name,
            version=recorded,
            before=before[name] if before.get(name, recorded) != recorded else None,
            now=_installed(name) if is_here else None,
        )
        for name, recorded in found.items()
    )


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def _is_here(recorded: Recorded) -> bool:
    """Whether the notebook's kernel is this environment's Python: only then can its packages be looked at here."""
    from jupyter_repro.run.kernelspecs import choose_kernel
    from jupyter_repro.run.notebooks import read_notebook

    try:
        _, spec = choose_kernel(read_notebook(recorded.notebook), None)
    except ReproError:
        return False
    return bool(spec.argv) and spec.argv[0] in (sys.executable, "python", "python3")
