import { type ChildProcess, spawn } from 'child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { setTimeout as sleep } from 'timers/promises';

import { ServerConnection } from '@jupyterlab/services';

/** A real Jupyter server with our extension, over a folder of its own; `jupyter-server` is taken from the PATH. */
export class Server {
  readonly root = mkdtempSync(join(tmpdir(), 'jupyter-repro-root-'));

  async start(): Promise<void> {
    const options = ['no-browser', 'allow-root', `ServerApp.root_dir=${this.root}`];
    this.process = spawn(
      'jupyter-server',
      [...options, 'ServerApp.port=0'].map(option => `--${option}`),
      {
        env: {
          ...process.env,
          JUPYTER_RUNTIME_DIR: this.runtime,
          JUPYTER_CONFIG_DIR: this.runtime
        },
        stdio: 'ignore'
      }
    );
    while (this.connection() === undefined) {
      await sleep(100);
    }
  }

  settings(): ServerConnection.ISettings {
    const file = join(this.runtime, this.connection() ?? '');
    const { url, token } = JSON.parse(readFileSync(file, 'utf-8')) as {
      url: string;
      token: string;
    };
    return ServerConnection.makeSettings({ baseUrl: url, token });
  }

  async stop(): Promise<void> {
    const ended = new Promise(resolve => this.process?.once('exit', resolve));
    this.process?.kill();
    await ended;
    for (const folder of [this.root, this.runtime]) {
      rmSync(folder, { recursive: true });
    }
  }

  /** The file that a server writes once it listens. */
  private connection(): string | undefined {
    return readdirSync(this.runtime).find(name => /^jpserver-.*\.json$/.test(name));
  }

  private readonly runtime = mkdtempSync(join(tmpdir(), 'jupyter-repro-runtime-'));
  private process: ChildProcess | undefined;
}
