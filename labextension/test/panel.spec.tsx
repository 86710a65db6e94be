/**
 * The panel's models and sections over a real Jupyter server that runs our server extension.
 */
import { mkdirSync, writeFileSync } from 'fs';
import { join } from 'path';

import { nullTranslator } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import { ExportModel } from '../src/exporting';
import type { INotebookLink } from '../src/link';
import { type Extra, PanelModel } from '../src/model';
import type { IPreview } from '../src/records';
import { Data } from '../src/sections/data';
import { Export } from '../src/sections/export';
import { Findings } from '../src/sections/findings';
import { Recording } from '../src/sections/recording';
import { Runs } from '../src/sections/runs';
import { Surroundings } from '../src/sections/surroundings';
import { Timeline } from '../src/sections/timeline';
import { Server } from './server';

const trans = nullTranslator.load('jupyter_repro');
const server = new Server();
const OLD = '20260101-100000-aaaaaa';
const NEW = '20260102-100000-bbbbbb';
const LARGE = '20260103-100000-cccccc';
const DIGEST = 'a'.repeat(64);

beforeAll(async () => {
  mkdirSync(join(server.root, '.jrepro', 'sessions'), { recursive: true });
  save('explore.ipynb', ['x = 2\nx + 1', '1 / 0']);
  save('large.ipynb', []);
  record(OLD, 'explore.ipynb', [{ source: 'x = 1' }]);
  record(NEW, 'explore.ipynb', [
    {
      source: 'x = 2\nx',
      evidence: {
        bound: ['x'],
        files: [{ path: 'gone.csv', mode: 'read', digest: DIGEST, size: 1500, mtime: 1 }],
        random: [{ library: 'numpy', before: null, after: DIGEST, seed: 7 }]
      }
    },
    { source: '1 / 0', status: 'error' },
    {
      source: 'y = 5\ny',
      evidence: {
        bound: ['y'],
        outputs: [{ kind: 'execute_result', data: { 'text/plain': DIGEST }, text: '5' }]
      }
    }
  ]);
  record(
    LARGE,
    'large.ipynb',
    Array.from({ length: 10_000 }, (_, index) => ({ source: `cell = ${index + 1}` }))
  );
  writeRun();
  await server.start();
}, 90_000);

const disposables: IDisposable[] = [];

afterEach(() => {
  cleanup();
  disposables.splice(0).forEach(each => {
    each.dispose();
  });
});
afterAll(() => server.stop());

interface ICell {
  source: string;
  status?: string;
  evidence?: object;
}

/** As the kernel writes it: see "The journal" in ARCHITECTURE.md. */
function record(id: string, notebook: string, cells: readonly ICell[]): void {
  const started = '2026-01-01T10:00:00Z';
  const session = { id, notebook, started, cwd: '.', kernel: 'test', pid: 0, seed: 7 };
  const lines: object[] = [{ line: 'session', schema: 1, ...session }];
  cells.forEach(({ source, status = 'ok', evidence = {} }, index) => {
    const ordinal = index + 1;
    const began = { execution_count: ordinal, cell_id: `cell-${ordinal}`, source, started };
    lines.push({ line: 'began', ordinal, ...began });
    lines.push({ line: 'ended', ordinal, status, duration: 0.25 });
    lines.push({ line: 'evidence', ordinal, ...evidence });
  });
  lines.push({ line: 'stopped', stopped: started });
  const path = join(server.root, '.jrepro', 'sessions', `${id}.jsonl`);
  writeFileSync(path, lines.map(line => JSON.stringify(line) + '\n').join(''));
}

function save(notebook: string, sources: readonly string[]): void {
  const cells = sources.map((source, index) => ({
    cell_type: 'code',
    id: `cell-${index + 1}`,
    metadata: {},
    execution_count: null,
    outputs: [],
    source
  }));
  const content = { cells, metadata: {}, nbformat: 4, nbformat_minor: 5 };
  writeFileSync(join(server.root, notebook), JSON.stringify(content));
}

