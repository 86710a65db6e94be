"""What only `pip install "jupyter-repro[schedule]"` brings: imported when it is used, missed in one sentence."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from jupyter_repro.errors import UsageError

_EXTRA = ("apscheduler", "sqlalchemy", "watchfiles", "cron_descriptor")

Given = ParamSpec("Given")
Result = TypeVar("Result")


def needs_extra(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """UsageError where a package of the extra is missing."""

    @functools.wraps(function)
    def checked(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        try:
            return function(*args, **kwargs)
        except ModuleNotFoundError as error:
            missing = (error.name or "").partition(".")[0]
            if missing not in _EXTRA:
                raise
            problem = f"Schedules need the package {missing}, which is not installed."
            raise UsageError(problem, 'Type `pip install "jupyter-repro[schedule]"`.') from error

    return checked
