import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { PanelModel } from '../model';
import type { ICellExecution, Status } from '../records';
import { Note } from './note';

const FAILED: ReadonlySet<Status> = new Set(['error', 'interrupted', 'lost']);

/** What ran in the selected session, in true order. */
export function Executions(props: {
  model: PanelModel;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { model, trans } = props;
  if (model.selected === null) {
    return <Note>{trans.__('No session to show.')}</Note>;
  }
  if (model.executions === null) {
    return <Note>{trans.__('Reading the session…')}</Note>;
  }
  if (model.executions.length === 0) {
    return <Note>{trans.__('No cell has run in this session yet.')}</Note>;
  }
  return (
    <ol className="jp-repro-list">
      {model.executions.map(execution => (
        <Execution key={execution.ordinal} execution={execution} trans={trans} />
      ))}
    </ol>
  );
}

function Execution(props: {
  execution: ICellExecution;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { execution, trans } = props;
  return (
    <li className="jp-repro-execution">
      <span className="jp-repro-ordinal">{execution.ordinal}</span>
      <code className="jp-repro-source" title={execution.source}>
        {execution.source.trim().split('\n', 1)[0]}
      </code>
      <span className={FAILED.has(execution.status) ? 'jp-mod-error' : ''}>
        {outcome(execution, trans)}
      </span>
    </li>
  );
}

/** How it ended; how long it took, where it ended well. */
function outcome({ status, duration }: ICellExecution, trans: TranslationBundle): string {
  switch (status) {
    case 'ok':
      return duration === null ? trans.__('ok') : trans.__('%1 s', duration.toFixed(2));
    case 'error':
      return trans.__('error');
    case 'interrupted':
      return trans.__('interrupted');
    case 'running':
      return trans.__('running');
    case 'lost':
      return trans.__('lost');
    case 'unobserved':
      return trans.__('not observed');
  }
}