/** A run of a pipeline that was exported from the old session. */
function writeRun(): void {
  const pipeline = {
    name: 'explore',
    session: OLD,
    notebook: 'explore.ipynb',
    project: '..',
    cwd: '.',
    created: '2026-01-01T10:00:00Z',
    slice: { targets: [], kept: [], dropped: [] },
    stages: [],
    parameters: [],
    expected: {},
    schema: 1
  };
  const run = {
    id: '20260105-100000-dddddd',
    pipeline: 'explore-pipeline',
    status: 'failed',
    started: '2026-01-05T10:00:00Z',
    duration: 2,
    parameters: { rate: '0.5' },
    error: 'execution 2: ZeroDivisionError'
  };
  const home = join(server.root, '.jrepro', 'runs', run.id);
  mkdirSync(home, { recursive: true });
  mkdirSync(join(server.root, 'explore-pipeline'));
  writeFileSync(join(home, 'run.json'), JSON.stringify(run));
  writeFileSync(join(server.root, 'explore-pipeline', 'pipeline.json'), JSON.stringify(pipeline));
}

/** A notebook that only remembers what was done to it. */
class Link implements INotebookLink {
  readonly ran = new Signal<this, void>(this);
  readonly hasKernel = true;
  readonly done: string[] = [];
  marked: IPreview | null = null;

  run(code: string): Promise<void> {
    this.done.push(code);
    return code.includes('stop') ? Promise.resolve() : Promise.reject(new Error('No module'));
  }
  goTo(cellId: string): boolean {
    this.done.push(cellId);
    return true;
  }
  mark(preview: IPreview | null): void {
    this.marked = preview;
  }
  open(path: string): void {
    this.done.push(path);
  }
}

async function modelOf(notebook: string | null, link: Link | null = null): Promise<PanelModel> {
  const model = new PanelModel(server.settings());
  await model.show(notebook, link);
  return model;
}

type Section = (props: { model: PanelModel; trans: typeof trans }) => React.JSX.Element;

function renderSection(model: PanelModel, Section: Section): void {
  render(
    <UseSignal signal={model.changed}>{() => <Section model={model} trans={trans} />}</UseSignal>
  );
}

async function renderExtra(notebook: string, extra: Extra, Section: Section): Promise<Link> {
  const link = new Link();
  const model = await modelOf(notebook, link);
  renderSection(model, Section);
  act(() => {
    model.want(extra, true);
  });
  await waitFor(() => {
    expect(model.extras[extra]).toBeDefined();
  });
  return link;
}

function sources(): (string | null)[] {
  return Array.from(document.querySelectorAll('.jp-repro-source'), node => node.textContent);
}

