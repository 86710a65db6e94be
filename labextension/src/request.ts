import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type { ICellExecution, ISummary } from './records';

const NOT_MODIFIED = 304;

/**
 * The sessions recorded of a notebook, the newest first.
 *
 * @param notebook its path, relative to the server's root
 */
export async function fetchSessions(
  settings: ServerConnection.ISettings,
  notebook: string
): Promise<ISummary[]> {
  const response = await get(settings, ['sessions'], notebook, {});
  return (await response.json()) as ISummary[];
}

/** What ran in a session, and the server's tag for this state of it. */
export interface IExecutions {
  readonly session: string;
  readonly executions: readonly ICellExecution[];
  readonly tag: string | null;
}

/**
 * What ran in a session, in true order.
 *
 * @param known an earlier answer, which comes back where it still holds
 */
export async function fetchExecutions(
  settings: ServerConnection.ISettings,
  notebook: string,
  session: string,
  known: IExecutions | null
): Promise<IExecutions> {
  const current = known?.session === session ? known : null;
  const headers: HeadersInit = current?.tag ? { 'If-None-Match': current.tag } : {};
  const response = await get(settings, ['sessions', session, 'executions'], notebook, headers);
  if (current && response.status === NOT_MODIFIED) {
    return current;
  }
  const executions = (await response.json()) as ICellExecution[];
  return { session, executions, tag: response.headers.get('Etag') };
}

async function get(
  settings: ServerConnection.ISettings,
  path: string[],
  notebook: string,
  headers: HeadersInit
): Promise<Response> {
  const url =
    URLExt.join(settings.baseUrl, 'jupyter-repro', ...path.map(encodeURIComponent)) +
    URLExt.objectToQueryString({ notebook });
  const response = await ServerConnection.makeRequest(url, { headers }, settings);
  if (!response.ok && response.status !== NOT_MODIFIED) {
    throw await ServerConnection.ResponseError.create(response);
  }
  return response;
}
