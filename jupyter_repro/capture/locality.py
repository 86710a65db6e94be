"""What belongs to the user and what to libraries: the heap is described as far as the user's own code reaches."""

from __future__ import annotations

import os
import sys
import sysconfig
import types
from collections.abc import Iterator

from jupyter_repro.config import STORE

# The kernel itself: a border that no description crosses.
_INFRASTRUCTURE = (
    "ipykernel",
    "zmq",
    "traitlets",
    "tornado",
    "jupyter_client",
    "IPython",
    "jupyter_repro",
    "comm",
    "debugpy",
)
LIBRARY_ROOTS = tuple(
    sorted(
        {resolve(path) for path in sysconfig.get_paths().values() for resolve in (os.path.abspath, os.path.realpath)}
        | {os.path.realpath(prefix) for prefix in (sys.prefix, sys.base_prefix) if prefix not in ("/", "/usr")}
        | {os.path.dirname(os.path.dirname(os.path.abspath(__file__)))}  # ourselves, who may be anywhere
    )
)
_PREFIXES = tuple(root + os.sep for root in LIBRARY_ROOTS)
_SYSTEM = tuple("/proc/ /dev/ /sys/ /usr/ /etc/ /bin/ /sbin/ /lib/ /lib32/ /lib64/ /run/ /tmp/ipykernel_".split())
_INSTALLED = f"{os.sep}site-packages{os.sep}"
_HIDDEN = (f"{os.sep}__pycache__{os.sep}", f"{os.sep}{STORE}{os.sep}", _INSTALLED)
_KEEP_SETTINGS = (
    "IPYTHONDIR JUPYTER_CONFIG_DIR JUPYTER_DATA_DIR JUPYTER_RUNTIME_DIR MPLCONFIGDIR NUMBA_CACHE_DIR".split()
)


def _settings() -> Iterator[str]:
    """Beginnings of paths: hidden folders of the user's home, and where programs are told to keep the like."""
    yield os.path.join(os.path.expanduser("~"), ".")
    for folder in (os.path.join(os.environ[name], "") for name in _KEEP_SETTINGS if name in os.environ):
        if os.path.isabs(folder) and not os.path.join(os.environ.get("PWD", ""), "").startswith(folder):
            yield folder


_SETTINGS = tuple(_settings())
_COMPILED = (".pyc", ".so", ".pyd")
_local_files: dict[str, bool] = {}
_local_names: dict[str, bool] = {}


def is_library_path(path: str) -> bool:
    return path.startswith(_PREFIXES)


def is_setting(path: str) -> bool:
    """What programs keep for themselves."""
    return path.startswith(_SETTINGS)


def is_users_file(path: str) -> bool:
    """Whether a file is data of the user's: not a library's, a cache, a device, compiled code, or our own."""
    if path.startswith(_SYSTEM) or path.endswith(_COMPILED) or is_library_path(path) or is_setting(path):
        return False
    return not any(part in path + os.sep for part in _HIDDEN)


def _is_library_file(file: str) -> bool:
    """Also what pip put elsewhere: `--user`, `--target`."""
    if _INSTALLED in file:
        return True
    return is_library_path(file) or is_library_path(os.path.realpath(file))  # the second costs a stat for each folder


def is_local_module(module: types.ModuleType) -> bool:
    """Whether the module's code is the user's: a file outside of the installation, or made by hand."""
    file = getattr(module, "__file__", None)
    if not isinstance(file, str):
        return getattr(module, "__spec__", None) is None and module.__name__ not in sys.builtin_module_names
    known = _local_files.get(file)
    if known is None:
        known = _local_files[file] = not (_is_library_file(file) or is_infrastructure(module.__name__))
    return known


def is_local_name(name: object) -> bool:
    """The same of a module's name, as functions and classes carry it; classes may hold anything as theirs."""
    if name == "__main__":
        return True
    if not isinstance(name, str) or name == "builtins":
        return False
    module = sys.modules.get(name)
    if module is None:
        return False
    known = _local_names.get(name)
    if known is None:
        has_file = getattr(module, "__file__", None) is not None
        known = _local_names[name] = has_file and is_local_module(module)
    return known


def is_infrastructure(module: object) -> bool:
    """Of a module's name; classes may hold anything as theirs."""
    return isinstance(module, str) and module.partition(".")[0] in _INFRASTRUCTURE
