import { LabIcon } from '@jupyterlab/ui-components';

/** A play mark in an arrow that comes round again. */
export const reproIcon = new LabIcon({
  name: 'jupyter-repro:icon',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">
    <g class="jp-icon3" fill="#616161">
      <path d="M12 4V1L7 6l5 5V7a5.5 5.5 0 1 1-5.5 5.5h-3A8.5 8.5 0 1 0 12 4z"/>
      <path d="M10.5 9.5v6l4.5-3z"/>
    </g>
  </svg>`
});
