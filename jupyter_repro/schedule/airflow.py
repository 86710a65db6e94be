"""A schedule as a DAG file for Airflow 3: stock papermill through the provider's operator, nothing of ours."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

from jupyter_repro.errors import UsageError
from jupyter_repro.pipeline.manifest import read_pipeline
from jupyter_repro.run.runs import working_folder
from jupyter_repro.schedule.adding import typed_parameters
from jupyter_repro.schedule.cron import parse_cron
from jupyter_repro.schedule.schedule import Schedule, replace_text, told

_DAG = '''\
    """The schedule {name} of {notebook}, as Airflow runs it: needs apache-airflow-providers-papermill.

    The notebook runs through stock papermill: a task that fails is a cell that raised. Results are not compared.
    """

    import os
    from datetime import datetime, timedelta
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from airflow.providers.papermill.operators.papermill import PapermillOperator
    from airflow.sdk import DAG

    FOLDER = Path({folder})  # where the notebook runs
    OUTPUTS = Path({outputs})


    def enter_folder(context):
        OUTPUTS.mkdir(parents=True, exist_ok=True)
        os.chdir(FOLDER)


    with DAG(
        dag_id={dag_id},
        schedule={schedule},
        start_date=datetime({year}, {month}, {day}, tzinfo=ZoneInfo({zone})),
        catchup=False,
        max_active_runs=1,
    ) as dag:
        PapermillOperator(
            task_id="run",
            input_nb={input},
            output_nb=str(OUTPUTS / "{{{{ ts_nodash }}}}.ipynb"),
            parameters={parameters},
            retries={retries},
            retry_delay=timedelta(seconds={delay:g}),
            retry_exponential_backoff=True,
            execution_timeout={limit},
            pre_execute=enter_folder,
        )
    '''


def dag_text(project: Path, schedule: Schedule) -> str:
    """Raises PipelineError where the pipeline is not there, UsageError where only changed data would start it."""
    folder = (project / schedule.pipeline).resolve()
    pipeline = read_pipeline(folder)
    values: dict[str, Any] = typed_parameters(pipeline, schedule.parameters)
    created = datetime.fromisoformat(schedule.created.replace("Z", "+00:00"))
    limit = "None" if schedule.time_limit is None else f"timedelta(seconds={schedule.time_limit:g})"
    return dedent(_DAG).format(
        name=schedule.name,
        notebook=ascii(pipeline.notebook or pipeline.name)[1:-1].replace('"', ""),
        folder=ascii(str(working_folder(folder, pipeline))),
        outputs=ascii(str(folder / "airflow")),
        dag_id=ascii(schedule.name),
        schedule=_when(schedule),
        year=created.year,
        month=created.month,
        day=created.day,
        zone=ascii(schedule.timezone),
        input=ascii(str(folder / pipeline.stages[0].notebook)),
        parameters=ascii(values),
        retries=schedule.retries,
        delay=schedule.retry_delay,
        limit=limit,
    )


def _when(schedule: Schedule) -> str:
    if schedule.cron is not None:
        return ascii(parse_cron(schedule.cron).text)
    if schedule.every is not None:
        return f"timedelta(seconds={schedule.every:g})"
    step = "Type `jrepro schedule serve`, which watches data."
    raise UsageError(f"{schedule.name} runs when data change, which a DAG file can't say.", step)


def write_dag(project: Path, schedule: Schedule) -> Path:
    """The file, beside the pipeline's notebook. Raises StorageError where it can't be written."""
    path = (project / schedule.pipeline).resolve() / f"{schedule.name}_dag.py"
    text = dag_text(project, schedule)
    with told(path):
        replace_text(path, text)
    return path
