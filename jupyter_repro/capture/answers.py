"""What the user answered to input(). Passwords (getpass) are never taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class AnswerCollector:
    """Listens to a kernel's `raw_input`, which stands behind input() while a cell runs."""

    def __init__(self, kernel: Any) -> None:
        self.answers: list[str] = []
        self._kernel = kernel
        self._ask: Callable[..., Any] = kernel.raw_input

    def start(self) -> None:
        ask = self._ask

        def raw_input(prompt: str = "") -> Any:
            answer = ask(prompt)
            self.answers.append(str(answer))
            return answer

        self._kernel.raw_input = raw_input

    def stop(self) -> None:
        self._kernel.__dict__.pop("raw_input", None)

    def begin(self) -> None:
        self.answers = []
