"""`jrepro disable`: new kernels no longer record themselves."""

from __future__ import annotations

import click


@click.command("disable")
@click.option(
    "--profile", default="default", show_default=True, metavar="NAME", help="IPython profile to disable it in."
)
def command(profile: str) -> None:
    """Stop recording every new kernel of the current user.

    Removes the file that `jrepro enable` wrote. Kernels that are already recorded go on; `%repro stop` stops one.
    """
    from jupyter_repro.cli.startup import is_ours, startup_file

    file = startup_file(profile)
    if is_ours(file):
        file.unlink()
        click.echo(f"New kernels are no longer recorded: {file} is removed.")
    else:
        click.echo(f"New kernels were not recorded: there is no {file}.")
