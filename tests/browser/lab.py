"""A real JupyterLab, and Debian's Chromium looking at it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator

import pytest
from jupyter_servers import JupyterServer, run_server
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

_FLAGS = """--no-sandbox --disable-gpu --disable-dev-shm-usage --disable-background-networking
--disable-component-update --disable-sync --no-first-run""".split()
_NO_NEWS = {"fetchNews": "false", "checkForUpdates": False}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Without Chromium its tests are skipped; where nothing may be missing ($CI), they fail."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("Chromium is missing; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """JupyterLab over an empty folder."""
    home, root = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("root")
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(_NO_NEWS))
    with run_server("jupyterlab", root, home, "--LabApp.expose_app_in_browser=True") as server:
        yield server


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of its own; a test fails if its page logs an error."""
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    page = chromium.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", note)
    yield page
    page.close()
    assert errors == []
