import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How the folders that `serveInChild` makes begin: other processes mount below the temporary folder too. */
export const OWN_MOUNTS = join(tmpdir(), `scorpiofs-mount-${process.pid}-`);
