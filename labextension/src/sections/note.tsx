import * as React from 'react';

/** A sentence where there is nothing else to show; a screen reader tells it when it changes. */
export function Note(props: React.PropsWithChildren<{ isError?: boolean }>): React.JSX.Element {
  return (
    <div className={`jp-repro-note ${props.isError ? 'jp-mod-error' : ''}`} role="status">
      {props.children}
    </div>
  );
}

/** A short word in a coloured frame. */
export function Badge(props: React.PropsWithChildren<{ tone?: Tone }>): React.JSX.Element {
  return <span className={`jp-repro-badge jp-mod-${props.tone ?? 'plain'}`}>{props.children}</span>;
}

export type Tone = 'plain' | 'good' | 'warn' | 'error';
