import type { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { PanelModel } from '../model';
import type { IFinding } from '../records';
import { Badge, Note, type Tone } from './note';

const MOST = 100;

/** What keeps the notebook, as it is saved, from giving the recorded results: a sentence and an action for each. */
export function Findings(props: {
  model: PanelModel;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { model, trans } = props;
  const { findings } = model.extras;
  if (model.selected === null) {
    return <Note>{trans.__('No session to show.')}</Note>;
  }
  if (findings === undefined) {
    return <Note>{trans.__('Looking at cells, files and packages…')}</Note>;
  }
  if (findings.length === 0) {
    return <Note>{trans.__('Nothing is seen that would keep it from reproducing.')}</Note>;
  }
  return (
    <ul className="jp-repro-list">
      {findings.slice(0, MOST).map(finding => (
        <Item key={finding.kind + finding.sentence} finding={finding} model={model} trans={trans} />
      ))}
      {findings.length > MOST && (
        <li className="jp-repro-item">{trans.__('and %1 more', findings.length - MOST)}</li>
      )}
    </ul>
  );
}

function Item(props: {
  finding: IFinding;
  model: PanelModel;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { finding, model, trans } = props;
  const { ordinal } = finding;
  const [label, tone] = kind(finding.kind, trans);
  return (
    <li className="jp-repro-item">
      <div className="jp-repro-bar">
        <Badge tone={tone}>{label}</Badge>
        {ordinal !== null && (
          <Button
            className="jp-repro-link"
            minimal
            aria-label={trans.__('Show execution %1', ordinal)}
            onClick={() => void model.inspect(ordinal)}
          >
            {trans.__('Show %1', ordinal)}
          </Button>
        )}
      </div>
      <p>{finding.sentence}</p>
      <p className="jp-repro-dim">{finding.action}</p>
    </li>
  );
}

function kind(word: IFinding['kind'], trans: TranslationBundle): [string, Tone] {
  switch (word) {
    case 'edited':
      return [trans.__('edited since'), 'error'];
    case 'stale':
      return [trans.__('out of date'), 'warn'];
    case 'deleted':
      return [trans.__('deleted'), 'plain'];
    case 'random':
      return [trans.__('no seed'), 'plain'];
    case 'file':
      return [trans.__('file'), 'error'];
    case 'package':
      return [trans.__('package'), 'warn'];
    case 'nondeterminism':
      return [trans.__('differs each time'), 'warn'];
    case 'incomplete':
      return [trans.__('incomplete'), 'warn'];
  }
}
