"""What the user answered to input(). Passwords (getpass) are never taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jupyter_repro.capture.replaced import Replaced


class AnswerCollector:
    """Listens to a kernel's `raw_input`, which stands behind input() while a cell runs."""

    def __init__(self, kernel: Any) -> None:
        self.answers: list[str] = []
        self._kernel = kernel
        self._ask: Callable[..., Any] = kernel.raw_input
        self._replaced: Replaced | None = None

    def start(self) -> None:
        ask = self._ask

        def raw_input(*args: Any, **kwargs: Any) -> Any:
            answer = ask(*args, **kwargs)
            self.answers.append(str(answer))
            return answer

        self._replaced = Replaced(self._kernel, "raw_input", raw_input)

    def stop(self) -> None:
        if self._replaced is not None:
            self._replaced.undo()

    def begin(self) -> None:
        self.answers = []
