/**
 * The panel's model and sections over a real Jupyter server that runs our server extension.
 */
import { mkdirSync, writeFileSync } from 'fs';
import { join } from 'path';

import { signalToPromises } from '@jupyterlab/testing';
import { nullTranslator } from '@jupyterlab/translation';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';

import { PanelModel } from '../src/model';
import { Executions } from '../src/sections/executions';
import { Sessions } from '../src/sections/sessions';
import { Server } from './server';

const trans = nullTranslator.load('jupyter_repro');
const server = new Server();

beforeAll(async () => {
  mkdirSync(join(server.root, '.jrepro', 'sessions'), { recursive: true });
  record('20260101-100000-aaaaaa', [['x = 1', 'ok']]);
  record('20260102-100000-bbbbbb', [
    ['x = 2\nx', 'ok'],
    ['1 / 0', 'error']
  ]);
  await server.start();
}, 60_000);

afterEach(cleanup);
afterAll(() => server.stop());

/** As the kernel writes it: see "The journal" in ARCHITECTURE.md. */
function record(id: string, cells: [source: string, status: string][]): void {
  const started = '2026-01-01T10:00:00Z';
  const session = {
    id,
    notebook: 'explore.ipynb',
    started,
    cwd: '.',
    kernel: 'test',
    pid: 0,
    seed: 1
  };
  const lines: object[] = [{ line: 'session', schema: 1, ...session }];
  cells.forEach(([source, status], index) => {
    const ordinal = index + 1;
    lines.push({
      line: 'began',
      ordinal,
      execution_count: ordinal,
      cell_id: null,
      source,
      started
    });
    lines.push({ line: 'ended', ordinal, status, duration: 0.25 }, { line: 'evidence', ordinal });
  });
  lines.push({ line: 'stopped', stopped: started });
  writeFileSync(
    join(server.root, '.jrepro', 'sessions', `${id}.jsonl`),
    lines.map(line => JSON.stringify(line) + '\n').join('')
  );
}

async function modelOf(notebook: string | null): Promise<PanelModel> {
  const model = new PanelModel(server.settings());
  await model.show(notebook);
  return model;
}

function renderPanel(model: PanelModel): void {
  render(
    <>
      <Sessions model={model} trans={trans} />
      <Executions model={model} trans={trans} />
    </>
  );
}

function sources(): (string | null)[] {
  return Array.from(document.querySelectorAll('.jp-repro-source'), node => node.textContent);
}

test('shows the newest session and what ran in it', async () => {
  renderPanel(await modelOf('explore.ipynb'));
  const sessions = screen.getAllByRole('button');
  expect(sessions.map(each => each.getAttribute('aria-current'))).toEqual(['true', 'false']);
  expect(sessions.map(each => each.textContent)).toEqual([
    expect.stringContaining('2 executions · stopped'),
    expect.stringContaining('1 execution · stopped')
  ]);
  expect(sources()).toEqual(['x = 2', '1 / 0']);
  expect(screen.getByText('0.25 s')).toBeTruthy();
  expect(screen.getByText('error')).toBeTruthy();
});

test('shows the session that was chosen, also after another refresh', async () => {
  const model = await modelOf('explore.ipynb');
  renderPanel(model);
  const answered = signalToPromises(model.changed, 2); // chosen; answered
  fireEvent.click(screen.getByText(/1 execution /));
  await Promise.all(answered);
  await model.refresh();
  cleanup();
  renderPanel(model);
  expect(sources()).toEqual(['x = 1']);
});

test('sees what ran since, and keeps what it has while nothing did', async () => {
  const model = await modelOf('explore.ipynb');
  const before = model.executions;
  await model.refresh();
  expect(model.executions).toBe(before);
  record('20260102-100000-bbbbbb', [['y = 3', 'ok']]);
  await model.refresh();
  expect(model.executions?.map(execution => execution.source)).toEqual(['y = 3']);
});

test('says how to record where nothing was', async () => {
  renderPanel(await modelOf('new.ipynb'));
  expect(screen.getByText(/%repro start/)).toBeTruthy();
});

test('asks for a notebook where none is open', async () => {
  renderPanel(await modelOf(null));
  expect(screen.getByText(/Open a notebook/)).toBeTruthy();
});

test('says what went wrong, and recovers', async () => {
  const model = await modelOf('../outside.ipynb');
  renderPanel(model);
  expect(screen.getByText(/below the server's root/)).toBeTruthy();
  await model.show('explore.ipynb');
  expect(model.error).toBeNull();
  expect(model.sessions).toHaveLength(2);
});

test('an answer that comes too late is dropped', async () => {
  const model = await modelOf(null);
  const late = model.show('explore.ipynb');
  await model.show('new.ipynb');
  await late;
  expect(model.notebook).toBe('new.ipynb');
  expect(model.sessions).toEqual([]);
});
