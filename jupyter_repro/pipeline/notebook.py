"""The exported notebook: parameters, set-up in plain code, then the kept executions in the order in which they ran."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any, cast

from jupyter_repro.model import CellExecution, Parameter, Recording, Session, Slice
from jupyter_repro.pipeline.answers import answer_parameters, answering_code
from jupyter_repro.pipeline.code import unused_name
from jupyter_repro.pipeline.counters import Numbering, reads_numbers
from jupyter_repro.pipeline.determinism import modes_before, modes_inside
from jupyter_repro.pipeline.entropy import EntropyPlan
from jupyter_repro.pipeline.failures import FAILURES, QUIETEN, UNQUIETEN, shows_other_errors, tolerate
from jupyter_repro.pipeline.headings import NotebookCell, headings
from jupyter_repro.pipeline.inside import with_names
from jupyter_repro.pipeline.kept import kept_executions
from jupyter_repro.pipeline.lifting import without_literal
from jupyter_repro.pipeline.rules import variable_of
from jupyter_repro.pipeline.seeds import Seeding, plan_seeding, seed_parameter, seeded_inside, seeding_code
from jupyter_repro.pipeline.statements import global_names

if TYPE_CHECKING:
    from nbformat import NotebookNode

_KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
_PARAMETERS = "parameters"  # papermill's tag
# More than a comment: to IPython, `store: dict = {}` as the only line of a cell is the magic `%store`.
_PARAMETERS_TITLE = "# Set these with papermill's option -p NAME VALUE."
_SECRETS_TITLE = "# Set these in the environment of the kernel."
_EXPECTS_FAILURE = "raises-exception"  # nbclient's tag


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    kind: str
    id: str
    source: str
    tags: tuple[str, ...] = ()
    ordinal: int | None = None
    count: int | None = None  # the number that it must have when it runs
    attachments: dict[str, Any] | None = None


def notebook_stem(session: Session) -> str:
    """What the exported notebook is called, without its suffix."""
    return PurePosixPath(session.notebook).stem if session.notebook else f"session-{session.id}"


def assemble(
    recording: Recording, chosen: Slice, saved: Sequence[NotebookCell], parameters: Sequence[Parameter]
) -> NotebookNode:
    """A valid nbformat 4.5 notebook that stock papermill runs; the same input gives the same bytes.

    `saved` are the cells of the saved notebook (empty where it is gone); `parameters` are the literals to lift, from
    `proposed_parameters` or `named_parameters`. Each kept cell's metadata name its ordinal under `jupyter_repro`.
    """
    import nbformat

    kept = [replace(each, source=with_names(each, parameters)) for each in kept_executions(recording, chosen)]
    cells = [_title(recording.session, chosen, parameters), *_set_up(recording.session, kept, parameters)]
    cells += _body(recording.session, kept, saved, parameters)
    if reads_numbers(kept):
        cells = list(_numbered(cells, global_names(kept)))
    notebook = _v4().new_notebook(
        cells=[_node(cell) for cell in cells],
        metadata={
            "kernelspec": dict(_KERNEL),
            "language_info": {"name": "python"},
            "jupyter_repro": {"session": recording.session.id, "ordinals": [each.ordinal for each in kept]},
        },
    )
    nbformat.validate(notebook)
    return cast("NotebookNode", notebook)


def _title(session: Session, chosen: Slice, parameters: Sequence[Parameter]) -> _Cell:
    stem = notebook_stem(session)
    targets = ", ".join(target.text if target.kind == "output" else f"`{target.text}`" for target in chosen.targets)
    origin = f"`{session.notebook}`" if session.notebook else "a notebook"
    settable = [each.name for each in parameters if each.secret is None]
    option = f" -p {settable[0]} VALUE" if settable else ""
    text = (
        f"# {stem}\n\nReproduces {targets} of {origin}: the code that gave it, in the order in which it ran "
        f"in session {session.id}. Run it with\n\n    papermill {stem}.ipynb OUTPUT.ipynb --cwd DIR{option}\n\n"
        f"where DIR is {_folder(session.cwd)}.{_variables(session)}"
    )
    return _Cell(kind="markdown", id="title", source=text)


def _variables(session: Session) -> str:
    """What no code in the notebook can set any more."""
    environment = session.environment
    if environment is None:
        return ""
    hashing = {"PYTHONHASHSEED": environment.hash_seed} if environment.hash_seed else {}
    found = [f"`{name}={value}`" for name, value in {**hashing, **environment.threads}.items()]
    return f" The session ran with {', '.join(found)}: results may depend on it." if found else ""


def _folder(cwd: str) -> str:
    if PurePosixPath(cwd).is_absolute() or PureWindowsPath(cwd).is_absolute():  # outside, and of this machine only
        return "the folder in which the session ran"
    return "the project's folder" if cwd == "." else f"`{cwd}` in the project's folder"


def _set_up(session: Session, kept: Sequence[CellExecution], lifted: Sequence[Parameter]) -> Iterator[_Cell]:
    answers = answer_parameters(kept)
    seed = seed_parameter(session, kept)
    parameters = (*(each for each in lifted if each.secret is None), *answers, *([seed] if seed else []))
    if parameters:
        source = "\n".join((_PARAMETERS_TITLE, *map(_assignment, parameters)))
        yield _Cell(kind="code", id="parameters", source=source, tags=(_PARAMETERS,))
    if secrets := [each for each in lifted if each.secret is not None]:
        yield _Cell(kind="code", id="secrets", source="\n".join((_SECRETS_TITLE, *map(_from_environment, secrets))))
    if code := answering_code(answers):
        yield _Cell(kind="code", id="answers", source=code)


def _from_environment(parameter: Parameter) -> str:
    return f'{parameter.name} = __import__("os").environ["{variable_of(parameter)}"]'


def _assignment(parameter: Parameter) -> str:
    """As papermill reads it: type from the annotation, help from the comment, one equals sign on the line."""
    named = parameter.inferred_type_name
    kind = f": {named}" if named.isidentifier() and named != "None" else ""
    line = f"{parameter.name}{kind} = {parameter.default}"
    if "=" in parameter.help:
        return f"# {parameter.help}\n{line}"
    return f"{line}  # {parameter.help}" if parameter.help else line


def _body(
    session: Session, kept: Sequence[CellExecution], saved: Sequence[NotebookCell], lifted: Sequence[Parameter]
) -> Iterator[_Cell]:
    taken = global_names(kept)
    randomness = _Randomness(session, kept, taken)
    above = headings(kept, saved)
    for index, execution in enumerate(kept):
        yield from randomness.before(index)
        for number, cell in enumerate(above.get(execution.ordinal, ()), start=1):
            yield _Cell(
                kind="markdown",
                id=f"markdown-{execution.ordinal}-{number}",
                source="".join(cell["source"]),
                attachments=cell.get("attachments"),
            )
        yield from _execution(replace(execution, source=randomness.inside(index)), lifted, taken)


class _Randomness:
    """What makes each execution draw the numbers of the recording: cells before it, lines inside of it."""

    def __init__(self, session: Session, kept: Sequence[CellExecution], taken: frozenset[str]) -> None:
        self._kept = kept
        self._deterministic = session.deterministic
        seed = seed_parameter(session, kept)
        self._seed = seed.name if seed else ""
        self._seeding = plan_seeding(kept) if seed else Seeding()
        self._entropy = EntropyPlan(kept, seed.name, taken) if seed else None

    def before(self, index: int) -> Iterator[_Cell]:
        libraries = self._seeding.before.get(index)
        sources = {
            "modes": modes_before(self._kept, index) if self._deterministic else None,
            "seed": seeding_code(libraries, self._seed) if libraries else None,
            "entropy": self._entropy.before(index) if self._entropy else None,
        }
        for kind, source in sources.items():
            if source is not None:
                yield _Cell(kind="code", id=f"{kind}-{self._kept[index].ordinal}", source=source)

    def inside(self, index: int) -> str:
        """The execution's source. What is put in last comes first behind an import."""
        source = seeded_inside(self._kept[index].source, self._seeding.inside.get(index, ()), self._seed)
        if self._entropy:
            source = self._entropy.inside(index, source)
        return modes_inside(self._kept, index, source) if self._deterministic else source


