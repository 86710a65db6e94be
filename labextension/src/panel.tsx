import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, SidePanel, UseSignal } from '@jupyterlab/ui-components';
import { Poll } from '@lumino/polling';
import type { Message } from '@lumino/messaging';
import type { ISignal } from '@lumino/signaling';
import type { AccordionPanel } from '@lumino/widgets';
import * as React from 'react';

import { ExportModel } from './exporting';
import { reproIcon } from './icon';
import type { Extra, PanelModel } from './model';
import { Data } from './sections/data';
import { Export } from './sections/export';
import { Findings } from './sections/findings';
import { Recording } from './sections/recording';
import { Runs } from './sections/runs';
import { Surroundings } from './sections/surroundings';
import { Timeline } from './sections/timeline';

const INTERVAL = 3_000; // ms
const JOB_INTERVAL = 700; // ms, while an export runs
const LONGEST_INTERVAL = 60_000; // ms, while the server doesn't answer
const SETTLED = 500; // ms after which a cell's evidence is on disk
const OPEN = 2; // sections that are open from the start

type Component = (props: { model: PanelModel; trans: TranslationBundle }) => React.JSX.Element;

/** The sidebar panel: one collapsible section for each component in `sections/`. It asks the server only while it is seen. */
export class ReproPanel extends SidePanel {
  constructor(
    private readonly model: PanelModel,
    translator: ITranslator
  ) {
    super({ translator });
    this.exporting = new ExportModel(model);
    this.id = 'jupyter-repro-panel';
    this.addClass('jp-repro-panel');
    this.title.icon = reproIcon;
    this.title.caption = this._trans.__('Reproducibility');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this._trans.__('Reproducibility'));
    this.addSections();
    this.poll = new Poll({
      name: 'jupyter-repro:panel',
      factory: () => this.ask(),
      frequency: { interval: INTERVAL, backoff: true, max: LONGEST_INTERVAL },
      standby: () => !this.isVisible || 'when-hidden'
    });
    this.jobPoll = new Poll({
      name: 'jupyter-repro:export',
      factory: () => this.exporting.refresh(),
      frequency: { interval: JOB_INTERVAL, backoff: false },
      standby: () => !this.isVisible || !this.exporting.isRunning || 'when-hidden'
    });
  }

  /** A cell has run: what it did is on disk now, or a moment later. */
  onRan(): void {
    if (this.isVisible) {
      void this.model.refresh();
      window.setTimeout(() => void this.poll.refresh(), SETTLED);
    }
  }

  /** Open the section with the export. */
  showExport(): void {
    const { content } = this;
    (content as AccordionPanel).expand(content.widgets.length - 2);
  }

  override dispose(): void {
    this.poll.dispose();
    this.jobPoll.dispose();
    this.exporting.dispose();
    super.dispose();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    void this.poll.refresh();
  }

  private async ask(): Promise<void> {
    await this.model.refresh();
    await this.exporting.refresh();
    if (this.model.error !== null) {
      throw new Error(this.model.error); // the poll asks less and less often
    }
  }

  private addSections(): void {
    const { model, _trans: trans } = this;
    this.addSection(trans.__('Recording'), Recording);
    this.addSection(trans.__('Timeline'), Timeline);
    this.addSection(trans.__('What won’t reproduce'), Findings, 'findings');
    this.addSection(trans.__('Data'), Data, 'data');
    this.addSection(trans.__('Randomness and environment'), Surroundings, 'surroundings');
    const exporting = this.exporting;
    const section = new Section(trans.__('Export'), exporting.changed, () => (
      <UseSignal signal={model.changed}>
        {() => <Export model={exporting} trans={trans} />}
      </UseSignal>
    ));
    section.onOpen = isOpen => void exporting.open(isOpen);
    this.addWidget(section);
    this.addSection(trans.__('Runs'), Runs, 'runs');
    const accordion = this.content as AccordionPanel;
    accordion.widgets[0]?.addClass('jp-mod-low');
    for (let index = OPEN; index < accordion.widgets.length; index++) {
      accordion.collapse(index);
    }
  }

  private addSection(label: string, Component: Component, extra?: Extra): void {
    const { model } = this;
    const section = new Section(label, model.changed, () => (
      <Component model={model} trans={this._trans} />
    ));
    section.onOpen = isOpen => {
      if (extra !== undefined) {
        model.want(extra, isOpen);
      }
    };
    this.addWidget(section);
  }

  private readonly exporting: ExportModel;
  private readonly poll: Poll;
  private readonly jobPoll: Poll;
}

/** A section that knows whether it is open. */
class Section extends ReactWidget {
  constructor(
    label: string,
    private readonly changed: ISignal<object, void>,
    private readonly draw: () => React.JSX.Element
  ) {
    super();
    this.addClass('jp-repro-section');
    this.title.label = label;
  }

  onOpen: (isOpen: boolean) => void = () => undefined;

  protected override render(): React.JSX.Element {
    return <UseSignal signal={this.changed}>{() => this.draw()}</UseSignal>;
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.onOpen(true);
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.onOpen(false);
  }
}
