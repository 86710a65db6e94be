import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator, type TranslationBundle } from '@jupyterlab/translation';

// eslint-disable-next-line jupyter/prefer-lazy-imports -- the sidebar shows the panel's tab from the start
import { PanelModel } from './model';
import { NotebookLink } from './notebook';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- the sidebar shows the panel's tab from the start
import { ReproPanel } from './panel';

const SHOW_PANEL = 'jupyter-repro:show-panel';
const TOGGLE_RECORDING = 'jupyter-repro:toggle-recording';
const EXPORT = 'jupyter-repro:export';
const NO_ARGUMENTS = { args: { type: 'object', properties: {} } } as const;

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-repro:panel',
  description:
    'Records the notebook in front, shows what happened in a side panel, and exports it.',
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
  follow(app, notebooks, model, panel, trans);

  app.shell.add(panel, 'left', { rank: 900, type: 'Reproducibility' });
  restorer?.add(panel, panel.id);
  app.commands.addCommand(SHOW_PANEL, {
    label: trans.__('Reproducibility: show panel'),
    describedBy: NO_ARGUMENTS,
    execute: () => {
      app.shell.activateById(panel.id);
    }
  });
  app.commands.addCommand(TOGGLE_RECORDING, {
    label: () =>
      model.isRecording
        ? trans.__('Reproducibility: stop recording')
        : trans.__('Reproducibility: start recording'),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => model.link?.hasKernel ?? false,
    execute: () => model.toggleRecording()
  });
  app.commands.addCommand(EXPORT, {
    label: trans.__('Reproducibility: export and prove'),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => model.notebook !== null,
    execute: () => {
      app.shell.activateById(panel.id);
      panel.showExport();
    }
  });
  for (const command of [SHOW_PANEL, TOGGLE_RECORDING, EXPORT]) {
    palette?.addItem({ command, category: trans.__('Reproducibility') });
  }
}

/** Keep the model on the notebook in front, also when that one is renamed. */
function follow(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker,
  model: PanelModel,
  panel: ReproPanel,
  trans: TranslationBundle
): void {
  const links = new WeakMap<NotebookPanel, NotebookLink>();
  const words = {
    stays: trans.__('Stays in the export:'),
    goes: trans.__('Goes: nothing that is exported depends on it.')
  };
  const open = (path: string) => void app.commands.execute('docmanager:open', { path });
  const show = () => {
    const notebook = notebooks.currentWidget;
    if (notebook === null) {
      void model.show(null);
      return;
    }
    let link = links.get(notebook);
    if (link === undefined) {
      link = new NotebookLink(notebook, open, words);
      link.ran.connect(() => {
        panel.onRan();
      });
      links.set(notebook, link);
    }
    void model.show(notebook.context.localPath, link);
  };
  notebooks.currentChanged.connect(show);
  notebooks.widgetUpdated.connect(show);
  show();
}

export default plugin;
