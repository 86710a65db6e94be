import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { duration, time } from '../format';
import type { PanelModel } from '../model';
import type { IRun } from '../records';
import { Badge, Note, type Tone } from './note';

const RUN = 'jrepro run DIR';

/** The runs of what was exported from this notebook, the newest first. */
export function Runs(props: { model: PanelModel; trans: TranslationBundle }): React.JSX.Element {
  const { model, trans } = props;
  const { runs } = model.extras;
  if (model.notebook === null || runs === undefined) {
    return <Note>{trans.__('No runs to show.')}</Note>;
  }
  if (runs.length === 0) {
    return (
      <Note>
        {trans.__('What was exported has not been run yet. To run it, type in a terminal:')}
        <code>{RUN}</code>
      </Note>
    );
  }
  return (
    <ul className="jp-repro-list">
      {runs.map(run => (
        <Run key={run.id} run={run} trans={trans} />
      ))}
    </ul>
  );
}

function Run(props: { run: IRun; trans: TranslationBundle }): React.JSX.Element {
  const { run, trans } = props;
  const [label, tone] = status(run.status, trans);
  const parameters = Object.entries(run.parameters).map(([name, value]) => `${name} = ${value}`);
  return (
    <li className="jp-repro-item">
      <div className="jp-repro-bar">
        <span>{time(run.started)}</span>
        <span className="jp-repro-dim">{duration(run.duration, trans)}</span>
        <Badge tone={tone}>{label}</Badge>
      </div>
      <div className="jp-repro-dim">{[run.pipeline, ...parameters].join(' · ')}</div>
      {run.error !== null && <p className="jp-mod-error">{run.error}</p>}
    </li>
  );
}

function status(word: IRun['status'], trans: TranslationBundle): [string, Tone] {
  switch (word) {
    case 'running':
      return [trans.__('running'), 'plain'];
    case 'ok':
      return [trans.__('ok'), 'good'];
    case 'failed':
      return [trans.__('failed'), 'error'];
    case 'killed':
      return [trans.__('ended from outside'), 'error'];
  }
}
