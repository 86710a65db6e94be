"""State of the process that cells share without naming it: environment, options, filters, contexts, registries.

A snapshot maps group -> state; a state is compared as a whole first, and taken apart by key only where it differs.
Libraries are looked at through sys.modules. Snapshots stay in this process: values of variables are never written down.
"""

from __future__ import annotations

import copy
import locale
import logging
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from jupyter_repro.capture.callbacks import user_printers
from jupyter_repro.capture.identity import identity
from jupyter_repro.capture.node import WHOLE
from jupyter_repro.capture.tokens import token

State = Any
Snapshot = dict[str, State]
_TERMINAL = ("COLUMNS", "LINES")
_OUR_LOGGERS = ("asyncio", "traitlets", "matplotlib", "jupyter", "ipykernel", "IPKernelApp", "parso")
_COUNTERS = frozenset(("keras names",))
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGALRM", "SIGUSR1", "SIGTERM") if hasattr(signal, name))


def snapshot(shell: Any) -> Snapshot:
    found: Snapshot = {}
    for group, reader in _READERS.items():
        try:
            state = reader()
        except Exception:  # noqa: BLE001 - a library in an unusual state is no reason to disturb the user
            continue
        if state is not None:
            found[group] = state
    found["magic"] = _magics(shell)
    found["shell"] = _shell(shell)
    found["formatters"] = user_printers(shell)
    return found


def differences(before: Snapshot, after: Snapshot) -> Iterator[tuple[str, str]]:
    """Groups and keys that changed. A library that arrived in between brings its own defaults: no change."""
    for group, state in after.items():
        old = before.get(group)
        if old is None or old == state:
            continue
        if isinstance(state, dict):
            missing = object()
            for key in old.keys() | state.keys():
                if old.get(key, missing) != state.get(key, missing):
                    yield group, str(key)
        else:
            yield group, WHOLE


def counted(changes: list[tuple[str, str]]) -> set[str]:
    """Of these changes the places that count up: whoever changes one reads it."""
    return {f"ambient:{group}|{key}" for group, key in changes if group in _COUNTERS}


def places(changes: list[tuple[str, str]], after: Snapshot) -> set[str]:
    """As `lineage.places` names them."""
    found = set()
    for group, key in changes:
        if group == "cwd":
            found.add("cwd:")
        elif group == "env":
            found.add(f"env:{key}")
        elif group == "magic":
            found |= {f"magic:{key}"} if key in after["magic"] else set()
        else:
            found.add(f"ambient:{group}|{key}")
    return found


_environment_as_it_was: list[Any] = [None, None]  # as os keeps it, and as text


def _environment() -> State:
    raw = getattr(os.environ, "_data", None)  # reading all of it through os.environ decodes each name and value
    if raw is None or raw != _environment_as_it_was[0]:
        data = dict(os.environ)
        for name in _TERMINAL:
            data.pop(name, None)
        _environment_as_it_was[:] = dict(raw or {}), data
    return _environment_as_it_was[1]


def _cwd() -> State:
    try:
        return os.getcwd()
    except OSError:  # deleted under us
        return "?"


def _search_path() -> State:
    return dict.fromkeys(map(str, sys.path), 1)


def _rc_parameters() -> State:
    matplotlib = sys.modules.get("matplotlib")
    parameters = getattr(matplotlib, "rcParams", None)
    if parameters is None:
        return None
    # The first figure chooses a backend and switches interactive mode on: that is nobody's setting.
    chosen = {key: value for key, value in dict.items(parameters) if key != "interactive"}
    if type(chosen.get("backend")) is not str:
        chosen.pop("backend", None)
    return {key: tuple(value) if type(value) is list else value for key, value in chosen.items()}


def _numpy_printing() -> State:
    numpy = sys.modules.get("numpy")
    return repr(numpy.get_printoptions()) if hasattr(numpy, "get_printoptions") and numpy is not None else None


def _numpy_errors() -> State:
    numpy = sys.modules.get("numpy")
    return numpy.geterr() if numpy is not None and hasattr(numpy, "geterr") else None


_pandas_options: list[Any] = [None, None]  # the tree as it was copied, and its flat form


def _pandas() -> State:
    options = getattr(sys.modules.get("pandas._config.config"), "_global_config", None)
    if options is None:
        return None
    if _pandas_options[0] != options:
        _pandas_options[:] = copy.deepcopy(options), dict(_flat(options, ""))
    return _pandas_options[1]


