import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

/** Arguments of a question; a list is given as often as it is long. */
export type Query = Readonly<Record<string, string | number | readonly (string | number)[]>>;

/** What the server says about one notebook; `path` is relative to its root. */
export class Api {
  constructor(
    private readonly settings: ServerConnection.ISettings,
    readonly path: string
  ) {}

  get<T>(where: readonly string[], query: Query = {}): Promise<T> {
    return this.ask<T>(where, query, { method: 'GET' });
  }

  post<T>(where: readonly string[], body: object): Promise<T> {
    return this.ask<T>(where, {}, { method: 'POST', body: JSON.stringify(body) });
  }

  delete<T>(where: readonly string[]): Promise<T> {
    return this.ask<T>(where, {}, { method: 'DELETE' });
  }

  private async ask<T>(where: readonly string[], query: Query, init: RequestInit): Promise<T> {
    const parameters = new URLSearchParams({ notebook: this.path });
    for (const [name, values] of Object.entries(query)) {
      for (const value of Array.isArray(values) ? (values as readonly string[]) : [values]) {
        parameters.append(name, String(value));
      }
    }
    const place = URLExt.join(
      this.settings.baseUrl,
      'jupyter-repro',
      ...where.map(encodeURIComponent)
    );
    const response = await ServerConnection.makeRequest(
      `${place}?${parameters.toString()}`,
      init,
      this.settings
    );
    if (!response.ok) {
      throw await ServerConnection.ResponseError.create(response);
    }
    return (await response.json()) as T;
  }
}

/** What a person reads of an error. */
export function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
