"""A schedule without a server: a user timer of systemd, or a line of the crontab where there is no systemd.

Both call `jrepro schedule run-now NAME --cause due`, so limits, retries, history and notices are the same.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

from jupyter_repro.config import find_project
from jupyter_repro.errors import StorageError, UsageError
from jupyter_repro.hashing import digest
from jupyter_repro.schedule.cron import DAYS, Cron, parse_cron
from jupyter_repro.schedule.schedule import Schedule, told, write_schedule
from jupyter_repro.schedule.times import local_zone

Target = Literal["systemd", "cron"]
_MINUTES, _HOURS = 60, 24


def choose_target() -> Target:
    """UsageError where there is neither."""
    if _has_user_systemd():
        return "systemd"
    if shutil.which("crontab"):
        return "cron"
    step = "Type `jrepro schedule serve` in a session that stays, or install one."
    raise UsageError("Here is neither a systemd of the user's nor crontab.", step)


def _has_user_systemd() -> bool:
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return shutil.which("systemctl") is not None and bool(runtime) and Path(runtime or "", "systemd/private").exists()


def install(project: Path, schedule: Schedule, target: Target) -> str:
    """What was written where, in words. Raises UsageError where the target can't say when it is due, StorageError."""
    if schedule.on_data_change:
        step = "Type `jrepro schedule serve`, which watches data."
        raise UsageError(f"{schedule.name} runs when data change, which neither systemd nor cron see as it does.", step)
    done = _install_timer(project, schedule) if target == "systemd" else _install_line(project, schedule)
    write_schedule(project, replace(schedule, installed=target))
    return done


def uninstall(project: Path, schedule: Schedule) -> str:
    if schedule.installed == "systemd":
        done = _remove_timer(project, schedule)
    elif schedule.installed == "cron":
        _write_crontab(_without(_read_crontab(), _mark(project, schedule)))
        done = "The line is out of the crontab."
    else:
        raise UsageError(f"{schedule.name} is not installed.", f"Type `jrepro schedule install {schedule.name}`.")
    write_schedule(project, replace(schedule, installed=None))
    return done


def _command(project: Path, schedule: Schedule) -> list[str]:
    chosen = find_project(project)
    where = [] if chosen == project else ["env", f"JREPRO_PROJECT={project}"]
    return [*where, sys.executable, "-m", "jupyter_repro.cli", "schedule", "run-now", schedule.name, "--cause", "due"]


# systemd


def unit_name(project: Path, schedule: Schedule) -> str:
    """Two projects can have schedules of one name."""
    return f"jrepro-{schedule.name}-{digest(os.fsencode(project))[:8]}"


def units(project: Path, schedule: Schedule) -> dict[str, str]:
    """File name -> text, of the service and its timer."""
    name = unit_name(project, schedule)
    service = [
        "[Unit]",
        f"Description=jrepro schedule {schedule.name}",
        "",
        "[Service]",
        "Type=oneshot",
        f"WorkingDirectory={_specifiers(str(project))}",
        f"ExecStart={' '.join(_quoted(part) for part in _command(project, schedule))}",
        "KillMode=mixed",
        "TimeoutStopSec=60",
    ]
    timer = ["[Unit]", f"Description=jrepro schedule {schedule.name}", "", "[Timer]", *_timer(schedule)]
    install = ["", "[Install]", "WantedBy=timers.target"]
    return {
        f"{name}.service": "\n".join(service) + "\n",
        f"{name}.timer": "\n".join([*timer, *install]) + "\n",
    }


def _timer(schedule: Schedule) -> list[str]:
    if schedule.every is not None:
        return [f"OnActiveSec={schedule.every:g}", f"OnUnitActiveSec={schedule.every:g}", "AccuracySec=1"]
    times = on_calendar(parse_cron(schedule.cron or ""), schedule.timezone)
    return [*(f"OnCalendar={time}" for time in times), "AccuracySec=1", "Persistent=true"]


