import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, SidePanel, UseSignal } from '@jupyterlab/ui-components';
import { Poll } from '@lumino/polling';
import type { Message } from '@lumino/messaging';
import * as React from 'react';

import { reproIcon } from './icon';
import type { PanelModel } from './model';
import { Executions } from './sections/executions';
import { Sessions } from './sections/sessions';

const INTERVAL = 3_000; // ms
const LONGEST_INTERVAL = 60_000; // ms, while the server doesn't answer

type Section = (props: { model: PanelModel; trans: TranslationBundle }) => React.JSX.Element;

/** The sidebar panel: one collapsible section for each component in `sections/`. It asks the server only while it is seen. */
export class ReproPanel extends SidePanel {
  constructor(model: PanelModel, translator: ITranslator) {
    super({ translator });
    this.id = 'jupyter-repro-panel';
    this.title.icon = reproIcon;
    this.title.caption = this._trans.__('Reproducibility');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this._trans.__('Reproducibility'));
    this.addSection(model, this._trans.__('Sessions'), Sessions);
    this.addSection(model, this._trans.__('Executions'), Executions);
    this.poll = new Poll({
      name: 'jupyter-repro:panel',
      factory: async () => {
        await model.refresh();
        if (model.error !== null) {
          throw new Error(model.error); // the poll asks less and less often
        }
      },
      frequency: { interval: INTERVAL, backoff: true, max: LONGEST_INTERVAL },
      standby: () => !this.isVisible || 'when-hidden'
    });
  }

  override dispose(): void {
    this.poll.dispose();
    super.dispose();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    void this.poll.refresh();
  }

  private addSection(model: PanelModel, label: string, Section: Section): void {
    const widget = ReactWidget.create(
      <UseSignal signal={model.changed}>
        {() => <Section model={model} trans={this._trans} />}
      </UseSignal>
    );
    widget.addClass('jp-repro-section');
    widget.title.label = label;
    this.addWidget(widget);
  }

  private readonly poll: Poll;
}
