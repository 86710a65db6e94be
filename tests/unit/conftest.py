"""Sessions that run in the test's own process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from live_sessions import LiveSession, live_shell, session_in

from jupyter_repro.capture.audit import Audit

StartSession = Callable[[], AbstractContextManager[LiveSession]]


@pytest.fixture(scope="module")
def shell() -> Iterator[InteractiveShell]:
    with live_shell() as found:
        yield found


@pytest.fixture(scope="session")
def audit() -> Audit:
    """The hook of an audit can't be removed: one is enough."""
    return Audit(lambda: None)


@pytest.fixture
def start_session(shell: InteractiveShell, audit: Audit, project: Path) -> StartSession:
    return partial(session_in, shell, audit, project)


@pytest.fixture
def session(start_session: StartSession) -> Iterator[LiveSession]:
    with start_session() as found:
        yield found
