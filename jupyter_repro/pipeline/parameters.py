"""Parameters: the literals of the kept executions that move to the top of the notebook."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from jupyter_repro.errors import UnknownParameter
from jupyter_repro.lineage.slicing import slice_for
from jupyter_repro.model import CellExecution, Parameter, Recording, Slice, Target
from jupyter_repro.pipeline.answers import answer_parameters
from jupyter_repro.pipeline.code import words
from jupyter_repro.pipeline.counters import reads_inputs
from jupyter_repro.pipeline.inside import inner_parameters, input_paths, is_input_path
from jupyter_repro.pipeline.kept import kept_executions
from jupyter_repro.pipeline.program import Program
from jupyter_repro.pipeline.rules import secret_source
from jupyter_repro.pipeline.seeds import seed_parameter
from jupyter_repro.pipeline.statements import BY_NAME

_ACCUMULATORS = ("[]", "{}", "()", "set()")  # something will be put in


def proposed_parameters(recording: Recording, chosen: Slice) -> tuple[Parameter, ...]:
    """The hyperparameters: literals assigned once at top level on one line, read later and never changed; and secrets.

    None but the secrets where the code looks at the text of earlier cells: it would see that an assignment is gone.
    """
    kept = kept_executions(recording, chosen)
    program = Program(kept)
    names = [] if any(reads_inputs(each) for each in kept) else list(program.literals)
    wanted = [name for name in names if _is_hyperparameter(program, name)]
    return named_parameters(recording, chosen, wanted)


def named_parameters(recording: Recording, chosen: Slice, names: Sequence[str]) -> tuple[Parameter, ...]:
    """The literals by these names, and all secrets. UnknownParameter where one can't be lifted, with the reason.

    Names of generated parameters (the seed, answers to input()) are there anyhow and are passed over.
    """
    kept = kept_executions(recording, chosen)
    program, inputs, cwd = Program(kept), input_paths(kept), recording.session.cwd
    given = {parameter.name for parameter in generated_parameters(recording, chosen)}
    secrets = [name for name in program.literals if _source_of(program, name) is not None]
    wanted = [name for name in dict.fromkeys((*names, *secrets)) if name not in given]
    inner = {} if program.resets else {each.name: each for each in inner_parameters(kept, cwd)}
    lifted: list[str] = []
    for name in wanted:
        if name in inner and name not in program.literals:
            continue
        reason = program.objection(name) or _shares(program, name, lifted)
        if reason is not None:
            step = _next_step(program, name, recording, [*given, *inner])
            raise UnknownParameter(f"{name} can't be a parameter: {reason}.", step)
        lifted.append(name)
    assigned = [_parameter(program, name, inputs, cwd) for name in program.literals if name in lifted]
    found = (*assigned, *(each for name, each in inner.items() if name in wanted and name not in lifted))
    _check_apart(found, program)
    return found


def possible_parameters(recording: Recording, chosen: Slice) -> tuple[Parameter, ...]:
    """All that could be lifted out of the executions of a slice, with the targets that each one reaches."""
    kept = kept_executions(recording, chosen)
    program, inputs, cwd = Program(kept), input_paths(kept), recording.session.cwd
    assigned = (_parameter(program, name, inputs, cwd) for name in program.literals if not program.objection(name))
    inner = () if program.resets else inner_parameters(kept, cwd)
    found = sorted((*assigned, *inner), key=lambda each: each.ordinal or 0)
    return (*with_reach(found, recording, chosen.targets), *generated_parameters(recording, chosen))


def with_reach(
    parameters: Iterable[Parameter], recording: Recording, targets: Sequence[Target]
) -> tuple[Parameter, ...]:
    """With the targets that each one can change: whose own slices hold it, and something that reads it."""
    slices = [(target, kept_executions(recording, slice_for(recording, (target,)))) for target in targets]
    programs = [(target, kept, Program(kept)) for target, kept in slices]
    return tuple(
        replace(
            each,
            reaches=tuple(target.text for target, kept, program in programs if _reaches(each, target, kept, program)),
        )
        for each in parameters
    )


def _reaches(parameter: Parameter, target: Target, kept: Sequence[CellExecution], program: Program) -> bool:
    ordinals = {execution.ordinal for execution in kept}
    if parameter.places:
        return any(ordinal in ordinals for ordinal, *_ in parameter.places)
    if parameter.ordinal not in ordinals:
        return False
    named = target.kind == "expression" and parameter.name in words(target.text)
    by_name = any(not BY_NAME.isdisjoint(words(execution.source)) for execution in kept)
    return named or by_name or program.is_read(parameter.name)


def _check_apart(found: Sequence[Parameter], program: Program) -> None:
    """What is lifted as a whole can't be lifted in parts."""
    spans = [(place, each.name) for each in found for place in each.places]
    for each in (each for each in found if not each.places):
        execution, literal = program.literals[each.name][0]
        spans.append(((execution.ordinal, literal.start, literal.end), each.name))
    for (ordinal, start, end), name in spans:
        for (other, first, last), part in spans:
            if part != name and other == ordinal and start <= first and last <= end:
                step = f"Lift either: type `jrepro export NOTEBOOK -p {name}`, or `-p {part}`."
                raise UnknownParameter(f"{part} can't be a parameter: it is a part of {name}.", step)


