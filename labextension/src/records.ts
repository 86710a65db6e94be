/**
 * What the panel shows of the records that Python writes (`model.py`, `store/summary.py`): same names, same units.
 */
export interface ISession {
  readonly id: string;
  /** Relative to the project; null where no front end told. */
  readonly notebook: string | null;
  /** ISO 8601, UTC. */
  readonly started: string;
  readonly stopped: string | null;
  /** Why the session can't be relied on. */
  readonly incomplete: string | null;
}

export type State = 'recording' | 'stopped' | 'lost' | 'unreadable';

/** A session in a list. */
export interface ISummary {
  readonly session: ISession;
  /** How many cells ran. */
  readonly executions: number;
  /** What can't be read of its journal, in words. */
  readonly problems: readonly string[];
  readonly state: State;
}

export type Status = 'running' | 'ok' | 'error' | 'interrupted' | 'lost' | 'unobserved';

export interface ICellExecution {
  readonly session: string;
  /** In true order, from 1. */
  readonly ordinal: number;
  readonly execution_count: number | null;
  readonly source: string;
  readonly status: Status;
  /** Seconds. */
  readonly duration: number | null;
}
