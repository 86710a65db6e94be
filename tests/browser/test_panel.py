"""The panel in a real JupyterLab: what a person sees of a notebook that is being recorded, and of one that isn't."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jupyter_servers import JupyterServer
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(120)]  # one worker: one JupyterLab for all

pytest_plugins = ["lab"]
RECORDED = ["%load_ext jupyter_repro\n%repro start", "total = 41", "total += 1\ntotal", "1 / 0"]


def write_notebook(path: Path, sources: list[str]) -> None:
    blank = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": []}
    cells = [{**blank, "id": f"cell-{index}", "source": source} for index, source in enumerate(sources)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))


def run(page: Page, command: str) -> None:
    """By command: a click on the sidebar's tab toggles it and races with the restoration of the layout."""
    page.evaluate(
        "command => window.jupyterapp.restored.then(() => window.jupyterapp.commands.execute(command))", command
    )


def open_notebook(page: Page, lab: JupyterServer, name: str, sources: list[str]) -> None:
    write_notebook(lab.root / name, sources)
    page.goto(f"{lab.url}/lab/tree/{name}?token={lab.token}&reset")
    page.locator(".jp-Notebook").wait_for()
    page.get_by_text("| Idle").wait_for()  # JupyterLab drops what is run while the kernel starts
    run(page, "jupyter-repro:show-panel")


def test_shows_what_ran_while_the_kernel_records(page: Page, lab: JupyterServer) -> None:
    open_notebook(page, lab, "explore.ipynb", RECORDED)
    panel = page.get_by_role("region", name="Reproducibility")
    expect(panel).to_contain_text("Nothing was recorded of this notebook yet")

    run(page, "notebook:run-all-cells")

    expect(panel.locator(".jp-repro-source")).to_have_text(["total = 41", "total += 1", "1 / 0"])
    expect(panel.locator(".jp-repro-execution").last).to_contain_text("error")
    expect(panel.get_by_role("button")).to_contain_text("3 executions · recording")


def test_says_how_to_record(page: Page, lab: JupyterServer) -> None:
    open_notebook(page, lab, "new.ipynb", ["x = 1"])
    expect(page.get_by_role("region", name="Reproducibility")).to_contain_text("%repro start")