def _flat(options: Any, prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in options.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, repr(value)[:200]


def _warning_filters() -> State:
    return [tuple(each) for each in warnings.filters]


def _error_filters() -> State:
    return [tuple(each) for each in warnings.filters if each[0] == "error"]


def _loggers() -> State:
    found = {"%disable": logging.root.manager.disable, "root": _logger(logging.root)}
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if not isinstance(logger, logging.Logger) or name.startswith(_OUR_LOGGERS):
            continue
        if logger.handlers or logger.level or logger.disabled or logger.filters:
            found[name] = _logger(logger)
    return found


def _logger(logger: logging.Logger) -> State:
    handlers = tuple(
        (type(handler).__name__, handler.level, identity(handler.formatter)) for handler in logger.handlers
    )
    return (logger.level, handlers, logger.disabled, logger.propagate, len(logger.filters))


def _decimal() -> State:
    decimal = sys.modules.get("decimal")
    if decimal is None:
        return None
    context = decimal.getcontext()  # its flags are results, not settings
    traps = sorted(signal.__name__ for signal, trapped in context.traps.items() if trapped)
    return (context.prec, context.rounding, context.Emin, context.Emax, context.capitals, context.clamp, traps)


def _locale() -> State:
    return locale.setlocale(locale.LC_ALL)


def _interpreter() -> State:
    hooks = {name: token(getattr(sys, name, None)) for name in ("excepthook", "stdin", "unraisablehook")}
    digits = getattr(sys, "get_int_max_str_digits", int)()
    return {
        **hooks,
        "argv": tuple(sys.argv),
        "meta_path": len(sys.meta_path),
        "path_hooks": len(sys.path_hooks),
        "digits": digits,
    }


def _torch() -> State:
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "is_grad_enabled"):
        return None
    threads = torch.get_num_threads()
    return (
        str(torch.get_default_dtype()),
        threads,
        torch.is_grad_enabled(),
        torch.are_deterministic_algorithms_enabled(),
    )


def _keras() -> State:
    keras = sys.modules.get("keras")
    if keras is None or not hasattr(keras, "config"):
        return None
    return (keras.config.floatx(), keras.config.image_data_format(), keras.config.dtype_policy().name)


def _keras_names() -> State:
    """How many objects of each kind Keras has named: `dense_2` is the third. The names stand in saved weights."""
    module = sys.modules.get("keras.src.backend.common.global_state")
    return dict(module.get_global_attribute("object_name_uids") or {}) if module is not None else {}


def _socket() -> State:
    module = sys.modules.get("socket")
    return (module.getdefaulttimeout(),) if module is not None else None


def _signals() -> State:
    return {str(number): identity(signal.getsignal(number)) for number in _SIGNALS}


def _copyreg() -> State:
    module = sys.modules.get("copyreg")
    return len(module.dispatch_table) if module is not None else None


_magics_as_they_were: list[Any] = [None, None]  # a key that is cheap to compare, and the state


def _magics(shell: Any) -> State:
    kinds, aliases = list(shell.magics_manager.magics.values()), list(shell.alias_manager.user_aliases)
    key = [(list(kind), list(map(identity, kind.values()))) for kind in kinds], aliases
    if _magics_as_they_were[0] != key:
        found = {name: identity(getattr(magic, "__func__", magic)) for kind in kinds for name, magic in kind.items()}
        _magics_as_they_were[:] = key, {**found, **dict(aliases)}
    return _magics_as_they_were[1]


def _shell(shell: Any) -> State:
    reloader = shell.magics_manager.registry.get("AutoreloadMagics")
    return {
        "extensions": tuple(sorted(shell.extension_manager.loaded)),
        "autoreload": repr((reloader._reloader.enabled, reloader._reloader.check_all))
        if reloader is not None
        else None,
        "interactivity": (shell.ast_node_interactivity, shell.autoawait, getattr(shell, "autocall", 0)),
        "transformers": (
            len(shell.ast_transformers),
            len(shell.input_transformers_cleanup),
            len(shell.input_transformers_post),
        ),
    }


_READERS: dict[str, Callable[[], State]] = {
    "env": _environment,
    "cwd": _cwd,
    "path": _search_path,
    "rc": _rc_parameters,
    "print": _numpy_printing,
    "numeric errors": _numpy_errors,
    "pandas": _pandas,
    "warnings": _warning_filters,
    "warning errors": _error_filters,
    "logging": _loggers,
    "decimal": _decimal,
    "locale": _locale,
    "recursion": sys.getrecursionlimit,
    "interpreter": _interpreter,
    "timezone": lambda: time.tzname,
    "torch": _torch,
    "keras": _keras,
    "keras names": _keras_names,
    "socket": _socket,
    "signal": _signals,
    "copyreg": _copyreg,
}
