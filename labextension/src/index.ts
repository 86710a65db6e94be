import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { PanelModel } from './model';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- the sidebar shows the panel's tab from the start
import { ReproPanel } from './panel';

const SHOW_PANEL = 'jupyter-repro:show-panel';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-repro:panel',
  description: 'Shows in a side panel what was recorded of the notebook in front.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ICommandPalette, ILayoutRestorer, ITranslator],
  activate
};

function activate(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker,
  palette: ICommandPalette | null,
  restorer: ILayoutRestorer | null,
  translator: ITranslator | null
): void {
  const trans = (translator ?? nullTranslator).load('jupyter_repro');
  const model = new PanelModel(app.serviceManager.serverSettings);
  const panel = new ReproPanel(model, translator ?? nullTranslator);
  follow(notebooks, model);

  app.shell.add(panel, 'left', { rank: 900, type: 'Reproducibility' });
  restorer?.add(panel, panel.id);
  app.commands.addCommand(SHOW_PANEL, {
    label: trans.__('Reproducibility: show panel'),
    describedBy: { args: { type: 'object', properties: {} } },
    execute: () => {
      app.shell.activateById(panel.id);
    }
  });
  palette?.addItem({ command: SHOW_PANEL, category: trans.__('Reproducibility') });
}

/** Keep the model on the notebook in front, also when that one is renamed. */
function follow(notebooks: INotebookTracker, model: PanelModel): void {
  const show = () => void model.show(notebooks.currentWidget?.context.localPath ?? null);
  notebooks.currentChanged.connect(show);
  notebooks.widgetUpdated.connect(show);
  show();
}

export default plugin;
