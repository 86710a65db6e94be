import type { ServerConnection } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { INotebookLink } from './link';
import type {
  IDataView,
  IDetail,
  IFinding,
  ILayers,
  IListed,
  IOverview,
  IRun,
  ISurroundings
} from './records';
import { Api, messageOf } from './request';
import { Rows } from './rows';

const START = '%load_ext jupyter_repro\n%repro start --quiet';
const STOP = '%repro stop';

/** What is asked for only while its section is open; all of one session but `runs` and `layers`. */
export interface IExtras {
  findings?: readonly IFinding[];
  data?: IDataView;
  surroundings?: ISurroundings;
  runs?: readonly IRun[];
  layers?: ILayers;
}

export type Extra = keyof IExtras;

/** What the panel shows of one notebook: its sessions, and what ran in the selected one. */
export class PanelModel implements IDisposable {
  constructor(private readonly settings: ServerConnection.ISettings) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Relative to the server's root; null where no notebook is in front. */
  get notebook(): string | null {
    return this._api?.path ?? null;
  }

  get api(): Api | null {
    return this._api;
  }

  get link(): INotebookLink | null {
    return this._link;
  }

  /** The newest first; null until the server has answered. */
  get sessions(): readonly IListed[] | null {
    return this._sessions;
  }

  /** The session chosen by hand, else the newest. */
  get selected(): IListed | null {
    const sessions = this._sessions ?? [];
    return sessions.find(each => each.session.id === this._chosen) ?? sessions[0] ?? null;
  }

  /** Of the selected session; null until the server has answered. */
  get overview(): IOverview | null {
    return this._overview?.session.id === this.selected?.session.id ? this._overview : null;
  }

  get rows(): Rows | null {
    return this._rows?.session === this.selected?.session.id ? this._rows : null;
  }

  /** The execution that is looked at. */
  get detail(): IDetail | null {
    return this._detail;
  }

  get extras(): Readonly<IExtras> {
    return this._extras;
  }

  /** Why the last refresh gave nothing. */
  get error(): string | null {
    return this._error;
  }

  /** Why the recording could not be started or stopped. */
  get kernelError(): string | null {
    return this._kernelError;
  }

  /** The kernel is asked to start or stop recording. */
  get isBusy(): boolean {
    return this._isBusy;
  }

  /** Turn to another notebook. */
  async show(notebook: string | null, link: INotebookLink | null = null): Promise<void> {
    this._link = link;
    if (notebook !== this.notebook) {
      this._api = notebook === null ? null : new Api(this.settings, notebook);
      this._chosen = null;
      this._kernelError = null;
      this.forget();
      this._changed.emit();
      await this.refresh();
    }
  }

  async choose(session: string): Promise<void> {
    this._chosen = session;
    this._overview = this._rows = this._detail = null;
    this._extras = {};
    this._versions.clear();
    this._changed.emit();
    await this.refresh();
  }

  /** Ask the server again. Never rejects: `error` says what went wrong. */
  async refresh(): Promise<void> {
    const { _api: api, _chosen: chosen } = this;
    const isCurrent = () => !this._isDisposed && api === this._api && chosen === this._chosen;
    if (api === null) {
      return;
    }
    try {
      const sessions = await api.get<IListed[]>(['sessions']);
      if (!isCurrent()) {
        return; // the question changed meanwhile
      }
      this._sessions = sessions;
      const session = this.selected?.session.id;
      if (session !== undefined) {
        const overview = await api.get<IOverview>(['sessions', session]);
        if (!isCurrent()) {
          return;
        }
        await this.follow(api, session, overview);
      }
      await this.fetchExtras(api, isCurrent);
      this._error = null;
    } catch (reason) {
      if (isCurrent()) {
        this.forget();
        this._error = messageOf(reason);
      }
    }
    if (isCurrent()) {
      this._changed.emit();
    }
  }

