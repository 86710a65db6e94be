"""`jrepro schedule`: pipelines that run by themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jupyter_repro.cli.console import local_time, one_line, print_pages, print_table
from jupyter_repro.config import find_project
from jupyter_repro.errors import UsageError

if TYPE_CHECKING:
    from jupyter_repro.schedule.schedule import Schedule

# In `schedule_run`, which holds what runs them.
_RUNNING = ("run-now", "serve", "install", "uninstall")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_NEXT = 3


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self.commands, *_RUNNING]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _RUNNING:
            found: click.Command = getattr(import_module("jupyter_repro.cli.schedule_run"), cmd_name.replace("-", "_"))
            return found
        return super().get_command(ctx, cmd_name)


@click.group("schedule", cls=_Group)
def command() -> None:
    """Run exported notebooks by the clock, or when their data change, and keep what became of it.

    Needs `pip install "jupyter-repro[schedule]"`. `serve` runs what is due; `install` hands a schedule to systemd or
    cron instead.
    """


def _duration(_: click.Context, __: click.Parameter, value: str | None) -> float | None:
    from jupyter_repro.schedule.times import parse_duration

    return None if value is None else parse_duration(value)


@command.command("add")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--cron", metavar="EXPRESSION", help='As in crontab: "0 6 * * 1-5" is 06:00, Monday to Friday.')
@click.option("--every", callback=_duration, metavar="TIME", help="Such as 90s, 30m, 6h, 1d.")
@click.option("--on-data-change", is_flag=True, help="When the content of a file that it reads changes, while serving.")
@click.option("--timezone", metavar="ZONE", help="Of --cron, such as Europe/Berlin.  [default: this machine's]")
@click.option("-p", "--parameters", "given", nargs=2, multiple=True, metavar="NAME VALUE", help="Set a parameter.")
@click.option("--name", help="What to call it.  [default: the folder's name]")
@click.option("--time-limit", callback=_duration, metavar="TIME", help="End an attempt that takes longer.")
@click.option("--retries", type=click.IntRange(0, 100), default=0, show_default=True, help="After a run that failed.")
@click.option(
    "--retry-delay",
    callback=_duration,
    default="1m",
    show_default=True,
    metavar="TIME",
    help="Before the first retry; doubled each time.",
)
@click.option(
    "--notify", multiple=True, metavar="ADDRESS", help="command:PROGRAM, https://HOST/PATH, smtp://HOST?to=ADDRESS."
)
@click.option("--notify-on", type=click.Choice(["problems", "always"]), default="problems", show_default=True)
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@_JSON
def add(folder: Path, name: str | None, yes: bool, as_json: bool, **options: Any) -> None:
    """Run the pipeline in DIR, which `jrepro export` wrote, by the clock."""
    import sys

    from jupyter_repro.schedule.adding import check_schedule, make_schedule, store_schedule

    project, schedule, warnings = make_schedule(folder, name, **options)
    following = check_schedule(project, schedule)
    if not as_json:
        for line in [*_when_lines(schedule, following), *warnings]:
            click.echo(line)
        if sys.stdin.isatty() and not yes:
            click.confirm("Add it?", default=True, abort=True)
    store_schedule(project, schedule)
    if as_json:
        _print_json({**_fields(project, schedule), "warnings": warnings})
    else:
        click.echo(f"Added {schedule.name}. {_how_it_runs(project, schedule)}")


def _how_it_runs(project: Path, schedule: Schedule) -> str:
    from jupyter_repro.schedule.server import server_of

    server = server_of(project)
    if server is not None:
        return f"Process {server.pid} serves it."
    return f"Type `jrepro schedule serve` to run what is due, or `jrepro schedule install {schedule.name}`."


def _when_lines(schedule: Schedule, following: list[Any]) -> list[str]:
    from jupyter_repro.schedule.adding import in_words

    lines = [f"{schedule.name}: {in_words(schedule)}"]
    return lines + [f"    {moment:%a %Y-%m-%d %H:%M:%S %Z}" for moment in following]


@command.command("list")
@_JSON
def list_(as_json: bool) -> None:
    """List the schedules, when each is due next and how it went last, and whether they are served."""
    from jupyter_repro.schedule.schedule import list_schedules
    from jupyter_repro.schedule.server import server_of

    project = find_project(Path.cwd())
    found, problems = list_schedules(project)
    rows = [_fields(project, schedule) for schedule in found]
    server = server_of(project)
    if as_json:
        _print_json({"schedules": rows, "server": server, "problems": [str(problem) for problem in problems]})
        return
    if rows:
        print_table(("schedule", "when", "next", "last", "state"), [_row(fields) for fields in rows])
    else:
        click.echo('There are no schedules: type `jrepro schedule add DIR --cron "0 6 * * *"`.')
    for problem in problems:
        click.echo(f"Error: {problem}", err=True)
    click.echo(f"Served by {server.line}" if server else "Nobody serves them: type `jrepro schedule serve`.")


def _row(fields: dict[str, Any]) -> tuple[str, ...]:
    last = fields["last"]
    told = f"{last.verdict} {local_time(last.started)}" if last else ""
    state = [word for word, holds in (("paused", fields["paused"]), ("not proven", not fields["proven"])) if holds]
    state += [fields["installed"]] if fields["installed"] else []
    following = local_time(fields["next"][0]) if fields["next"] else ""
    return fields["name"], fields["words"], following, told, ", ".join(state)


def _fields(project: Path, schedule: Schedule) -> dict[str, Any]:
    import msgspec

    from jupyter_repro.schedule.adding import in_words, is_proven
    from jupyter_repro.schedule.history import read_history
    from jupyter_repro.schedule.notices import shown
    from jupyter_repro.schedule.times import next_times

    history = read_history(project, schedule.name)
    return {
        **msgspec.to_builtins(schedule),
        "notify": [shown(address) for address in schedule.notify],
        "words": in_words(schedule),
        "next": [] if schedule.paused else [moment.isoformat() for moment in next_times(schedule, _NEXT)],
        "proven": is_proven(project, schedule),
        "last": history[-1] if history else None,
    }


@command.command("show")
@click.argument("name")
@_JSON
def show(name: str, as_json: bool) -> None:
    """Show a schedule, its next three times, and how its last runs went."""
    from jupyter_repro.schedule.history import read_history
    from jupyter_repro.schedule.schedule import read_schedule

    project = find_project(Path.cwd())
    fields = _fields(project, read_schedule(project, name))
    if as_json:
        _print_json(fields)
        return
    quiet = ("name", "last", "next")
    for label, value in fields.items():
        if label not in quiet and value not in (None, {}, [], ()):
            click.echo(f"{label.replace('_', ' ')}: {one_line(str(value))}")
    for moment in fields["next"]:
        click.echo(f"next: {moment}")
    print_pages(_lines(read_history(project, name)[-_NEXT:]))


@command.command("history")
@click.argument("name")
@click.option("-n", "count", type=click.IntRange(1), default=20, show_default=True, help="How many, the newest.")
@_JSON
def history(name: str, count: int, as_json: bool) -> None:
    """Show what became of a schedule's runs, the newest last."""
    from jupyter_repro.schedule.history import read_history
    from jupyter_repro.schedule.schedule import read_schedule

    project = find_project(Path.cwd())
    read_schedule(project, name)
    found = read_history(project, name)[-count:]
    if as_json:
        _print_json(found)
    else:
        print_pages(_lines(found) or [f"{name} never ran: type `jrepro schedule run-now {name}`."])


