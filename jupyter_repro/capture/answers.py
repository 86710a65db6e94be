"""What the user answered to input(). Passwords (getpass) are never taken, only kept out of the record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jupyter_repro.capture import passwords
from jupyter_repro.capture.replaced import Replaced


class AnswerCollector:
    """Listens to a kernel's `raw_input` and `getpass`, which stand behind input() and getpass() while a cell runs."""

    def __init__(self, kernel: Any) -> None:
        self.answers: list[str] = []
        self._kernel = kernel
        self._ask: Callable[..., Any] = kernel.raw_input
        self._ask_password: Callable[..., Any] = kernel.getpass
        self._replaced: list[Replaced] = []

    def start(self) -> None:
        ask, ask_password = self._ask, self._ask_password

        def raw_input(*args: Any, **kwargs: Any) -> Any:
            answer = ask(*args, **kwargs)
            self.answers.append(str(answer))
            return answer

        def getpass(*args: Any, **kwargs: Any) -> Any:
            password = ask_password(*args, **kwargs)
            passwords.note(str(password))
            return password

        self._replaced = [Replaced(self._kernel, "raw_input", raw_input), Replaced(self._kernel, "getpass", getpass)]

    def stop(self) -> None:
        while self._replaced:
            self._replaced.pop().undo()

    def begin(self) -> None:
        self.answers = []
