"""`jrepro bisect`: which of the things that changed makes a run differ, by putting them back and running again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from jupyter_repro.cli.console import one_line, seconds
from jupyter_repro.cli.why import explained, find_subject
from jupyter_repro.errors import UsageError

if TYPE_CHECKING:
    from jupyter_repro.verify.explanation import Attempt, Bisection, Explanation, Factor

_SHOWN = 3  # factors that a line names


@click.command("bisect")
@click.argument("subject", metavar="RUN|DIR")
@click.option("--max-runs", type=click.IntRange(min=1), default=40, show_default=True, help="Make no more runs.")
@click.option("--env", "given", multiple=True, metavar="NAME=VALUE", help="The value that a variable had.")
@click.option("--packages", is_flag=True, help="Let pip install recorded versions, beside the environment.")
@click.option("--json", "as_json", is_flag=True, help="Print the search as JSON.")
def command(subject: str, max_runs: int, given: tuple[str, ...], packages: bool, as_json: bool) -> int:
    """Find what makes RUN, or the pipeline in DIR, differ from the record.

    Data, code, edits of the exported notebook, parameters, environment variables, threads, the clock and packages are
    put back as they were recorded, in as few runs as possible, each no longer than it must be. Your files are
    afterwards as they were. A search that was interrupted goes on where it stopped. Ends with exit code 1 where nothing
    is isolated.
    """
    from jupyter_repro.store.conversion import to_json
    from jupyter_repro.verify.bisect import RestoringRunner, Search
    from jupyter_repro.verify.candidates import candidates, gone
    from jupyter_repro.verify.packages import Overlays
    from jupyter_repro.verify.restoring import Restorer

    values = dict(map(_variable, given))
    found = find_subject(subject)
    home, explanation = explained(found, again=False, quiet=as_json)
    if explanation.same and not found.is_run:  # the last proof says nothing of what has changed since
        home, explanation = explained(found, again=True, quiet=as_json)
    situation = found.situation
    overlays = Overlays(home.folder / "packages", situation.folder / situation.pipeline.stages[0].notebook)
    factors = candidates(situation, explanation, values, overlays if packages else None)

    def say(attempt: Attempt, number: int) -> None:
        if not as_json:
            click.echo(_attempt_line(attempt, number, max_runs), err=True)

    runner = RestoringRunner(Restorer(situation, overlays, values))
    search = Search(replace(explanation, factors=factors), home, runner, max_runs, say)
    bisection = search.run()
    if as_json:
        click.echo(to_json(bisection))
    else:
        lines = _lines(bisection, gone(explanation, factors), explanation, shlex.quote(subject))
        click.echo("\n".join(map(one_line, lines)))
    return 0 if bisection.result == "isolated" else 1


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise UsageError(f"{name or 'The option'} says no value.", "Type `--env NAME=VALUE`.")
    return name, value


def _attempt_line(attempt: Attempt, number: int, most: int) -> str:
    what = _named(attempt.restored) if attempt.restored else "everything as it is"
    where = f", up to execution {attempt.upto}" if attempt.upto is not None else ""
    ended = "the same as recorded" if attempt.same else f"failed: {attempt.error}" if attempt.error else "differs"
    return one_line(f"Run {number} of at most {most} ({seconds(attempt.duration)}): {what}{where}: {ended}")


def _named(keys: Sequence[str]) -> str:
    more = len(keys) - _SHOWN
    return f"{', '.join(keys[:_SHOWN])}{f' and {more} more' if more > 0 else ''} as recorded"


def _lines(bisection: Bisection, gone: Sequence[Factor], explanation: Explanation, subject: str) -> Iterator[str]:
    for each in bisection.isolated:
        where = f"Execution {each.ordinal} differs" if each.ordinal is not None else "The targets differ"
        yield f"{where} because of {'these together' if len(each.factors) > 1 else 'this'}:"
        for factor in each.factors:
            yield f"  {factor.words}"
            yield from (f"      {detail}" for detail in factor.details)
    yield _CONCLUSIONS[bisection.result or "out of runs"]
    if bisection.result == "does not come back":
        yield from (f"  differed then, not any more: {factor.words}" for factor in gone)
    for factor in bisection.suspects:
        yield f"  {factor.words}" + (f" ({factor.obstacle})" if factor.obstacle else "")
    if bisection.result == "out of runs":
        yield f"`jrepro bisect {subject} --max-runs N` goes on from here."


_CONCLUSIONS = {
    "isolated": "Isolated: with that as it was recorded, the run gives what was recorded.",
    "does not come back": "Here and now the run gives what was recorded.",
    "not among these": "Not isolated: with all that can be put back as it was, the run still differs. What is left:",
    "nondeterministic": "Nondeterministic: two runs with the same of everything differ from each other. What is left:",
    "out of runs": "Not isolated in so many runs. What is left:",
}
