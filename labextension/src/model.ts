import type { ServerConnection } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { ICellExecution, ISummary } from './records';
import { fetchExecutions, fetchSessions, type IExecutions } from './request';

/**
 * What the panel shows: the sessions of one notebook, and what ran in the selected one.
 */
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
    return this._notebook;
  }

  /** The newest first; null until the server has answered. */
  get sessions(): readonly ISummary[] | null {
    return this._sessions;
  }

  /** The session chosen by hand, else the newest. */
  get selected(): ISummary | null {
    return select(this._sessions ?? [], this._chosen);
  }

  /** Those of the selected session, in true order; null until the server has answered. */
  get executions(): readonly ICellExecution[] | null {
    const ran = this._ran;
    return ran !== null && ran.session === this.selected?.session.id ? ran.executions : null;
  }

  /** Why the last refresh gave nothing. */
  get error(): string | null {
    return this._error;
  }

  /** Turn to another notebook. */
  async show(notebook: string | null): Promise<void> {
    if (notebook !== this._notebook) {
      this._notebook = notebook;
      this._chosen = null;
      this.update({ sessions: null, ran: null, error: null });
      await this.refresh();
    }
  }

  async choose(session: string): Promise<void> {
    this._chosen = session;
    this._changed.emit();
    await this.refresh();
  }

  /** Ask the server again. Never rejects: `error` says what went wrong. */
  async refresh(): Promise<void> {
    const { _notebook: notebook, _chosen: chosen } = this;
    if (notebook === null) {
      return;
    }
    const answer = await this.ask(notebook, chosen);
    if (!this._isDisposed && notebook === this._notebook && chosen === this._chosen) {
      this.update(answer); // else: the question changed meanwhile
    }
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private async ask(notebook: string, chosen: string | null): Promise<IAnswer> {
    try {
      const sessions = await fetchSessions(this.settings, notebook);
      const id = select(sessions, chosen)?.session.id;
      const ran = id ? await fetchExecutions(this.settings, notebook, id, this._ran) : null;
      return { sessions, ran, error: null };
    } catch (reason) {
      const error = reason instanceof Error ? reason.message : String(reason);
      return { sessions: null, ran: null, error };
    }
  }

  private update(answer: IAnswer): void {
    this._sessions = answer.sessions;
    this._ran = answer.ran;
    this._error = answer.error;
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _isDisposed = false;
  private _notebook: string | null = null;
  private _chosen: string | null = null;
  private _sessions: readonly ISummary[] | null = null;
  private _ran: IExecutions | null = null;
  private _error: string | null = null;
}

interface IAnswer {
  readonly sessions: readonly ISummary[] | null;
  readonly ran: IExecutions | null;
  readonly error: string | null;
}

function select(sessions: readonly ISummary[], chosen: string | null): ISummary | null {
  return sessions.find(each => each.session.id === chosen) ?? sessions[0] ?? null;
}
