"""In the kernel of a proof: what names are bound to, compared with what was recorded after each cell and at the end.

It leaves no trace in the session: nothing is bound, nothing is counted, no event is hooked, no library is imported.
It listens to what figures plot and, where the recorded cells read from the network or a database, to what these give.
Each finding is one JSON line in a file, so that what was found before a kernel died is known.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_repro.capture.comparison import TOLERANCE, Tolerance, compare
from jupyter_repro.capture.drawn import Drawings
from jupyter_repro.capture.fingerprint import content, fingerprint
from jupyter_repro.capture.surroundings import THREADS
from jupyter_repro.hashing import digest
from jupyter_repro.model import Check, Value

if TYPE_CHECKING:
    from jupyter_repro.capture.outside import Outside

_MOST_NUMBERS = 64 << 20  # bytes that are kept for a second run
_ROOT = str(Path(__file__).parents[2])
_probes: list[Probe] = []  # the one of this kernel, once it has started


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """An expression to be evaluated at the end, and the value that it had."""

    expression: str
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to look at: names after the execution of an ordinal, and questions at the end. It travels as JSON."""

    findings: str  # the file that the findings go to
    values: dict[int, dict[str, Value]] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)  # digest of a value's numbers -> the file that holds them
    questions: tuple[Question, ...] = ()
    distributions: tuple[str, ...] = ()
    tolerance: Tolerance = TOLERANCE
    listens: str | None = None  # the project's folder, where what comes from outside is to be told
    environment: dict[str, str | None] = field(default_factory=dict)  # set before the first cell; None: unset

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Plan:
        fields = json.loads(text)
        return cls(
            findings=fields["findings"],
            values={int(ordinal): _values(values) for ordinal, values in fields["values"].items()},
            contents=fields["contents"],
            questions=tuple(Question(**{**each, "value": Value(**each["value"])}) for each in fields["questions"]),
            distributions=tuple(fields["distributions"]),
            tolerance=Tolerance(**fields["tolerance"]),
            listens=fields["listens"],
            environment=fields["environment"],
        )


def _values(values: Mapping[str, Mapping[str, Any]]) -> dict[str, Value]:
    return {name: Value(**value) for name, value in values.items()}


# --- what the kernel is asked to execute, silently --------------------------------------------------------------------


def starting_code(plan: Path) -> str:
    """Loads this package from where it is, also where the kernel's environment lacks it."""
    text = (
        "import sys\n"
        "path = sys.path[:]\n"
        f"sys.path.append({_ROOT!r})\n"
        "try:\n"
        "    import jupyter_repro.capture.probe as probe\n"
        "finally:\n"
        "    sys.path[:] = path\n"
        f"probe.start({str(plan)!r})\n"
    )
    return f"exec({text!r}, {{}})"


def noting_code(ordinal: int) -> str:
    return f"{_LOADED}.note({ordinal})"


def finishing_code() -> str:
    return f"{_LOADED}.finish()"


_LOADED = f"__import__('sys').modules[{__name__!r}]"


# --- what runs in the kernel ------------------------------------------------------------------------------------------


def start(plan: str) -> None:
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    _probes.append(
        Probe(Plan.from_json(Path(plan).read_text(encoding="utf-8")), shell.user_ns, getattr(shell, "kernel", None))
    )


def note(ordinal: int) -> None:
    for probe in _probes:
        probe.note(ordinal)


def finish() -> None:
    for probe in _probes:
        probe.finish()


class Probe:
    """Never raises: what goes wrong is a finding, too."""

    def __init__(self, plan: Plan, namespace: dict[str, Any], kernel: Any = None) -> None:
        self._plan = plan
        self._namespace = namespace
        self._left = _MOST_NUMBERS
        self._drawings = Drawings(kernel) if kernel is not None else None
        for name, value in plan.environment.items():  # also what the kernel's specification sets
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self._outside = _listening(Path(plan.listens)) if plan.listens is not None else None

    def note(self, ordinal: int) -> None:
        """Compare the names whose values were recorded after this execution."""
        checks = [self._check(name, expected) for name, expected in self._plan.values.get(ordinal, {}).items()]
        found = self._found({name: self._namespace.get(name) for name in _other(checks) if name in self._namespace})
        drawn = self._drawings.take() if self._drawings is not None else []
        self._write(ordinal=ordinal, checks=checks, found=found, drawn=drawn, **self._heard())

    def _heard(self) -> dict[str, Any]:
        """What came from outside since the last note."""
        if self._outside is None:
            return {}
        try:
            found = self._outside.seen()
        except Exception:  # noqa: BLE001 - a fault of ours: nothing is said of what came
            return {}
        return {"remote": found.remote, "queries": found.queries}

    def finish(self) -> None:
        """Evaluate and compare the targets, and tell what this kernel runs on."""
        answers = [self._answer(question) for question in self._plan.questions]
        other = _other([check for check, _ in answers])
        found = self._found({check.subject: value for check, value in answers if check.subject in other})
        self._write(targets=[check for check, _ in answers], found=found)
        threads = {name: os.environ[name] for name in THREADS if name in os.environ}
        self._write(python=sys.version.split()[0], distributions=self._distributions(), threads=threads)

    def _check(self, name: str, expected: Value) -> Check:
        if name not in self._namespace:
            return _missing(name, expected, "no such name")
        try:
            return self._compare(self._namespace[name], expected, name)
        except Exception as error:  # noqa: BLE001 - the value is the user's
            return _missing(name, expected, f"{type(error).__name__}: {error}")

    def _compare(self, value: Any, expected: Value, subject: str) -> Check:
        path = self._plan.contents.get(expected.content or "")
        numbers = Path(path).read_bytes() if path is not None else None
        return compare(value, expected, numbers, self._plan.tolerance, subject=subject)

    def _answer(self, question: Question) -> tuple[Check, Any]:
        value = None
        try:
            value = eval(compile(question.expression, "<target>", "eval"), self._namespace)
            check = self._compare(value, question.value, question.expression)
        except Exception as error:  # noqa: BLE001 - the expression is the user's
            check = _missing(question.expression, question.value, f"{type(error).__name__}: {error}")
        return check, value

    def _found(self, values: Mapping[str, Any]) -> dict[str, Value]:
        """What is to be found again in a second run; numbers go to files beside the findings."""
        found = {}
        for name, value in values.items():
            with suppress(Exception):  # the value is the user's, and nothing depends on it
                found[name] = self._kept(value)
        return found

    def _kept(self, value: Any) -> Value:
        known, numbers = fingerprint(value), content(value)
        if numbers is None or self._left < len(numbers):
            return known
        self._left -= len(numbers)
        name = digest(numbers)
        Path(f"{self._plan.findings}.{name}").write_bytes(numbers)
        return replace(known, content=name)

    def _distributions(self) -> dict[str, str | None]:
        from importlib.metadata import PackageNotFoundError, version

        found: dict[str, str | None] = {}
        for name in self._plan.distributions:
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                found[name] = None
        return found

    def _write(self, **finding: Any) -> None:
        with open(self._plan.findings, "a", encoding="utf-8") as file:
            file.write(json.dumps(finding, default=asdict) + "\n")


def _listening(project: Path) -> Outside:
    from jupyter_repro.capture.outside import Outside

    outside = Outside(project)
    outside.start()
    return outside


def _other(checks: Iterable[Check]) -> set[str]:
    return {check.subject for check in checks if check.verdict == "different"}


def _missing(subject: str, expected: Value, found: str) -> Check:
    return Check(subject=subject, verdict="missing", expected=expected.summary, found=found[:200])
