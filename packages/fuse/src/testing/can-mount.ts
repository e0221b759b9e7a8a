import { accessSync, constants } from 'node:fs';

/** May this process mount FUSE file systems with every right? The mounted suite changes identities, which needs root. */
export function canMount(): boolean {
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}
