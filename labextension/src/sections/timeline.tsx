import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { duration, some, status } from '../format';
import type { PanelModel } from '../model';
import type { IRow } from '../records';
import type { Rows } from '../rows';
import { Detail } from './detail';
import { Badge, Note } from './note';

const HEIGHT = 44; // px, of a row: see --jp-repro-row-height
const BEYOND = 8; // rows that are drawn beyond each end of what is seen
const FAILED: readonly IRow['status'][] = ['error', 'interrupted', 'lost'];

/** Every execution in true order, also of deleted cells; only what is in view is drawn. */
export function Timeline(props: {
  model: PanelModel;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { model, trans } = props;
  if (model.selected === null) {
    return <Note>{trans.__('No session to show.')}</Note>;
  }
  if (model.rows === null || model.overview === null) {
    return <Note>{trans.__('Reading the session…')}</Note>;
  }
  if (model.rows.total === 0) {
    return <Note>{trans.__('No cell has run in this session yet.')}</Note>;
  }
  return (
    <div className="jp-repro-timeline">
      <List key={model.rows.session} model={model} rows={model.rows} trans={trans} />
      {model.detail !== null && <Detail model={model} detail={model.detail} trans={trans} />}
    </div>
  );
}

function List(props: {
  model: PanelModel;
  rows: Rows;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { model, rows, trans } = props;
  const box = React.useRef<HTMLDivElement>(null);
  const [top, setTop] = React.useState(0);
  const [height, setHeight] = React.useState(400);
  const [active, setActive] = React.useState<number | null>(null);
  const first = Math.max(0, Math.floor(top / HEIGHT) - BEYOND);
  const last = Math.min(rows.total, Math.ceil((top + height) / HEIGHT) + BEYOND) - 1;

  React.useEffect(() => void model.look(first, last), [model, first, last]);
  useHeight(box, setHeight);
  useNewest(box, rows.total);

  const turnTo = (index: number) => {
    const next = Math.min(Math.max(index, 0), rows.total - 1);
    setActive(next);
    scrollTo(box.current, next);
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const step = stepOf(event.key, Math.max(1, Math.floor(height / HEIGHT) - 1), rows.total);
    const row = active === null ? undefined : rows.at(active);
    if (step !== undefined) {
      turnTo((active ?? -1) + step);
      event.preventDefault();
    } else if ((event.key === 'Enter' || event.key === ' ') && row !== undefined) {
      void model.inspect(row.ordinal);
      event.preventDefault();
    }
  };

  const indices = Array.from({ length: Math.max(0, last - first + 1) }, (_, each) => first + each);
  return (
    <div
      ref={box}
      className="jp-repro-rows"
      role="listbox"
      tabIndex={0}
      aria-label={trans.__('Executions in true order')}
      aria-activedescendant={active === null ? undefined : idOf(active)}
      onScroll={event => {
        setTop(event.currentTarget.scrollTop);
      }}
      onKeyDown={onKeyDown}
    >
      <div role="presentation" style={{ height: rows.total * HEIGHT, position: 'relative' }}>
        {indices.map(index => (
          <Execution
            key={index}
            index={index}
            total={rows.total}
            row={rows.at(index)}
            isActive={index === active}
            isOpen={rows.at(index)?.ordinal === model.detail?.execution.ordinal}
            trans={trans}
            onClick={ordinal => {
              setActive(index);
              void model.inspect(ordinal);
            }}
          />
        ))}
      </div>
    </div>
  );
}

function Execution(props: {
  index: number;
  total: number;
  row: IRow | undefined;
  isActive: boolean;
  isOpen: boolean;
  trans: TranslationBundle;
  onClick: (ordinal: number) => void;
}): React.JSX.Element {
  const { index, row, trans } = props;
  const classes = ['jp-repro-execution'];
  if (props.isActive) {
    classes.push('jp-mod-active');
  }
  return (
    <div
      id={idOf(index)}
      className={classes.join(' ')}
      role="option"
      aria-selected={props.isOpen}
      aria-posinset={index + 1}
      aria-setsize={props.total}
      style={{ top: index * HEIGHT }}
      onClick={() => {
        if (row !== undefined) {
          props.onClick(row.ordinal);
        }
      }}
    >
      {row === undefined ? (
        <span className="jp-repro-source">…</span>
      ) : (
        <>
          <span className="jp-repro-ordinal">{row.ordinal}</span>
          <code className="jp-repro-source">{row.line}</code>
          <Outcome row={row} trans={trans} />
          <span className="jp-repro-touched">{touched(row, trans)}</span>
          <Mark row={row} trans={trans} />
        </>
      )}
    </div>
  );
}

/** How it ended; how long it took, where it ended well. */
function Outcome(props: { row: IRow; trans: TranslationBundle }): React.JSX.Element {
  const { row, trans } = props;
  const took = duration(row.duration, trans);
  const text = row.status === 'ok' && took !== '' ? took : status(row.status, trans);
  const isFailed = FAILED.includes(row.status);
  return <span className={`jp-repro-outcome ${isFailed ? 'jp-mod-error' : ''}`}>{text}</span>;
}

function Mark(props: { row: IRow; trans: TranslationBundle }): React.JSX.Element | null {
  const { row, trans } = props;
  if (row.deleted) {
    return <Badge>{trans.__('deleted')}</Badge>;
  }
  if (row.edited) {
    return <Badge tone="warn">{trans.__('edited')}</Badge>;
  }
  return row.stale.length > 0 ? <Badge tone="warn">{trans.__('out of date')}</Badge> : null;
}

/** What it wrote and read, the most telling first. */
function touched(row: IRow, trans: TranslationBundle): string {
  const parts: [label: string, items: readonly string[]][] = [
    ['→ ', row.files_written],
    ['← ', row.files_read],
    ['', row.outside],
    ['= ', row.writes],
    [trans.__('random: '), row.random],
    [trans.__('reads '), row.reads]
  ];
  return parts
    .filter(([, items]) => items.length > 0)
    .map(([label, items]) => label + some(items, 3, trans))
    .join(' · ');
}

function idOf(index: number): string {
  return `jp-repro-execution-${index}`;
}

function stepOf(key: string, page: number, total: number): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: page,
    PageUp: -page,
    Home: -total,
    End: total
  };
  return steps[key];
}

function scrollTo(box: HTMLDivElement | null, index: number): void {
  if (box === null) {
    return;
  }
  const top = index * HEIGHT;
  if (top < box.scrollTop) {
    box.scrollTop = top;
  } else if (top + HEIGHT > box.scrollTop + box.clientHeight) {
    box.scrollTop = top + HEIGHT - box.clientHeight;
  }
}

/** Keep to the height that the section has. */
function useHeight(
  box: React.RefObject<HTMLDivElement>,
  setHeight: (height: number) => void
): void {
  React.useEffect(() => {
    const element = box.current;
    if (element === null || typeof ResizeObserver === 'undefined') {
      return undefined;
    }
    const observer = new ResizeObserver(() => {
      setHeight(element.clientHeight);
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, [box, setHeight]);
}

/** Stay at the end while cells run, unless the person has scrolled away from it. */
function useNewest(box: React.RefObject<HTMLDivElement>, total: number): void {
  const before = React.useRef(0);
  React.useLayoutEffect(() => {
    const element = box.current;
    if (element !== null) {
      const end = before.current * HEIGHT - element.clientHeight;
      if (total > before.current && element.scrollTop >= end - HEIGHT) {
        element.scrollTop = total * HEIGHT;
      }
    }
    before.current = total;
  }, [box, total]);
}