  /** Keep a part up to date from now on, because its section is open, or don't any more. */
  want(extra: Extra, isOpen: boolean): void {
    if (isOpen && !this._wanted.has(extra)) {
      this._wanted.add(extra);
      void this.refresh();
    } else if (!isOpen) {
      this._wanted.delete(extra);
    }
  }

  /** Rows from `first` to `last` are in view. */
  async look(first: number, last: number): Promise<void> {
    this._view = [first, last];
    const { rows, overview } = this;
    if (rows !== null && overview !== null) {
      try {
        if (await rows.ensure(overview.version, first, last)) {
          this._changed.emit();
        }
      } catch {
        return; // the next refresh says it
      }
    }
  }

  /** Look at an execution, and turn to its cell where the notebook holds it. */
  async inspect(ordinal: number): Promise<void> {
    const { _api: api, selected } = this;
    if (api === null || selected === null) {
      return;
    }
    const where = ['sessions', selected.session.id, 'executions', String(ordinal)];
    try {
      const detail = await api.get<IDetail>(where);
      if (api === this._api && selected.session.id === this.selected?.session.id) {
        this._detail = detail;
        if (detail.execution.cell_id !== null) {
          this._link?.goTo(detail.execution.cell_id);
        }
      }
    } catch (reason) {
      this._error = messageOf(reason);
    }
    this._changed.emit();
  }

  closeDetail(): void {
    this._detail = null;
    this._changed.emit();
  }

  get isRecording(): boolean {
    return this._sessions?.some(each => each.state === 'recording') ?? false;
  }

  /** Start or stop recording, in the notebook's kernel. */
  async toggleRecording(): Promise<void> {
    if (this._link === null || this._isBusy) {
      return;
    }
    this._isBusy = true;
    this._kernelError = null;
    this._changed.emit();
    const wasRecording = this.isRecording;
    try {
      await this._link.run(wasRecording ? STOP : START);
      this._chosen = null;
    } catch (reason) {
      this._kernelError = messageOf(reason);
    }
    this._isBusy = false;
    await this.refresh();
    this._changed.emit();
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private async follow(api: Api, session: string, overview: IOverview): Promise<void> {
    if (this._rows?.session !== session) {
      this._rows = new Rows(api, session);
      this._detail = null;
      this._extras = {};
      this._versions.clear();
    }
    this._overview = overview;
    await this._rows.ensure(overview.version, ...this._view);
  }

  private async fetchExtras(api: Api, isCurrent: () => boolean): Promise<void> {
    const { overview } = this;
    const wanted = [...this._wanted].filter(
      extra => extra === 'runs' || extra === 'layers' || overview
    );
    await Promise.all(
      wanted.map(async extra => {
        const version = extra === 'layers' ? 'once' : (overview?.version ?? '');
        const isOfDisk = extra === 'data' || extra === 'findings' || extra === 'runs';
        if (this._versions.get(extra) === version && !isOfDisk) {
          return;
        }
        const isOfSession = extra !== 'runs' && extra !== 'layers';
        const where = isOfSession && overview ? ['sessions', overview.session.id, extra] : [extra];
        const answer: unknown = await api.get(where);
        if (isCurrent()) {
          this._extras = { ...this._extras, [extra]: answer };
          this._versions.set(extra, version);
        }
      })
    );
  }

  private forget(): void {
    this._sessions = this._overview = this._rows = this._detail = this._error = null;
    this._extras = {};
    this._versions.clear();
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _wanted = new Set<Extra>(['layers']);
  private readonly _versions = new Map<Extra, string>();
  private _isDisposed = false;
  private _isBusy = false;
  private _api: Api | null = null;
  private _link: INotebookLink | null = null;
  private _chosen: string | null = null;
  private _sessions: readonly IListed[] | null = null;
  private _overview: IOverview | null = null;
  private _rows: Rows | null = null;
  private _detail: IDetail | null = null;
  private _extras: IExtras = {};
  private _view: [first: number, last: number] = [0, 0];
  private _error: string | null = null;
  private _kernelError: string | null = null;
}
