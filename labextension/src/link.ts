import type { ISignal } from '@lumino/signaling';

import type { IPreview } from './records';

/** What the panel does to the notebook in front, and hears of it. */
export interface INotebookLink {
  /** A cell has run to its end in its kernel. */
  readonly ran: ISignal<INotebookLink, void>;
  /** Whether there is a kernel to run something in. */
  readonly hasKernel: boolean;
  /** Run code in its kernel without a trace in the notebook; rejects with the kernel's error. */
  run(code: string): Promise<void>;
  /** Turn to a cell; false where the notebook has none of that id. */
  goTo(cellId: string): boolean;
  /** Mark which cells stay in an export; null takes the marks away. */
  mark(preview: IPreview | null): void;
  /** Open a file; its path is relative to the server's root. */
  open(path: string): void;
}