def on_calendar(cron: Cron, zone: str) -> list[str]:
    """As systemd.time(7) has it."""
    month, day = _shown(cron.months, 12, 2), _shown(cron.days, 31, 2)
    clock = f"{_shown(cron.hours, _HOURS, 2)}:{_shown(cron.minutes, _MINUTES, 2)}:00 {zone}"
    weekdays = ",".join(DAYS[weekday].capitalize() for weekday in cron.weekdays)
    week = f"{weekdays} " if len(cron.weekdays) < len(DAYS) else ""
    if cron.either_day:
        return [f"*-{month}-{day} {clock}", f"{week}*-{month}-* {clock}"]
    return [f"{week}*-{month}-{day} {clock}"]


def _shown(values: tuple[int, ...], of: int, width: int) -> str:
    return "*" if len(values) == of else ",".join(f"{value:0{width}}" for value in values)


def _quoted(part: str) -> str:
    escaped = part.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{_specifiers(escaped)}"'


def _specifiers(text: str) -> str:
    return text.replace("%", "%%")


def _units_folder() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd/user"


def _install_timer(project: Path, schedule: Schedule) -> str:
    folder = _units_folder()
    with told(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in units(project, schedule).items():
            (folder / file).write_text(text)
    timer = f"{unit_name(project, schedule)}.timer"
    step = f"Type `systemctl --user daemon-reload && systemctl --user enable --now {timer}`."
    if _systemctl("daemon-reload") and _systemctl("enable", "--now", timer):
        linger = "It runs while you are logged in, or after `loginctl enable-linger`."
        return f"{folder / timer} is written and active. {linger}"
    return f"{folder / timer} is written, but this systemd doesn't answer. {step}"


def _remove_timer(project: Path, schedule: Schedule) -> str:
    folder, name = _units_folder(), unit_name(project, schedule)
    _systemctl("disable", "--now", f"{name}.timer")
    with told(folder):
        for kind in ("timer", "service"):
            (folder / f"{name}.{kind}").unlink(missing_ok=True)
    _systemctl("daemon-reload")
    return f"{folder / name}.timer is gone."


def _systemctl(*arguments: str) -> bool:
    try:
        done = subprocess.run(["systemctl", "--user", *arguments], capture_output=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


# crontab


def crontab_line(project: Path, schedule: Schedule) -> str:
    """UsageError where cron can't say when it is due."""
    command = shlex.join(_command(project, schedule)).replace("%", "\\%")
    folder = shlex.quote(str(project)).replace("%", "\\%")
    return f"{_fields(schedule)} cd {folder} && {command} >/dev/null 2>&1 {_mark(project, schedule)}"


def _fields(schedule: Schedule) -> str:
    step = "Type `jrepro schedule serve`, or `install --to systemd`."
    if schedule.cron is not None:
        if schedule.timezone != local_zone():
            raise UsageError(f"cron knows this machine's zone only, {local_zone()}, not {schedule.timezone}.", step)
        return parse_cron(schedule.cron).text
    minutes, rest = divmod(schedule.every or 0, 60)
    if not rest and minutes < _MINUTES and minutes and _MINUTES % minutes == 0:
        return f"*/{minutes:.0f} * * * *"
    hours, rest = divmod(minutes, 60)
    if not rest and hours and _HOURS % hours == 0:
        return f"0 */{hours:.0f} * * *" if hours < _HOURS else "0 0 * * *"
    raise UsageError(f"cron can't say every {schedule.every:g} s.", step)


def _mark(project: Path, schedule: Schedule) -> str:
    return f"# {unit_name(project, schedule)}"


def _install_line(project: Path, schedule: Schedule) -> str:
    line = crontab_line(project, schedule)
    _write_crontab([*_without(_read_crontab(), _mark(project, schedule)), line])
    return f"In the crontab: {line}"


def _without(lines: list[str], mark: str) -> list[str]:
    return [line for line in lines if not line.endswith(mark)]


def _read_crontab() -> list[str]:
    done = _crontab("-l")
    return done.stdout.splitlines() if done.returncode == 0 else []  # there is none yet


def _write_crontab(lines: list[str]) -> None:
    done = _crontab("-", text="".join(f"{line}\n" for line in lines))
    if done.returncode:
        raise StorageError(f"crontab refuses: {done.stderr.strip()}", "Look with `crontab -l`.")


def _crontab(argument: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["crontab", argument], input=text, capture_output=True, text=True, check=False)
    except OSError as error:
        raise UsageError("Here is no crontab.", "Type `jrepro schedule serve`, or `install --to systemd`.") from error
