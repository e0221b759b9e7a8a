import { checkMountpoint, detachDeadMounts } from '@scorpiofs/fuse';
import { errorCode } from '@scorpiofs/config';
import { CommandError, explain } from '../command-error.js';
import { EXIT } from '../exit-codes.js';
import type { Log } from '../log/logger.js';

/** The wording of 0.2.x where it has one. */
const WORDS: Readonly<Record<string, string>> = {
  FUSE_MOUNTPOINT_NOT_EMPTY: 'mountpoint is not empty or is inaccessible',
  FUSE_MOUNTPOINT_DENIED: 'mountpoint is not empty or is inaccessible',
  FUSE_MOUNTPOINT_NOT_DIRECTORY: 'mountpoint is not a directory',
};

/** A failed mount of the workspace, exit code 3. */
export function workspaceError(path: string, error: unknown): CommandError {
  const said = explain(error);
  const words = WORDS[errorCode(error) ?? ''];
  const reason = words === undefined ? said.message : `${words}: ${path}`;
  const hint = said.hint ?? 'Run `scorpio doctor`, which checks what mounting needs.';
  const message = `failed to mount workspace at "${path}": ${reason}`;
  return new CommandError(errorCode(error) ?? 'MOUNT', message, hint, EXIT.mount, error);
}

/** Detaches what an earlier daemon that died has left at the mount point. Before anything touches that path: even `mkdir -p` fails on a dead mount. */
export async function detachOwnDead(path: string, log: Log): Promise<void> {
  const { detached, failed } = await detachDeadMounts(path, { types: ['fuse.scorpiofs'] });
  for (const { mountpoint } of detached)
    log.warn('detached a dead mount of an earlier daemon', { mountpoint });
  for (const { entry, reason } of failed)
    log.warn('a dead mount could not be detached', { mountpoint: entry.mountpoint, reason });
}

/** Whether a mount can be made there, before anything is asked of a server. Returns the path as the mount table will have it. */
export async function checkWorkspace(path: string): Promise<string> {
  try {
    return await checkMountpoint(path);
  } catch (error) {
    throw workspaceError(path, error);
  }
}
