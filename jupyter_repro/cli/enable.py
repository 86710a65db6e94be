"""`jrepro enable`: every new kernel records itself."""

from __future__ import annotations

import click


@click.command("enable")
@click.option(
    "--profile", default="default", show_default=True, metavar="NAME", help="IPython profile to enable it in."
)
def command(profile: str) -> None:
    """Record every new kernel of the current user from now on.

    Writes one file into the startup folder of the IPython profile. Kernels whose environment has no jupyter_repro start
    as before. Kernels that are already running are not recorded.
    """
    from jupyter_repro.cli.startup import CONTENT, is_ours, startup_file

    file = startup_file(profile)
    known = is_ours(file) and file.read_text(encoding="utf-8") == CONTENT
    if not known:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(CONTENT, encoding="utf-8")
    click.echo(f"Every new kernel is {'already recorded' if known else 'recorded from now on'}: {file}")
    click.echo("`jrepro disable` ends it.")
