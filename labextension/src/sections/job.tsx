import type { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ExportModel } from '../exporting';
import type { ICheck, IJob, IVerification } from '../records';
import { Badge, type Tone } from './note';

const GOOD: readonly ICheck['verdict'][] = ['identical', 'equivalent'];

/** How an export goes on or ended: its verdict links to what was written and to what differs first. */
export function Job(props: {
  model: ExportModel;
  job: IJob;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { model, job, trans } = props;
  const [label, tone] = outcome(job, trans);
  return (
    <section className="jp-repro-job" aria-label={trans.__('The latest export')}>
      <div className="jp-repro-bar">
        <span role="status">
          <Badge tone={tone}>{label}</Badge>
        </span>
        {model.isRunning && (
          <Button className="jp-mod-styled" onClick={() => void model.cancel()}>
            {trans.__('Cancel')}
          </Button>
        )}
      </div>
      {model.isRunning && (
        <div
          className="jp-repro-progress"
          role="progressbar"
          aria-label={trans.__('The export is running')}
        />
      )}
      {job.error !== null && <p className="jp-mod-error">{job.error}</p>}
      {job.verification !== null && (
        <Verification model={model} verification={job.verification} trans={trans} />
      )}
      {job.exported !== null && <Written model={model} job={job} trans={trans} />}
      {job.log.length > 0 && (
        <details open={model.isRunning}>
          <summary>{trans.__('Log')}</summary>
          <pre className="jp-repro-code" tabIndex={0} aria-label={trans.__('Log')}>
            {job.log.join('\n')}
          </pre>
        </details>
      )}
    </section>
  );
}

function Written(props: {
  model: ExportModel;
  job: IJob;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { model, job, trans } = props;
  const open = (path: string) => () => {
    model.panel.link?.open(path);
  };
  return (
    <div className="jp-repro-links">
      <Button className="jp-repro-link" minimal onClick={open(job.exported ?? '')}>
        {trans.__('Open the notebook')}
      </Button>
      <Button className="jp-repro-link" minimal onClick={open(`${job.folder}/pipeline.json`)}>
        {trans.__('Open the report')}
      </Button>
    </div>
  );
}

function Verification(props: {
  model: ExportModel;
  verification: IVerification;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { model, verification, trans } = props;
  const { divergence } = verification;
  return (
    <>
      <ul className="jp-repro-checks">
        {verification.checks.map(check => (
          <li key={check.subject}>
            <Badge tone={GOOD.includes(check.verdict) ? 'good' : 'error'}>
              {verdict(check.verdict, trans)}
            </Badge>
            <span>{check.subject}</span>
          </li>
        ))}
      </ul>
      {verification.error !== null && <p className="jp-mod-error">{verification.error}</p>}
      {divergence !== null && (
        <p>
          {trans.__('First difference: %1', divergence.cause)}
          <Button
            className="jp-repro-link"
            minimal
            onClick={() => void model.panel.inspect(divergence.ordinal)}
          >
            {trans.__('Show execution %1', divergence.ordinal)}
          </Button>
        </p>
      )}
      {verification.changes.length > 0 && (
        <ul className="jp-repro-warnings">
          {verification.changes.map(change => (
            <li key={change}>{change}</li>
          ))}
        </ul>
      )}
    </>
  );
}

function verdict(word: ICheck['verdict'], trans: TranslationBundle): string {
  switch (word) {
    case 'identical':
      return trans.__('identical');
    case 'equivalent':
      return trans.__('equivalent');
    case 'different':
      return trans.__('different');
    case 'missing':
      return trans.__('missing');
  }
}

function outcome(job: IJob, trans: TranslationBundle): [string, Tone] {
  switch (job.status) {
    case 'queued':
      return [trans.__('waiting for its turn'), 'plain'];
    case 'running':
      return [trans.__('exporting'), 'plain'];
    case 'failed':
      return [trans.__('failed'), 'error'];
    case 'cancelled':
      return [trans.__('cancelled'), 'plain'];
    case 'lost':
      return [trans.__('ended without a word'), 'error'];
    case 'done':
      return proof(job.verdict, trans);
  }
}

function proof(word: IJob['verdict'], trans: TranslationBundle): [string, Tone] {
  switch (word) {
    case 'proven':
      return [trans.__('proven'), 'good'];
    case 'not proven':
      return [trans.__('not proven'), 'error'];
    default:
      return [trans.__('written, not proven yet'), 'plain'];
  }
}
