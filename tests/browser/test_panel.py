"""The panel in a real JupyterLab: what a person sees of a notebook that is being recorded, and of one that isn't."""

from __future__ import annotations

import json
import re
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


def test_keeps_what_ran_over_edits_deletions_reloads_and_restarts(page: Page, lab: JupyterServer) -> None:
    panel = open_notebook(page, lab, "history.ipynb", ["a = 1", "b = a + 1", "a = 5"])
    start(panel)
    for index in (0, 1, 2):
        run_cell(page, index)
    page.locator(".jp-Notebook .jp-CodeCell").nth(0).locator(".cm-content").click()
    page.keyboard.press("End")
    page.keyboard.type("0")
    page.locator(".jp-Notebook .jp-CodeCell").nth(2).locator(".cm-content").click()
    command(page, "notebook:delete-cell")
    command(page, "docmanager:save")
    rows = panel.get_by_role("listbox", name="Executions in true order").get_by_role("option")
    expect(rows.nth(0)).to_contain_text("edited")
    expect(rows.nth(2)).to_contain_text("deleted")

    rows.nth(0).click()
    detail = panel.get_by_role("region", name="Execution 1", exact=True)
    expect(detail.locator(".jp-mod-removed")).to_have_text("- a = 1")
    expect(detail.locator(".jp-mod-added")).to_have_text("+ a = 10")
    expect(page.locator(".jp-Notebook .jp-CodeCell").nth(0)).to_have_class(re.compile("jp-mod-active"))
    show_only(panel, "Findings")
    expect(panel).to_contain_text("Execution 1 ran another text than its cell holds now.")
    expect(panel).to_contain_text("Execution 3 ran a cell that was deleted since.")

    panel = load(page, lab, "history.ipynb")
    expect(lines(panel)).to_have_text(["a = 1", "b = a + 1", "a = 5"])
    expect(panel.locator(".jp-repro-state")).to_have_text("Recording")
    page.evaluate("() => window.jupyterapp.serviceManager.sessions.refreshRunning()")
    page.evaluate("""async () => {
        const { sessions, kernels } = window.jupyterapp.serviceManager;
        for (const session of sessions.running()) {
            if (session.path === 'history.ipynb') await kernels.connectTo({ model: session.kernel }).restart();
        }
    }""")
    expect(panel.locator(".jp-repro-state")).to_have_text("Not recording", timeout=20_000)
    expect(lines(panel)).to_have_count(3)
    start(panel)
    run_cell(page, 1)
    expect(lines(panel)).to_have_text(["b = a + 1"])
    expect(panel.get_by_role("combobox").locator("option")).to_have_count(2)


def test_exports_with_a_proof(page: Page, lab: JupyterServer) -> None:
    sources = ["rate = 3", "unused = 1", "result = rate * 2\nresult"]
    panel = open_notebook(page, lab, "export.ipynb", sources)
    start(panel)
    for index in range(3):
        run_cell(page, index)
    show_only(panel, "Export")
    expect(panel.get_by_text("2 of 3 executions stay")).to_be_visible()
    expect(page.locator(".jp-Notebook .jp-CodeCell").nth(1)).to_have_class(re.compile("jp-repro-goes"))
    expect(page.locator(".jp-Notebook .jp-CodeCell").nth(2).locator(".jp-InputArea-prompt")).to_have_attribute(
        "title", re.compile("Stays in the export")
    )
    assert not (lab.root / "export-pipeline").exists()

    panel.get_by_text("Variables (").click()
    panel.get_by_label("unused").check()
    expect(panel.get_by_text("1 of 3 executions stay")).to_be_visible()
    panel.get_by_label("unused").uncheck()
    expect(panel.get_by_label("rate = 3")).to_be_checked()
    panel.get_by_role("button", name="Export and prove").click()
    expect(panel.locator(".jp-repro-job")).to_contain_text("proven", timeout=PROOF)
    expect(panel.locator(".jp-repro-checks")).to_contain_text("identical")
    panel.get_by_role("button", name="Open the notebook").click()
    expect(page.locator(".jp-Notebook:visible")).to_contain_text("rate: int = 3", timeout=20_000)


def test_a_proof_that_fails_names_the_first_difference(page: Page, lab: JupyterServer) -> None:
    (lab.root / "numbers.txt").write_text("1 2 3")
    panel = open_notebook(
        page, lab, "failing.ipynb", ["from pathlib import Path", "n = len(Path('numbers.txt').read_text())\nn"]
    )
    start(panel)
    for index in range(2):
        run_cell(page, index)
    expect(lines(panel)).to_have_count(2)
    (lab.root / "numbers.txt").write_text("1 2 3 4")
    show_only(panel, "Data")
    expect(panel.get_by_text("changed", exact=True)).to_be_visible()
    show_only(panel, "Export")
    panel.get_by_role("button", name="Export and prove").click()
    job = panel.locator(".jp-repro-job")
    expect(job).to_contain_text("not proven", timeout=PROOF)
    expect(job).to_contain_text("numbers.txt differs from the one that was read")
    job.get_by_role("button", name="Show execution 2").click()
    show_only(panel, "Timeline")
    expect(panel.get_by_role("region", name="Execution 2", exact=True)).to_be_visible()


def test_every_section_is_accessible_in_both_themes_and_by_keyboard(page: Page, lab: JupyterServer) -> None:
    sources = ["import random", "x = random.random()", "import time\nt = time.time()", "open('w.txt', 'w').write('x')"]
    panel = open_notebook(page, lab, "access.ipynb", sources)
    start(panel)
    for index in range(4):
        run_cell(page, index)
    expect(lines(panel)).to_have_count(4)
    rows = panel.get_by_role("listbox")
    rows.focus()
    for key in ("Home", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(panel.get_by_role("region", name="Execution 2", exact=True)).to_be_visible()

    page.evaluate(AXE.read_text())
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        command(page, "apputils:change-theme", theme=theme)
        expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
        for section in SECTIONS:
            show_only(panel, section)
            expect(panel.locator(".jp-repro-section:visible").first).not_to_contain_text("…")
            found = page.evaluate("() => axe.run('#jupyter-repro-panel')")
            assert len(found["passes"]) > 5
            assert [(theme, section, each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
    command(page, "apputils:change-theme", theme="JupyterLab Light")
