import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { PanelModel } from './model';
import type { IChoice, IChoices, IExportRequest, IJob, IPreview } from './records';
import { messageOf } from './request';

const OVER: readonly IJob['status'][] = ['done', 'failed', 'cancelled', 'lost'];

/** What is picked for an export, what it would write, and the export that was started last. */
export class ExportModel implements IDisposable {
  constructor(readonly panel: PanelModel) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  get choices(): IChoices | null {
    return this._choices;
  }

  get preview(): IPreview | null {
    return this._preview;
  }

  /** The newest export of the notebook. */
  get job(): IJob | null {
    return this._job;
  }

  get isRunning(): boolean {
    return this._job !== null && !OVER.includes(this._job.status);
  }

  get error(): string | null {
    return this._error;
  }

  isPicked(choice: IChoice): boolean {
    return this._picked.has(keyOf(choice));
  }

  isLifted(parameter: string): boolean {
    return !this._kept.has(parameter);
  }

  get isEmpty(): boolean {
    return this._picked.size === 0;
  }

  /** Show what the selected session offers, while the section is open. */
  async open(isOpen: boolean): Promise<void> {
    this._isOpen = isOpen;
    if (isOpen) {
      await this.refresh();
    } else {
      this.panel.link?.mark(null);
    }
  }

  /** Ask the server for what changed. */
  async refresh(): Promise<void> {
    const { api, overview } = this.panel;
    const version = overview === null || api === null ? null : `${api.path}/${overview.version}`;
    if (!this._isOpen || this._isDisposed) {
      return;
    }
    try {
      if (version === null || api === null || overview === null) {
        this.reset(null);
      } else if (version !== this._version) {
        if (overview.session.id !== this._session || api.path !== this._path) {
          this.reset(overview.session.id);
          this._path = api.path;
        }
        this._version = version;
        this._choices = await api.get<IChoices>(['sessions', overview.session.id, 'choices']);
        await this.look();
      }
      await this.followJob();
    } catch (reason) {
      this._error = messageOf(reason);
    }
    this._changed.emit();
  }

  async pick(choice: IChoice, isPicked: boolean): Promise<void> {
    if (isPicked) {
      this._picked.set(keyOf(choice), choice);
    } else {
      this._picked.delete(keyOf(choice));
    }
    this._changed.emit();
    await this.look();
    this._changed.emit();
  }

  lift(parameter: string, isLifted: boolean): void {
    if (isLifted) {
      this._kept.delete(parameter);
    } else {
      this._kept.add(parameter);
    }
    this._changed.emit();
  }

  async start(name: string, proof: boolean): Promise<void> {
    const { api } = this.panel;
    if (api === null || this._session === null || this.isRunning) {
      return;
    }
    const lifted = (this._preview?.parameters ?? []).map(each => each.name);
    const request: IExportRequest = {
      session: this._session,
      ...this.asked(),
      parameters: this._kept.size > 0 ? lifted.filter(each => this.isLifted(each)) : null,
      name: name.trim() || null,
      proof
    };
    await this.attempt(async () => {
      this._job = await api.post<IJob>(['exports'], request);
    });
  }

  async cancel(): Promise<void> {
    const { api } = this.panel;
    const job = this._job;
    if (api !== null && job !== null) {
      await this.attempt(async () => {
        this._job = await api.delete<IJob>(['exports', job.id]);
      });
    }
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private async attempt(act: () => Promise<void>): Promise<void> {
    this._error = null;
    try {
      await act();
    } catch (reason) {
      this._error = messageOf(reason);
    }
    this._changed.emit();
  }

  private asked(): { targets: string[]; cells: number[]; files: string[] } {
    const picked = [...this._picked.values()];
    const values = (kind: IChoice['kind']) =>
      picked.filter(each => each.kind === kind).map(each => each.value);
    return {
      targets: values('expression'),
      cells: values('output').map(Number),
      files: values('file')
    };
  }

  private async look(): Promise<void> {
    const { api, link } = this.panel;
    if (api === null || this._session === null) {
      return;
    }
    const asked = this.asked();
    const query = { target: asked.targets, cell: asked.cells, file: asked.files };
    const question = (this._question += 1);
    try {
      const preview = await api.get<IPreview>(['sessions', this._session, 'preview'], query);
      if (question === this._question) {
        this._preview = preview;
        this._error = null;
      }
    } catch (reason) {
      this._preview = null;
      this._error = messageOf(reason);
    }
    link?.mark(this._isOpen ? this._preview : null);
  }

  private async followJob(): Promise<void> {
    const { api } = this.panel;
    if (api === null) {
      return;
    }
    const id = this._job?.id ?? (await api.get<IJob[]>(['exports']))[0]?.id;
    if (id !== undefined && (this._job === null || this.isRunning)) {
      this._job = await api.get<IJob>(['exports', id]);
    }
  }

  private reset(session: string | null): void {
    this._session = session;
    this._version = this._choices = this._preview = this._job = this._error = null;
    this._picked.clear();
    this._kept.clear();
    this.panel.link?.mark(null);
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _picked = new Map<string, IChoice>();
  private readonly _kept = new Set<string>(); // proposed parameters that stay where they are
  private _isDisposed = false;
  private _isOpen = false;
  private _session: string | null = null;
  private _path: string | null = null;
  private _version: string | null = null;
  private _choices: IChoices | null = null;
  private _preview: IPreview | null = null;
  private _job: IJob | null = null;
  private _error: string | null = null;
  private _question = 0;
}

export function keyOf(choice: IChoice): string {
  return `${choice.kind} ${choice.value}`;
}
