import { resolve } from 'node:path';
import type { Invocation } from '../command/invocation.js';
import { withExit } from '../command-error.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { refuseNested } from './nested.js';
import { mountOptions, parseOptionList } from './option-list.js';
import { OWNER_OPTIONS, ownerOptions } from './owner-options.js';
import { serveLocal } from './serve-local.js';

/** Serves a host directory at a mount point. Throws `CommandError`. */
export async function runPassthrough(invocation: Invocation): Promise<ExitCode> {
  const [source = '', mountpoint = ''] = invocation.args.map((path) => resolve(path));
  const options = parseOptionList(invocation.flags.get('--option') ?? []);
  const mount = mountOptions(options, OWNER_OPTIONS);
  const owners = ownerOptions(options);
  refuseNested(mountpoint, [{ role: 'source', path: source }]);
  return serveLocal(invocation, {
    mountpoint,
    options: { fsName: source, subtype: 'scorpio-passthrough', ...mount },
    open: async () => {
      const { PassthroughFs } = await import('@scorpiofs/passthroughfs');
      return await withExit(EXIT.usage, () => ({
        fileSystem: new PassthroughFs(source, { ...owners, readOnly: mount.readOnly ?? false }),
        // The session ends it.
        [Symbol.dispose]: () => undefined,
      }));
    },
  });
}
