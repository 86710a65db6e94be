import * as React from 'react';

/** A sentence where there is no list to show; a screen reader tells it when it changes. */
export function Note(props: React.PropsWithChildren<{ isError?: boolean }>): React.JSX.Element {
  return (
    <div className={`jp-repro-note ${props.isError ? 'jp-mod-error' : ''}`} role="status">
      {props.children}
    </div>
  );
}