def _lines(attempts: list[Any]) -> list[str]:
    return [
        f"{local_time(each.started)}  {each.verdict:<11} {each.cause:<4} {each.run or ''}"
        + (f"  attempt {each.attempt}" if each.attempt > 1 else "")
        + (f"  {one_line(each.reason)}" if each.reason else "")
        for each in attempts
    ]


def _change(name: str, change: Callable[[Schedule], Schedule], word: str) -> None:
    from jupyter_repro.schedule.schedule import read_schedule, write_schedule

    project = find_project(Path.cwd())
    write_schedule(project, change(read_schedule(project, name)))
    click.echo(f"{word} {name}.")


@command.command("pause")
@click.argument("name")
def pause(name: str) -> None:
    """Let nothing run until `resume`; a run that goes on ends as it would."""
    _change(name, lambda schedule: replace(schedule, paused=True), "Paused")


@command.command("resume")
@click.argument("name")
def resume(name: str) -> None:
    """Go on after `pause`; what was due meanwhile is not caught up."""
    _change(name, lambda schedule: replace(schedule, paused=False), "Resumed")


@command.command("remove")
@click.argument("name")
def remove(name: str) -> None:
    """Remove a schedule and its history, also from systemd or cron; what its runs wrote stays."""
    from jupyter_repro.schedule.installing import uninstall
    from jupyter_repro.schedule.locks import holder_of
    from jupyter_repro.schedule.schedule import home_of, read_schedule, remove_schedule

    project = find_project(Path.cwd())
    schedule = read_schedule(project, name)
    if holder_of(home_of(project, name) / "lock") is not None:
        raise UsageError(f"{name} is running.", f"Type `jrepro schedule pause {name}` and remove it afterwards.")
    if schedule.installed:
        click.echo(uninstall(project, schedule))
    remove_schedule(project, name)
    click.echo(f"Removed {name}.")


def _print_json(value: Any) -> None:
    from jupyter_repro.store.conversion import to_json

    click.echo(to_json(value))
