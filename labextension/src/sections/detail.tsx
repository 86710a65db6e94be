import type { TranslationBundle } from '@jupyterlab/translation';
import { Button, closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { duration, status, time } from '../format';
import type { PanelModel } from '../model';
import type { ICellExecution, IDetail } from '../records';

/** One execution: the text that really ran, against the saved one where that is another, and what it did. */
export function Detail(props: {
  model: PanelModel;
  detail: IDetail;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { model, detail, trans } = props;
  const { execution } = detail;
  const row = model.rows?.find(execution.ordinal);
  const facts: [string, readonly string[]][] = [
    [trans.__('Out of date'), row?.stale ?? []],
    [trans.__('Reads'), execution.names_read],
    [trans.__('Writes'), row?.writes ?? []],
    [trans.__('Files read'), row?.files_read ?? []],
    [trans.__('Files written'), row?.files_written ?? []],
    [trans.__('Random'), row?.random ?? []],
    [trans.__('Network'), row?.outside ?? []]
  ];
  return (
    <section
      className="jp-repro-detail"
      aria-label={trans.__('Execution %1', execution.ordinal)}
      tabIndex={0}
    >
      <header className="jp-repro-bar">
        <strong>{trans.__('Execution %1', execution.ordinal)}</strong>
        <span className="jp-repro-dim">{summary(execution, trans)}</span>
        <Button
          className="jp-repro-icon-button"
          minimal
          title={trans.__('Close')}
          aria-label={trans.__('Close')}
          onClick={() => {
            model.closeDetail();
          }}
        >
          <closeIcon.react tag="span" />
        </Button>
      </header>
      {detail.deleted && <p>{trans.__('Its cell was deleted since. This is what ran:')}</p>}
      {detail.difference.length > 0 ? (
        <Difference detail={detail} trans={trans} />
      ) : (
        <pre className="jp-repro-code">{execution.source}</pre>
      )}
      {execution.error !== null && (
        <p className="jp-mod-error">{`${execution.error.name}: ${execution.error.message}`}</p>
      )}
      <dl className="jp-repro-pairs">
        {facts
          .filter(([, items]) => items.length > 0)
          .map(([name, items]) => (
            <React.Fragment key={name}>
              <dt>{name}</dt>
              <dd>{items.join(', ')}</dd>
            </React.Fragment>
          ))}
      </dl>
    </section>
  );
}

function Difference(props: { detail: IDetail; trans: TranslationBundle }): React.JSX.Element {
  const { detail, trans } = props;
  return (
    <>
      <p>{trans.__('What ran (−) and what the cell holds now (+):')}</p>
      <pre className="jp-repro-code">
        {detail.difference.map((line, index) => (
          <span key={index} className={`jp-repro-line ${TONES[line.mark]}`}>
            {`${line.mark} ${line.text}\n`}
          </span>
        ))}
      </pre>
    </>
  );
}

const TONES = { ' ': '', '-': 'jp-mod-removed', '+': 'jp-mod-added' } as const;

function summary(execution: ICellExecution, trans: TranslationBundle): string {
  return [
    status(execution.status, trans),
    duration(execution.duration, trans),
    execution.started === null ? '' : time(execution.started)
  ]
    .filter(part => part !== '')
    .join(' · ');
}
