import type { FileSystem, MountOptions } from '@scorpiofs/fuse';
import { hasFlag, type Invocation } from '../command/invocation.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { inBackground, reportFailure, startInBackground } from './background.js';

export interface Served extends Disposable {
  readonly fileSystem: FileSystem;
  /** Worth a warning before it is mounted. */
  readonly note?: string | undefined;
}

export interface LocalMount {
  readonly mountpoint: string;
  readonly options: MountOptions;
  /** Made in the process that serves, and disposed of after the mount. */
  readonly open: () => Served | Promise<Served>;
}

/**
 * Serves a file system of this host at a mount point: in the foreground with `-f`, else in a process of its own that has
 * mounted when this one returns. Ends at a signal, or when somebody unmounts.
 */
export async function serveLocal(invocation: Invocation, local: LocalMount): Promise<ExitCode> {
  const { env } = invocation;
  if (!hasFlag(invocation, '--foreground') && !inBackground(env)) {
    const warning = await startInBackground(env);
    if (warning !== undefined) invocation.output.err(`warning: ${warning}\n`);
    return EXIT.ok;
  }
  try {
    // Loaded by the process that serves: the other one waits for it as long as it starts itself.
    const { serveHere } = await import('./serve-here.js');
    return await serveHere(invocation, local);
  } catch (error) {
    reportFailure(env, error, EXIT.mount);
    throw error;
  }
}