describe('Recording', () => {
  test('shows how the newest session stands, and another one when it is chosen', async () => {
    const model = await modelOf('explore.ipynb', new Link());
    renderSection(model, Recording);
    const facts = () =>
      Array.from(document.querySelectorAll('.jp-repro-facts dd'), node => node.textContent);
    expect(facts()).toEqual(['3', '1', '1', '750 ms']);
    fireEvent.change(screen.getByRole('combobox'), { target: { value: OLD } });
    await waitFor(() => {
      expect(facts()).toEqual(['1', '0', '1', '250 ms']);
    });
  });

  test('starts in the kernel, and says why where it can’t', async () => {
    const link = new Link();
    renderSection(await modelOf('new.ipynb', link), Recording);
    expect(screen.getByText(/Nothing was recorded/)).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Start recording' }));
    expect(await screen.findByText('No module')).toBeTruthy();
    expect(link.done).toEqual(['%load_ext jupyter_repro\n%repro start --quiet']);
  });

  test('asks for a notebook where none is open', async () => {
    renderSection(await modelOf(null), Recording);
    expect(screen.getByText(/Open a notebook/)).toBeTruthy();
  });

  test('says what went wrong, and recovers', async () => {
    const model = await modelOf('../outside.ipynb');
    renderSection(model, Recording);
    expect(screen.getByText(/below the server's root/)).toBeTruthy();
    await act(() => model.show('explore.ipynb'));
    expect(model.error).toBeNull();
    expect(model.sessions).toHaveLength(2);
  });
});

describe('Timeline', () => {
  test('shows what ran, what it touched and what became of its cell', async () => {
    renderSection(await modelOf('explore.ipynb'), Timeline);
    expect(sources()).toEqual(['x = 2', '1 / 0', 'y = 5']);
    const rows = screen.getAllByRole('option').map(each => each.textContent);
    expect(rows[0]).toMatch(/250 ms.*gone\.csv.*edited/);
    expect(rows[1]).toMatch(/error/);
    expect(rows[2]).toMatch(/deleted/);
  });

  test('by keyboard, shows the text that ran against the saved one and turns to the cell', async () => {
    const link = new Link();
    renderSection(await modelOf('explore.ipynb', link), Timeline);
    const list = screen.getByRole('listbox');
    fireEvent.keyDown(list, { key: 'ArrowDown' });
    fireEvent.keyDown(list, { key: 'Enter' });
    await screen.findByRole('region', { name: 'Execution 1' });
    const lines = document.querySelectorAll('.jp-repro-line');
    expect(Array.from(lines, line => line.textContent)).toEqual([
      '  x = 2\n',
      '- x\n',
      '+ x + 1\n'
    ]);
    expect(link.done).toEqual(['cell-1']);
    fireEvent.click(screen.getByRole('button', { name: 'Close' }));
    expect(screen.queryByRole('region', { name: 'Execution 1' })).toBeNull();
  });

  test('draws of 10,000 executions only those in view', async () => {
    renderSection(await modelOf('large.ipynb'), Timeline);
    expect(screen.getAllByRole('option').length).toBeLessThan(60);
    const list = screen.getByRole('listbox');
    list.scrollTop = 5_000 * 44;
    fireEvent.scroll(list);
    await waitFor(() => {
      expect(sources()).toContain('cell = 5001');
    });
    expect(screen.getAllByRole('option').length).toBeLessThan(60);
  });

  test('sees what ran since', async () => {
    save('live.ipynb', ['a']);
    record('20260104-100000-eeeeee', 'live.ipynb', [{ source: 'a' }]);
    const model = await modelOf('live.ipynb');
    renderSection(model, Timeline);
    record('20260104-100000-eeeeee', 'live.ipynb', [{ source: 'a' }, { source: 'b' }]);
    await act(() => model.refresh());
    expect(sources()).toEqual(['a', 'b']);
  });
});

describe('The other sections', () => {
  test('findings: a sentence, an action and the way to the execution', async () => {
    const link = await renderExtra('explore.ipynb', 'findings', Findings);
    expect(screen.getByText('gone.csv was read, and is gone.')).toBeTruthy();
    expect(screen.getByText(/draws from numpy without a seed/)).toBeTruthy();
    expect(screen.getByText('Execution 3 ran a cell that was deleted since.')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Show execution 3' }));
    await waitFor(() => {
      expect(link.done).toEqual(['cell-3']);
    });
  });

  test('data: size, digest, users and what became of a file', async () => {
    await renderExtra('explore.ipynb', 'data', Data);
    expect(screen.getByText('missing')).toBeTruthy();
    expect(screen.getByText(/1\.5 kB · aaaaaaaa/)).toBeTruthy();
    expect(screen.getByText(/1 missing/)).toBeTruthy();
  });

  test('randomness: who seeded what, and who used it', async () => {
    await renderExtra('explore.ipynb', 'surroundings', Surroundings);
    expect(screen.getByText('7, drawn')).toBeTruthy();
    expect(screen.getByText('the session’s seed, used by 1')).toBeTruthy();
  });

  test('runs: status, parameters and the error', async () => {
    await renderExtra('explore.ipynb', 'runs', Runs);
    expect(screen.getByText('failed')).toBeTruthy();
    expect(screen.getByText('explore-pipeline · rate = 0.5')).toBeTruthy();
    expect(screen.getByText(/ZeroDivisionError/)).toBeTruthy();
  });
});

describe('Export', () => {
  test('previews in the panel and in the notebook, and tells how the export ended', async () => {
    const link = new Link();
    const model = new ExportModel(await modelOf('explore.ipynb', link));
    disposables.push(model);
    render(
      <UseSignal signal={model.changed}>{() => <Export model={model} trans={trans} />}</UseSignal>
    );
    await act(() => model.open(true));
    expect(screen.getByText('1 of 3 executions stay')).toBeTruthy();
    expect(link.marked?.executions.map(each => each.reason !== null)).toEqual([false, false, true]);

    fireEvent.click(screen.getByLabelText(/Prove it/));
    fireEvent.click(screen.getByRole('button', { name: 'Export' }));
    await waitFor(
      async () => {
        await act(() => model.refresh());
        expect(model.job?.status).toBe('done');
      },
      { timeout: 30_000, interval: 500 }
    );
    expect(screen.getByText('written, not proven yet')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Open the notebook' }));
    expect(link.done).toEqual(['explore-pipeline/explore.ipynb']);
    await act(() => model.open(false));
    expect(link.marked).toBeNull();
  }, 60_000);
});

test('an answer that comes too late is dropped', async () => {
  const model = await modelOf(null);
  const late = model.show('explore.ipynb');
  await model.show('new.ipynb');
  await late;
  expect(model.notebook).toBe('new.ipynb');
  expect(model.sessions).toEqual([]);
});
