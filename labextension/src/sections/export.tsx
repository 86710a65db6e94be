import type { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ExportModel } from '../exporting';
import { keyOf } from '../exporting';
import type { IChoice, IPreview } from '../records';
import { Job } from './job';
import { Note } from './note';

const MOST = 60; // choices of a kind

/** Pick what is to be reproduced, see what stays and what goes, export it and prove it. */
export function Export(props: { model: ExportModel; trans: TranslationBundle }): React.JSX.Element {
  const { model, trans } = props;
  const [name, setName] = React.useState('');
  const [proof, setProof] = React.useState(true);
  if (model.panel.selected === null) {
    return <Note>{trans.__('Record the notebook first: then what a result needs is known.')}</Note>;
  }
  if (model.choices === null && model.error === null) {
    return <Note>{trans.__('Reading the session…')}</Note>;
  }
  return (
    <div className="jp-repro-body">
      <Choices model={model} trans={trans} />
      {model.preview !== null && <Preview preview={model.preview} trans={trans} />}
      {model.preview !== null && <Parameters model={model} trans={trans} />}
      <label className="jp-repro-field">
        <span>{trans.__('Folder')}</span>
        <input
          className="jp-mod-styled"
          type="text"
          value={name}
          placeholder={defaultName(model)}
          onChange={event => {
            setName(event.target.value);
          }}
        />
      </label>
      <label className="jp-repro-check">
        <input
          type="checkbox"
          checked={proof}
          onChange={event => {
            setProof(event.target.checked);
          }}
        />
        <span>{trans.__('Prove it: run it in a fresh kernel and compare')}</span>
      </label>
      {model.error !== null && <Note isError>{model.error}</Note>}
      <Button
        className="jp-mod-styled jp-mod-accept jp-repro-wide"
        disabled={model.preview === null || model.isRunning}
        onClick={() => void model.start(name, proof)}
      >
        {proof ? trans.__('Export and prove') : trans.__('Export')}
      </Button>
      {model.job !== null && <Job model={model} job={model.job} trans={trans} />}
    </div>
  );
}

function defaultName(model: ExportModel): string {
  const file = model.panel.notebook?.split('/').pop() ?? '';
  return `${file.replace(/\.ipynb$/, '')}-pipeline`;
}

function Choices(props: { model: ExportModel; trans: TranslationBundle }): React.JSX.Element {
  const { model, trans } = props;
  const found = model.choices?.choices ?? [];
  const kinds: [IChoice['kind'], string][] = [
    ['output', trans.__('Outputs')],
    ['file', trans.__('Files')],
    ['expression', trans.__('Variables')]
  ];
  const targets = model.preview?.targets.map(target => target.text).join(', ') ?? '';
  return (
    <>
      {model.isEmpty && targets !== '' && (
        <p>{trans.__('Nothing is picked, so this is exported: %1.', targets)}</p>
      )}
      {kinds.map(([kind, label]) => (
        <Kind
          key={kind}
          label={label}
          choices={found.filter(each => each.kind === kind)}
          model={model}
          trans={trans}
        />
      ))}
    </>
  );
}

function Kind(props: {
  label: string;
  choices: readonly IChoice[];
  model: ExportModel;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { label, choices, model, trans } = props;
  if (choices.length === 0) {
    return null;
  }
  return (
    <details className="jp-repro-choices">
      <summary>{`${label} (${choices.length})`}</summary>
      {choices.slice(0, MOST).map(choice => (
        <label key={keyOf(choice)} className="jp-repro-check" title={choice.detail}>
          <input
            type="checkbox"
            checked={model.isPicked(choice)}
            onChange={event => void model.pick(choice, event.target.checked)}
          />
          <code>{choice.kind === 'output' ? `[${choice.value}]` : choice.value}</code>
          <span className="jp-repro-dim">{choice.detail}</span>
        </label>
      ))}
      {choices.length > MOST && <p>{trans.__('and %1 more', choices.length - MOST)}</p>}
    </details>
  );
}

function Preview(props: { preview: IPreview; trans: TranslationBundle }): React.JSX.Element {
  const { preview, trans } = props;
  const staying = preview.executions.filter(each => each.reason !== null);
  return (
    <details className="jp-repro-choices">
      <summary>
        {trans.__('%1 of %2 executions stay', staying.length, preview.executions.length)}
      </summary>
      <ol className="jp-repro-staying">
        {staying.map(each => (
          <li key={each.ordinal}>
            <span className="jp-repro-ordinal">{each.ordinal}</span>
            <code className="jp-repro-source">{each.line}</code>
            <span className="jp-repro-dim">{each.reason}</span>
          </li>
        ))}
      </ol>
    </details>
  );
}

function Parameters(props: {
  model: ExportModel;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { model, trans } = props;
  const parameters = model.preview?.parameters ?? [];
  if (parameters.length === 0) {
    return null;
  }
  return (
    <fieldset className="jp-repro-parameters">
      <legend>{trans.__('Parameters')}</legend>
      {parameters.map(parameter => (
        <label key={parameter.name} className="jp-repro-check" title={parameter.help}>
          <input
            type="checkbox"
            checked={model.isLifted(parameter.name)}
            onChange={event => {
              model.lift(parameter.name, event.target.checked);
            }}
          />
          <code>{`${parameter.name} = ${parameter.default}`}</code>
          <span className="jp-repro-dim">{parameter.inferred_type_name}</span>
        </label>
      ))}
    </fieldset>
  );
}
