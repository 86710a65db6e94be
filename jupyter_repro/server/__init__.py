"""The Jupyter server extension: what was recorded, as JSON, for the panel."""

from __future__ import annotations

from jupyter_server.serverapp import ServerApp

from jupyter_repro.server.handlers import routes

_PANEL = "labextensions/jupyter-repro"


def _load_jupyter_server_extension(server: ServerApp) -> None:
    server.web_app.add_handlers(".*$", routes(server.base_url))  # type: ignore[no-untyped-call]  # tornado is partly typed
    if not _panel_is_installed():
        server.log.info(
            "jupyter_repro: the JupyterLab panel was not built, because Node was missing when jupyter-repro was "
            "installed. Recording and jrepro work without it."
        )


def _panel_is_installed() -> bool:
    from pathlib import Path

    from jupyter_core.paths import jupyter_path

    return any((Path(folder) / "package.json").exists() for folder in jupyter_path(_PANEL))
