import type { MonoServerOptions } from '@scorpiofs/mono-server';

/** What the daemon tells the process of its embedded server, once. */
export type EmbeddedOptions = Pick<MonoServerOptions, 'repo' | 'dataDir' | 'bind'>;

/** What that process answers, once. */
export type EmbeddedAnswer =
  | { readonly url: string }
  | { readonly error: { readonly code: string; readonly message: string; readonly hint: string } };