def generated_parameters(recording: Recording, chosen: Slice) -> tuple[Parameter, ...]:
    """Parameters that no code assigns: the answers to input(), and the session's seed where something draws from it."""
    kept = kept_executions(recording, chosen)
    seed = seed_parameter(recording.session, kept)
    return (*answer_parameters(kept), *([seed] if seed else []))


def _is_hyperparameter(program: Program, name: str) -> bool:
    _, literal = program.literals[name][0]
    simple = literal.alone and "\n" not in literal.text and literal.text not in _ACCUMULATORS
    if not simple or name.startswith("_") or program.objection(name) is not None:
        return False
    return program.is_bound_once(name) and program.is_read(name)


def _shares(program: Program, name: str, others: Sequence[str]) -> str | None:
    """Why a value that belongs to two names can't be given to each on its own; None where it belongs to one."""
    places = {other: _place(program, other) for other in others}
    shared = [other for other, place in places.items() if place == _place(program, name)]
    return f"it gets its value together with {shared[0]}, which sets both" if shared else None


def _place(program: Program, name: str) -> tuple[int, int]:
    execution, literal = program.literals[name][0]
    return execution.ordinal, literal.start


def _source_of(program: Program, name: str) -> str | None:
    """Where the value is to come from, if one of its assignments is marked as a secret."""
    sources = (secret_source(literal.comment, name) for _, literal in program.literals[name])
    return next((source for source in sources if source is not None), None)


def _parameter(program: Program, name: str, inputs: frozenset[str], cwd: str) -> Parameter:
    execution, literal = program.literals[name][0]
    source = _source_of(program, name)
    is_text = literal.type_name == "str"
    return Parameter(
        name=name,
        default=literal.text if source is None else "None",
        inferred_type_name=literal.type_name,
        help=literal.comment,
        ordinal=execution.ordinal,
        is_input=is_text and is_input_path(literal.text.strip("'\""), inputs, cwd),
        secret=source,
    )


def _next_step(program: Program, name: str, recording: Recording, given: Iterable[str]) -> str:
    notebook = recording.session.notebook or "NOTEBOOK"
    known = [*(each for each in program.literals if program.objection(each) is None), *given]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or known[:3]
    if not near:
        return f"Type `jrepro export {notebook}` to export without parameters of your own."
    return f"Type `jrepro export {notebook} -p {near[0]}`" + (f", or {' or '.join(near[1:])}." if near[1:] else ".")
