import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { some } from '../format';
import type { PanelModel } from '../model';
import type { IPackage, ISurroundings } from '../records';
import { Badge, Note } from './note';

/** Seeds, streams and threads; packages against the session before and against this environment. */
export function Surroundings(props: {
  model: PanelModel;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { model, trans } = props;
  const found = model.extras.surroundings;
  if (model.selected === null) {
    return <Note>{trans.__('No session to show.')}</Note>;
  }
  if (found === undefined) {
    return <Note>{trans.__('Reading the session…')}</Note>;
  }
  return (
    <div className="jp-repro-body">
      <h3>{trans.__('Randomness')}</h3>
      <Pairs pairs={randomness(found, trans)} />
      <h3>{trans.__('Environment')}</h3>
      <Pairs pairs={environment(found, trans)} />
      <h3>{trans.__('Packages')}</h3>
      <Packages found={found} trans={trans} />
    </div>
  );
}

function Pairs(props: { pairs: readonly (readonly [string, string])[] }): React.JSX.Element {
  return (
    <dl className="jp-repro-pairs">
      {props.pairs
        .filter(([, value]) => value !== '')
        .map(([name, value]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </React.Fragment>
        ))}
    </dl>
  );
}

function randomness(found: ISurroundings, trans: TranslationBundle): [string, string][] {
  const seed = found.seed === null ? '' : String(found.seed);
  const streams = found.streams.map((stream): [string, string] => [
    stream.library,
    trans.__(
      '%1, used by %2',
      stream.seeded_by === 'user' ? trans.__('seeded in a cell') : trans.__('the session’s seed'),
      some(stream.ordinals.map(String), 6, trans)
    )
  ]);
  const entropy = found.entropy.map((each): [string, string] => [
    each.source,
    trans._n('%1 draw without a seed, replayed', '%1 draws without a seed, replayed', each.count)
  ]);
  return [
    [
      trans.__('Seed'),
      found.seed_given ? trans.__('%1, given at the start', seed) : trans.__('%1, drawn', seed)
    ],
    [trans.__('Deterministic modes'), found.deterministic ? trans.__('on') : trans.__('off')],
    ...streams,
    ...entropy
  ];
}

function environment(found: ISurroundings, trans: TranslationBundle): [string, string][] {
  const threads = Object.entries(found.threads).map(([name, value]) => `${name}=${value}`);
  const cpus = found.usable_cpus;
  return [
    ['Python', found.python ?? ''],
    [trans.__('Platform'), found.platform ?? ''],
    [trans.__('Processor'), found.cpu ?? ''],
    [
      trans.__('Threads'),
      [cpus === null ? '' : trans._n('%1 processor', '%1 processors', cpus), ...threads]
        .filter(part => part !== '')
        .join(', ')
    ],
    [
      'Git',
      found.git === null
        ? ''
        : `${found.git.commit.slice(0, 8)}${found.git.dirty ? trans.__(', with changes') : ''}`
    ]
  ];
}

function Packages(props: { found: ISurroundings; trans: TranslationBundle }): React.JSX.Element {
  const { found, trans } = props;
  if (found.packages.length === 0) {
    return <p>{trans.__('No package was imported, or the list is still being made.')}</p>;
  }
  const isChanged = (each: IPackage) => each.before !== null || isOther(each);
  const rows = [...found.packages].sort((a, b) => Number(isChanged(b)) - Number(isChanged(a)));
  return (
    <>
      {!found.is_here && (
        <p className="jp-repro-dim">
          {trans.__(
            'The notebook’s kernel is of another environment, so only sessions are compared.'
          )}
        </p>
      )}
      <ul className="jp-repro-packages">
        {rows.map(each => (
          <li key={each.name}>
            <span>{each.name}</span>
            <span className="jp-repro-dim">{each.version}</span>
            {each.before !== null && (
              <Badge tone="warn">{trans.__('before: %1', each.before)}</Badge>
            )}
            {isOther(each) && <Badge tone="error">{trans.__('now: %1', each.now ?? '')}</Badge>}
          </li>
        ))}
      </ul>
    </>
  );
}

function isOther(each: IPackage): boolean {
  return each.now !== null && each.now !== each.version;
}
