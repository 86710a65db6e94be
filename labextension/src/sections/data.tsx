import type { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import { size } from '../format';
import type { PanelModel } from '../model';
import type { IDataFile, IDataView } from '../records';
import { Badge, Note, type Tone } from './note';

/** The files that the session read and wrote, against the disk now; what differs comes first. */
export function Data(props: { model: PanelModel; trans: TranslationBundle }): React.JSX.Element {
  const { model, trans } = props;
  const { data } = model.extras;
  if (model.selected === null) {
    return <Note>{trans.__('No session to show.')}</Note>;
  }
  if (data === undefined) {
    return <Note>{trans.__('Comparing with the disk…')}</Note>;
  }
  if (data.files.length === 0) {
    return <Note>{trans.__('The session has read and written no files.')}</Note>;
  }
  return (
    <>
      <Folders data={data} trans={trans} />
      <ul className="jp-repro-list">
        {data.files.map(file => (
          <File key={file.path} file={file} model={model} trans={trans} />
        ))}
        {data.total > data.files.length && (
          <li className="jp-repro-item">
            {trans.__('and %1 more', data.total - data.files.length)}
          </li>
        )}
      </ul>
    </>
  );
}

/** What changed in each folder, in a line. */
function Folders(props: { data: IDataView; trans: TranslationBundle }): React.JSX.Element | null {
  const { data, trans } = props;
  const lines = Object.entries(data.folders)
    .map(([folder, counts]): [string, string] => [folder, differences(counts, trans)])
    .filter(([, text]) => text !== '');
  const unknown = Object.entries(data.unknown);
  if (lines.length === 0 && unknown.length === 0) {
    return null;
  }
  return (
    <ul className="jp-repro-warnings">
      {[...lines, ...unknown].map(([folder, text]) => (
        <li key={folder}>
          {folder === '.' ? trans.__('The project’s folder: %1', text) : `${folder}: ${text}`}
        </li>
      ))}
    </ul>
  );
}

function differences(counts: Readonly<Record<string, number>>, trans: TranslationBundle): string {
  const { changed = 0, removed = 0, added = 0 } = counts;
  return [
    changed > 0 ? trans.__('%1 changed', changed) : '',
    removed > 0 ? trans.__('%1 missing', removed) : '',
    added > 0 ? trans.__('%1 new', added) : ''
  ]
    .filter(part => part !== '')
    .join(', ');
}

function File(props: {
  file: IDataFile;
  model: PanelModel;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { file, model, trans } = props;
  const [label, tone] = state(file, trans);
  const facts = [size(file.size), file.digest?.slice(0, 8) ?? '', file.reason];
  return (
    <li className="jp-repro-item">
      <div className="jp-repro-bar">
        <code className="jp-repro-path">{file.path}</code>
        {label !== '' && <Badge tone={tone}>{label}</Badge>}
      </div>
      <div className="jp-repro-dim">
        {facts.filter(fact => fact !== '').join(' · ')}
        <Users label={trans.__('read by')} ordinals={file.read_by} model={model} trans={trans} />
        <Users
          label={trans.__('written by')}
          ordinals={file.written_by}
          model={model}
          trans={trans}
        />
      </div>
    </li>
  );
}

function Users(props: {
  label: string;
  ordinals: readonly number[];
  model: PanelModel;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { ordinals, model, trans } = props;
  if (ordinals.length === 0) {
    return null;
  }
  return (
    <span>
      {` · ${props.label} `}
      {ordinals.slice(0, 5).map(ordinal => (
        <Button
          key={ordinal}
          className="jp-repro-link"
          minimal
          aria-label={trans.__('Show execution %1', ordinal)}
          onClick={() => void model.inspect(ordinal)}
        >
          {ordinal}
        </Button>
      ))}
      {ordinals.length > 5 && '…'}
    </span>
  );
}

function state(file: IDataFile, trans: TranslationBundle): [string, Tone] {
  switch (file.state) {
    case 'changed':
      return [trans.__('changed'), 'error'];
    case 'removed':
      return [trans.__('missing'), 'error'];
    case 'added':
      return [trans.__('new'), 'warn'];
    case 'unknown':
      return [trans.__('unknown'), 'warn'];
    case 'unchanged':
      return file.read_by.length > 0 ? [trans.__('as read'), 'good'] : ['', 'plain'];
  }
}
