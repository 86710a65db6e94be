"""The panel in a real JupyterLab: what a person sees of a notebook that is being recorded, and of one that isn't."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jupyter_servers import JupyterServer
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(180)]  # one worker: one JupyterLab for all

pytest_plugins = ["lab"]
AXE = Path(__file__).parents[2] / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
SECTIONS = ["Recording", "Timeline", "Findings", "Data", "Surroundings", "Export", "Runs"]
PROOF = 90_000  # ms that an export with its proof may take


def write_notebook(path: Path, sources: list[str]) -> None:
    blank = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": []}
    cells = [{**blank, "id": f"cell-{index}", "source": source} for index, source in enumerate(sources)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))


def command(page: Page, name: str, **arguments: object) -> None:
    """By command: a click on the sidebar's tab toggles it and races with the restoration of the layout."""
    page.evaluate(
        "([name, args]) => window.jupyterapp.restored.then(() => window.jupyterapp.commands.execute(name, args))",
        [name, arguments],
    )


def open_notebook(page: Page, lab: JupyterServer, name: str, sources: list[str]) -> Locator:
    """The panel beside a new notebook."""
    write_notebook(lab.root / name, sources)
    return load(page, lab, name)


def load(page: Page, lab: JupyterServer, name: str) -> Locator:
    page.goto(f"{lab.url}/lab/tree/{name}?token={lab.token}&reset")
    page.locator(".jp-Notebook").wait_for()
    page.get_by_text("| Idle").wait_for()  # JupyterLab drops what is run while the kernel starts
    command(page, "jupyter-repro:show-panel")
    return page.get_by_role("region", name="Reproducibility", exact=True)


def start(panel: Locator) -> None:
    panel.get_by_role("button", name="Start recording").click()
    expect(panel.locator(".jp-repro-state")).to_have_text("Recording")


def run_cell(page: Page, index: int) -> None:
    """Run one cell and wait for its end."""
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(index)
    cell.locator(".cm-content").click()
    before = cell.locator(".jp-InputPrompt").inner_text()
    command(page, "notebook:run-cell")
    expect(cell.locator(".jp-InputPrompt")).not_to_have_text(before)
    expect(cell.locator(".jp-InputPrompt")).not_to_have_text("[*]:")


def title(panel: Locator, section: str) -> Locator:
    return panel.locator(".jp-AccordionPanel-title").nth(SECTIONS.index(section))


def show_only(panel: Locator, section: str) -> None:
    for each in SECTIONS:
        is_open = "lm-mod-expanded" in (title(panel, each).get_attribute("class") or "")
        if is_open != (each == section):
            title(panel, each).click()


def lines(panel: Locator) -> Locator:
    return panel.locator(".jp-repro-execution .jp-repro-source")


def test_records_at_a_click_and_shows_what_runs(page: Page, lab: JupyterServer) -> None:
    panel = open_notebook(page, lab, "explore.ipynb", ["total = 41", "total += 1\ntotal", "1 / 0"])
    expect(panel).to_contain_text("Nothing was recorded of this notebook yet")
    start(panel)
    for index in (1, 0, 1, 2):
        run_cell(page, index)
    expect(lines(panel)).to_have_text(["total += 1", "total = 41", "total += 1", "1 / 0"])
    expect(panel.get_by_role("option").last).to_contain_text("error")

    panel.get_by_role("button", name="Stop recording").click()
    expect(panel.locator(".jp-repro-state")).to_have_text("Not recording")
    run_cell(page, 0)
    page.wait_for_timeout(1000)
    expect(lines(panel)).to_have_count(4)
