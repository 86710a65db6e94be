"""Parameters: the literal assignments of the kept executions that move to the top of the notebook."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from jupyter_repro.errors import UnknownParameter
from jupyter_repro.model import Parameter, Recording, Slice
from jupyter_repro.pipeline.answers import answer_parameters
from jupyter_repro.pipeline.counters import reads_inputs
from jupyter_repro.pipeline.kept import kept_executions
from jupyter_repro.pipeline.program import Program
from jupyter_repro.pipeline.seeds import seed_parameter

_ACCUMULATORS = ("[]", "{}", "()", "set()")  # something will be put in


def proposed_parameters(recording: Recording, chosen: Slice) -> tuple[Parameter, ...]:
    """The hyperparameters: literals assigned once at top level on one line, read later and never changed.

    None where the code looks at the text of earlier cells: it would see that an assignment is gone.
    """
    kept = kept_executions(recording, chosen)
    if any(reads_inputs(execution) for execution in kept):
        return ()
    program = Program(kept)
    return tuple(_parameter(program, name) for name in program.literals if _is_hyperparameter(program, name))


def named_parameters(recording: Recording, chosen: Slice, names: Sequence[str]) -> tuple[Parameter, ...]:
    """The assignments to `names`, which move to the top. UnknownParameter where one can't, with the reason.

    Names of generated parameters (the seed, answers to input()) are there anyhow and are passed over.
    """
    program = Program(kept_executions(recording, chosen))
    given = {parameter.name for parameter in generated_parameters(recording, chosen)}
    wanted = [name for name in dict.fromkeys(names) if name not in given]
    for position, name in enumerate(wanted):
        reason = program.objection(name) or _shares(program, name, wanted[:position])
        if reason is not None:
            step = _next_step(program, name, recording, given)
            raise UnknownParameter(f"{name} can't be a parameter: {reason}.", step)
    return tuple(_parameter(program, name) for name in program.literals if name in wanted)


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


def _parameter(program: Program, name: str) -> Parameter:
    execution, literal = program.literals[name][0]
    return Parameter(
        name=name,
        default=literal.text,
        inferred_type_name=literal.type_name,
        help=literal.comment,
        ordinal=execution.ordinal,
    )


def _next_step(program: Program, name: str, recording: Recording, given: Iterable[str]) -> str:
    notebook = recording.session.notebook or "NOTEBOOK"
    known = [*(each for each in program.literals if program.objection(each) is None), *given]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or known[:3]
    if not near:
        return f"Type `jrepro export {notebook}` to export without parameters of your own."
    return f"Type `jrepro export {notebook} -p {near[0]}`" + (f", or {' or '.join(near[1:])}." if near[1:] else ".")
