import type { TranslationBundle } from '@jupyterlab/translation';

import type { ICellExecution } from './records';

/** How long something took; the empty text where nobody knows. */
export function duration(seconds: number | null, trans: TranslationBundle): string {
  if (seconds === null) {
    return '';
  }
  if (seconds < 0.001) {
    return trans.__('<1 ms');
  }
  if (seconds < 1) {
    return trans.__('%1 ms', Math.round(seconds * 1000));
  }
  if (seconds < 60) {
    return trans.__('%1 s', seconds.toFixed(1));
  }
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0
    ? trans.__('%1 h %2 min', hours, minutes)
    : trans.__('%1 min %2 s', minutes, whole % 60);
}

/** A number of bytes; the empty text where nobody knows. */
export function size(bytes: number | null): string {
  if (bytes === null) {
    return '';
  }
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const step = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const number = bytes / 1000 ** step;
  return `${step === 0 ? number : number.toFixed(1)} ${units[step] ?? ''}`;
}

export function time(iso: string): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

export function status(word: ICellExecution['status'], trans: TranslationBundle): string {
  switch (word) {
    case 'ok':
      return trans.__('ok');
    case 'error':
      return trans.__('error');
    case 'interrupted':
      return trans.__('interrupted');
    case 'running':
      return trans.__('running');
    case 'lost':
      return trans.__('lost');
    case 'unobserved':
      return trans.__('not observed');
  }
}

/** Some words of a list, and how many more there are. */
export function some(items: readonly string[], most: number, trans: TranslationBundle): string {
  const rest = items.length - most;
  const shown = items.slice(0, most).join(', ');
  return rest > 0 ? trans.__('%1 and %2 more', shown, rest) : shown;
}
