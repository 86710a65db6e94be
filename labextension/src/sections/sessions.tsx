import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { PanelModel } from '../model';
import type { ISummary } from '../records';
import { Note } from './note';

const START = '%load_ext jupyter_repro\n%repro start';

/** The sessions recorded of the notebook in front; choosing one shows what ran in it. */
export function Sessions(props: {
  model: PanelModel;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { model, trans } = props;
  if (model.notebook === null) {
    return <Note>{trans.__('Open a notebook to see what was recorded of it.')}</Note>;
  }
  if (model.error !== null) {
    return <Note isError>{trans.__('The recorded sessions can’t be shown: %1', model.error)}</Note>;
  }
  if (model.sessions === null) {
    return <Note>{trans.__('Looking for recorded sessions…')}</Note>;
  }
  if (model.sessions.length === 0) {
    return (
      <Note>
        {trans.__('Nothing was recorded of this notebook yet. To record, run in a cell:')}
        <pre>{START}</pre>
      </Note>
    );
  }
  return (
    <ul className="jp-repro-list">
      {model.sessions.map(summary => (
        <li key={summary.session.id}>
          <button
            className="jp-repro-session"
            aria-current={summary === model.selected}
            onClick={() => void model.choose(summary.session.id)}
          >
            {new Date(summary.session.started).toLocaleString()}
            <span className="jp-repro-detail">
              {trans._n('%1 execution', '%1 executions', summary.executions)}
              {' · '}
              {condition(summary, trans)}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** What a person must know before relying on it; else whether it goes on. */
function condition({ session, problems, state }: ISummary, trans: TranslationBundle): string {
  const fault = session.incomplete ?? problems[0];
  if (fault !== undefined) {
    return trans.__('incomplete: %1', fault);
  }
  switch (state) {
    case 'recording':
      return trans.__('recording');
    case 'stopped':
      return trans.__('stopped');
    case 'lost':
      return trans.__('lost: the kernel ended without a word');
    case 'unreadable':
      return trans.__('unreadable');
  }
}
