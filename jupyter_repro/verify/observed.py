"""A run of a pipeline with a probe in its kernel: what differed from the record is explained beside the run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from jupyter_repro.model import Clock, Pipeline, Recording, Run
from jupyter_repro.run.papermill import Outcome
from jupyter_repro.run.runs import run_pipeline
from jupyter_repro.verify.evidence import run_home
from jupyter_repro.verify.explanation import Explanation, Factor
from jupyter_repro.verify.factors import outer_factors
from jupyter_repro.verify.findings import read_findings
from jupyter_repro.verify.kernel_factors import kernel_factors
from jupyter_repro.verify.prove import Examined, judge, plan_comparison
from jupyter_repro.verify.rerun import Reran, compare_files, outputs_in, plan_probe
from jupyter_repro.verify.situation import Situation
from jupyter_repro.verify.why import explain

_FINDINGS = "findings.jsonl"


def observed_run(  # noqa: PLR0913  as `run_pipeline`, and the recording
    folder: Path,
    pipeline: Pipeline,
    recording: Recording | None,
    given: Sequence[tuple[str, str]],
    *,
    clock: Clock = "real",
    progress: bool = False,
) -> tuple[Run, Explanation]:
    """The run's record, and how it compares with what was recorded. Raises what `run_pipeline` raises."""
    situation = Situation(folder=folder, pipeline=pipeline, recording=recording, given=dict(given), clock=clock)
    outer = outer_factors(situation, quick=True)

    def probe(home: Path) -> Path:
        asked, path = plan_comparison(situation), home / "probe.json"
        plan = plan_probe(home / _FINDINGS, pipeline, situation.kept, asked, project=situation.project, variables={})
        path.write_text(plan.to_json(), encoding="utf-8")
        return path

    run = run_pipeline(folder, pipeline, given, clock=clock, progress=progress, probe=probe)
    home = run_home(situation.project, run.id)
    explanation = explain(_examined(situation, run, home.folder, outer), run.id, run.pipeline)
    home.write_explanation(explanation)
    return run, explanation


def _examined(situation: Situation, run: Run, home: Path, outer: Sequence[Factor]) -> Examined:
    executed = situation.project / (run.notebook or "")
    findings = read_findings(home / _FINDINGS)
    files = dict(compare_files(situation.pipeline.stages[0].outs, situation.project, {}))
    outcome = Outcome(error=run.error, ordinal=failed_in(executed) if run.error is not None else None)
    ran = Reran(outcome, findings, outputs_in(executed), files)
    factors = (*outer, *kernel_factors(situation, findings))
    verification = judge(situation, ran, factors, run.started, run.duration or 0.0)
    return Examined(situation, verification, ran, factors)


def failed_in(executed: Path) -> int | None:
    """The execution that raised, by the executed notebook."""
    try:
        cells: Sequence[Mapping[str, object]] = json.loads(executed.read_bytes())["cells"]
    except (OSError, ValueError, KeyError):
        return None
    for cell in cells:
        metadata = cell.get("metadata")
        if isinstance(metadata, dict) and metadata.get("papermill", {}).get("exception"):
            ordinal = metadata.get("jupyter_repro", {}).get("ordinal")
            return ordinal if isinstance(ordinal, int) else None
    return None
