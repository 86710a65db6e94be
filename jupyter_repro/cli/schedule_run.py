"""`jrepro schedule run-now`, `serve`, `install` and `uninstall`."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from jupyter_repro.config import find_project

if TYPE_CHECKING:
    from jupyter_repro.schedule.history import Cause
    from jupyter_repro.schedule.installing import Target


@click.command("run-now")
@click.argument("name")
@click.option("--cause", type=click.Choice(["hand", "due", "data"]), default="hand", hidden=True)
@click.option("--json", "as_json", is_flag=True, help="Print what became of it as JSON.")
def run_now(name: str, cause: Cause, as_json: bool) -> int:
    """Run a schedule's pipeline now, with its parameters, time limit, retries and notices.

    Exit codes as `jrepro run`.
    """
    from jupyter_repro.schedule.running import run_turn
    from jupyter_repro.schedule.schedule import read_schedule
    from jupyter_repro.store.conversion import to_json

    project = find_project(Path.cwd())
    if cause != "hand" and read_schedule(project, name).paused:
        return 0
    attempt = run_turn(project, name, cause, wait=cause == "data", say=_say)
    if as_json:
        click.echo(to_json(attempt))
    return attempt.exit_code or 0


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # the server that listened may have been killed; the run goes on
        click.echo(text, err=True)


@click.command("serve")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Runs at the same time.")
@click.option("--quiet", is_flag=True, help="Write the log to .jrepro/schedules/server.log only.")
def serve(workers: int, quiet: bool) -> None:
    """Run what is due until it is told to end (Ctrl-C, SIGTERM). One server serves a project.

    After a pause, a turn that was missed is caught up, once for each schedule. Schedules that are added, paused or
    removed meanwhile are noticed.
    """
    from jupyter_repro.schedule.server import serve

    serve(find_project(Path.cwd()), workers=workers, echo=not quiet)


@click.command("install")
@click.argument("name")
@click.option(
    "--to", "target", type=click.Choice(["systemd", "cron", "airflow"]), help="[default: systemd where it is]"
)
@click.option("--print", "only_print", is_flag=True, help="Print what would be written.")
def install(name: str, target: Target | Literal["airflow"] | None, only_print: bool) -> None:
    """Hand a schedule to a user timer of systemd, or to the crontab, which then run it without a server.

    `--to airflow` writes a DAG file beside the pipeline's notebook, for you to put where Airflow finds it.
    """
    from jupyter_repro.schedule.airflow import dag_text, write_dag
    from jupyter_repro.schedule.installing import choose_target, crontab_line, install, units
    from jupyter_repro.schedule.schedule import read_schedule

    project = find_project(Path.cwd())
    schedule = read_schedule(project, name)
    chosen = target or choose_target()
    if chosen == "airflow":
        said = dag_text(project, schedule) if only_print else f"Written to {write_dag(project, schedule)}"
        click.echo(said)
    elif not only_print:
        click.echo(install(project, schedule, chosen))
    elif chosen == "cron":
        click.echo(crontab_line(project, schedule))
    else:
        for file, text in units(project, schedule).items():
            click.echo(f"# {file}\n{text}")


@click.command("uninstall")
@click.argument("name")
def uninstall(name: str) -> None:
    """Take a schedule back from systemd or cron."""
    from jupyter_repro.schedule.installing import uninstall
    from jupyter_repro.schedule.schedule import read_schedule

    project = find_project(Path.cwd())
    click.echo(uninstall(project, read_schedule(project, name)))