def _execution(execution: CellExecution, lifted: Sequence[Parameter], taken: frozenset[str]) -> Iterator[_Cell]:
    source = execution.source
    for parameter in lifted:
        if parameter.ordinal == execution.ordinal and not parameter.places:
            source = without_literal(source, parameter.name)
    if not source.strip():
        return
    failed = execution.status in FAILURES
    quiet = shows_other_errors(execution)
    if quiet:
        yield _Cell(kind="code", id=f"quieten-{execution.ordinal}", source=QUIETEN)
    yield _Cell(
        kind="code",
        id=f"execution-{execution.ordinal}",
        source=tolerate(execution, taken) if failed else source,
        tags=(_EXPECTS_FAILURE,) if failed else (),
        ordinal=execution.ordinal,
        count=execution.execution_count,
    )
    if quiet:
        yield _Cell(kind="code", id=f"unquieten-{execution.ordinal}", source=UNQUIETEN)


def _numbered(cells: Sequence[_Cell], taken: frozenset[str]) -> Iterator[_Cell]:
    numbering = Numbering(unused_name("continue_at", taken))
    for cell in cells:
        if cell.kind == "code":
            if source := numbering.before(cell.count):
                yield _Cell(kind="code", id=f"number-{cell.ordinal}", source=source)
            numbering.count(_PARAMETERS in cell.tags)
        yield cell


def _node(cell: _Cell) -> Any:
    metadata: dict[str, Any] = {}
    if cell.tags:
        metadata["tags"] = list(cell.tags)
    if cell.ordinal is not None:
        metadata["jupyter_repro"] = {"ordinal": cell.ordinal}
    new_cell = _v4().new_code_cell if cell.kind == "code" else _v4().new_markdown_cell
    node = new_cell(cell.source, id=cell.id, metadata=metadata)
    if cell.attachments:
        node["attachments"] = cell.attachments
    return node


def _v4() -> Any:
    """nbformat has no types, and costs more to import than all of this package."""
    from nbformat import v4

    return v4
