import type { Cell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { type ISignal, Signal } from '@lumino/signaling';

import type { INotebookLink } from './link';
import type { IPreview, IStaying } from './records';

const STAYS = 'jp-repro-stays';
const GOES = 'jp-repro-goes';

/** A notebook in JupyterLab, as the panel needs it. */
export class NotebookLink implements INotebookLink {
  constructor(
    private readonly panel: NotebookPanel,
    private readonly openFile: (path: string) => void,
    private readonly words: { stays: string; goes: string }
  ) {
    panel.sessionContext.statusChanged.connect((_, status) => {
      if (status === 'idle') {
        this._ran.emit();
      }
    }, this);
    panel.disposed.connect(() => {
      Signal.clearData(this);
    });
  }

  get ran(): ISignal<this, void> {
    return this._ran;
  }

  get hasKernel(): boolean {
    return this.panel.sessionContext.session?.kernel != null;
  }

  async run(code: string): Promise<void> {
    const kernel = this.panel.sessionContext.session?.kernel;
    if (!kernel) {
      throw new Error('The notebook has no kernel.');
    }
    const future = kernel.requestExecute({
      code,
      silent: true,
      store_history: false,
      allow_stdin: false
    });
    const { content } = await future.done;
    if (content.status === 'error') {
      throw new Error(content.evalue);
    }
  }

  goTo(cellId: string): boolean {
    const { content } = this.panel;
    const index = content.widgets.findIndex(cell => cell.model.id === cellId);
    const cell = content.widgets[index];
    if (cell === undefined) {
      return false;
    }
    content.deselectAll();
    content.activeCellIndex = index;
    void content.scrollToCell(cell, 'smart');
    return true;
  }

  mark(preview: IPreview | null): void {
    const byCell = new Map<string, IStaying[]>();
    for (const each of preview?.executions ?? []) {
      if (each.cell_id !== null) {
        byCell.set(each.cell_id, [...(byCell.get(each.cell_id) ?? []), each]);
      }
    }
    for (const cell of this.panel.content.widgets) {
      this.markCell(cell, byCell.get(cell.model.id) ?? []);
    }
  }

  open(path: string): void {
    this.openFile(path);
  }

  private markCell(cell: Cell, executions: readonly IStaying[]): void {
    const reasons = executions.flatMap(({ reason, ordinal }) =>
      reason === null ? [] : [`${ordinal}: ${reason}`]
    );
    const stays = reasons.length > 0;
    cell.toggleClass(STAYS, stays);
    cell.toggleClass(GOES, executions.length > 0 && !stays);
    const gutter = cell.node.querySelector<HTMLElement>('.jp-InputArea-prompt');
    if (gutter !== null) {
      const goes = executions.length > 0 ? this.words.goes : '';
      gutter.title = stays ? `${this.words.stays}\n${reasons.join('\n')}` : goes;
    }
  }

  private readonly _ran = new Signal<this, void>(this);
}
