"""Secrets of a recording kept out of what is exported of it, and out of what is said of a proof."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jupyter_repro.errors import UsageError
from jupyter_repro.model import Parameter, Pipeline, Recording, Verification
from jupyter_repro.pipeline.lifting import find_literals
from jupyter_repro.run.secrets import disguises, hide, replacements_for


def check_secrets(recording: Recording, parameters: Iterable[Parameter], notebook: Mapping[str, Any]) -> None:
    """UsageError where a secret stands elsewhere in the exported code, too."""
    text = json.dumps([cell["source"] for cell in notebook["cells"]])
    for name, value in _recorded(recording, parameters):
        if any(json.dumps(form)[1:-1] in text for form in disguises(value)):
            step = f"Write {name} in its place, run the cell again, and export once more."
            raise UsageError(f"The secret {name} stands elsewhere in the code that is kept, as it is.", step)


def hidden_in(
    verification: Verification, pipeline: Pipeline, recording: Recording | None, secrets: Mapping[str, str]
) -> Verification:
    """Without the secrets' values, neither those of the recording nor today's."""
    import msgspec

    recorded = [value for _, value in _recorded(recording, pipeline.parameters)] if recording is not None else []
    replacements = replacements_for([*recorded, *secrets.values()])
    if not replacements:
        return verification
    return msgspec.convert(hide(msgspec.to_builtins(verification), replacements), Verification)


def _recorded(recording: Recording, parameters: Iterable[Parameter]) -> Iterator[tuple[str, str]]:
    names = {each.name for each in parameters if each.secret is not None}
    for execution in recording.executions if names else ():
        for literal in find_literals(execution.source):
            if literal.name in names and isinstance(value := ast.literal_eval(literal.text), str) and value:
                yield literal.name, value
