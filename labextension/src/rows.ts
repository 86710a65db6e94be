import type { Api } from './request';
import type { IRow, ITimeline } from './records';

export const PAGE = 200;

/**
 * The executions of one session, fetched a page at a time as they come into view. Of a session that goes on, pages are
 * shown as they were until they are there anew.
 */
export class Rows {
  constructor(
    private readonly api: Api,
    readonly session: string
  ) {}

  /** How many there are. */
  get total(): number {
    return this._total;
  }

  at(index: number): IRow | undefined {
    return this._pages.get(Math.floor(index / PAGE))?.rows[index % PAGE];
  }

  /** The row of an execution, where it has been fetched. */
  find(ordinal: number): IRow | undefined {
    for (const { rows } of this._pages.values()) {
      const found = rows.find(row => row.ordinal === ordinal);
      if (found !== undefined) {
        return found;
      }
    }
    return undefined;
  }

  /** Fetch what is missing or out of date between two rows; whether anything came. */
  async ensure(version: string, first: number, last: number): Promise<boolean> {
    const pages: number[] = [];
    for (let page = Math.floor(first / PAGE); page <= Math.floor(last / PAGE); page++) {
      if (this._asked.get(page) !== version) {
        this._asked.set(page, version);
        pages.push(page);
      }
    }
    await Promise.all(pages.map(page => this.fetch(page, version)));
    return pages.length > 0;
  }

  private async fetch(page: number, version: string): Promise<void> {
    const query = { first: page * PAGE, count: PAGE };
    try {
      const found = await this.api.get<ITimeline>(['sessions', this.session, 'timeline'], query);
      this._pages.set(page, found);
      this._total = found.total;
    } catch (reason) {
      if (this._asked.get(page) === version) {
        this._asked.delete(page);
      }
      throw reason;
    }
  }

  private readonly _pages = new Map<number, ITimeline>();
  private readonly _asked = new Map<number, string>();
  private _total = 0;
}
