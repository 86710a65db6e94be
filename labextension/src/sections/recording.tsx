import type { TranslationBundle } from '@jupyterlab/translation';
import { Button, HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import { duration, time } from '../format';
import type { PanelModel } from '../model';
import type { IListed, IOverview } from '../records';
import { Note } from './note';

const LOAD = '%load_ext jupyter_repro';
const START = '%repro start';

/** One button that starts and stops recording, how the selected session stands, and which one that is. */
export function Recording(props: {
  model: PanelModel;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { model, trans } = props;
  if (model.notebook === null) {
    return <Note>{trans.__('Open a notebook to see what was recorded of it.')}</Note>;
  }
  if (model.error !== null) {
    return <Note isError>{trans.__('What was recorded can’t be shown: %1', model.error)}</Note>;
  }
  if (model.sessions === null) {
    return <Note>{trans.__('Looking for recorded sessions…')}</Note>;
  }
  return (
    <div className="jp-repro-recording">
      <div className="jp-repro-bar">
        <State listed={model.sessions.find(each => each.state === 'recording')} trans={trans} />
        <Button
          className="jp-mod-styled jp-mod-accept"
          disabled={!model.link?.hasKernel || model.isBusy}
          onClick={() => void model.toggleRecording()}
        >
          {model.isRecording ? trans.__('Stop recording') : trans.__('Start recording')}
        </Button>
      </div>
      {model.kernelError !== null && <Note isError>{model.kernelError}</Note>}
      {!model.link?.hasKernel && <Note>{trans.__('To record, start the notebook’s kernel.')}</Note>}
      {model.sessions.length === 0 ? (
        <Note>
          {trans.__('Nothing was recorded of this notebook yet. In a cell, this starts it, too:')}
          <code>{LOAD}</code>
          <code>{START}</code>
        </Note>
      ) : (
        <Chosen model={model} sessions={model.sessions} trans={trans} />
      )}
      <Warnings model={model} />
    </div>
  );
}

function State(props: {
  listed: IListed | undefined;
  trans: TranslationBundle;
}): React.JSX.Element {
  const isOn = props.listed !== undefined;
  return (
    <span className="jp-repro-state" role="status">
      <span className={`jp-repro-dot ${isOn ? 'jp-mod-on' : ''}`} aria-hidden="true" />
      {isOn ? props.trans.__('Recording') : props.trans.__('Not recording')}
    </span>
  );
}

function Chosen(props: {
  model: PanelModel;
  sessions: readonly IListed[];
  trans: TranslationBundle;
}): React.JSX.Element {
  const { model, sessions, trans } = props;
  return (
    <>
      <label className="jp-repro-field">
        <span>{trans.__('Session')}</span>
        <HTMLSelect
          value={model.selected?.session.id}
          onChange={event => void model.choose(event.target.value)}
        >
          {sessions.map(each => (
            <option key={each.session.id} value={each.session.id}>
              {`${time(each.session.started)} · ${condition(each, trans)}`}
            </option>
          ))}
        </HTMLSelect>
      </label>
      {model.overview !== null && <Facts overview={model.overview} trans={trans} />}
    </>
  );
}

function Facts(props: { overview: IOverview; trans: TranslationBundle }): React.JSX.Element {
  const { overview, trans } = props;
  const facts: [string, string | number][] = [
    [trans.__('Executions'), overview.executions],
    [trans.__('Failed'), overview.failed],
    [trans.__('Out of date'), overview.stale],
    [trans.__('Run time'), duration(overview.duration, trans)]
  ];
  return (
    <dl className="jp-repro-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What a person must know before relying on it. */
function Warnings(props: { model: PanelModel }): React.JSX.Element | null {
  const { selected, extras } = props.model;
  const incomplete = selected?.session.incomplete?.trim().split('\n').pop();
  const warnings = [
    ...(incomplete ? [incomplete] : []),
    ...(selected?.problems ?? []),
    ...(extras.layers?.warnings ?? [])
  ];
  if (warnings.length === 0) {
    return null;
  }
  return (
    <ul className="jp-repro-warnings">
      {warnings.map(warning => (
        <li key={warning}>{warning}</li>
      ))}
    </ul>
  );
}

function condition({ state, executions }: IListed, trans: TranslationBundle): string {
  const ran = trans._n('%1 execution', '%1 executions', executions);
  switch (state) {
    case 'recording':
      return trans.__('%1, recording', ran);
    case 'stopped':
      return ran;
    case 'lost':
      return trans.__('%1, the kernel was lost', ran);
    case 'unreadable':
      return trans.__('unreadable');
  }
}
