import { resolve } from 'node:path';
import { PassthroughFs } from '@scorpiofs/passthroughfs';
import type { Invocation } from '../command/invocation.js';
import type { CommandSpec, FlagSpec } from '../command/spec.js';
import { withExit } from '../command-error.js';
import { refuseNested } from '../local/nested.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { mountOptions, parseOptionList } from '../local/option-list.js';
import { OWNER_OPTIONS, ownerOptions } from '../local/owner-options.js';
import { serveLocal } from '../local/serve-local.js';

export const FOREGROUND: FlagSpec = {
  name: '--foreground',
  short: '-f',
  doc: 'Stay in the foreground; without it the command returns once mounted',
};

export const OPTION: FlagSpec = {
  name: '--option',
  short: '-o',
  value: 'OPTION[,OPTION…]',
  repeatable: true,
  doc: 'Mount options: allow_other, ro, suid, dev, squash_to_uid=ID, noacl, …',
};

async function run(invocation: Invocation): Promise<ExitCode> {
  const [source = '', mountpoint = ''] = invocation.args.map((path) => resolve(path));
  const options = parseOptionList(invocation.flags.get('--option') ?? []);
  const mount = mountOptions(options, OWNER_OPTIONS);
  const owners = ownerOptions(options);
  refuseNested(mountpoint, [{ role: 'source', path: source }]);
  return serveLocal(invocation, {
    mountpoint,
    options: { fsName: source, subtype: 'scorpio-passthrough', ...mount },
    open: () =>
      withExit(
        EXIT.usage,
        () => new PassthroughFs(source, { ...owners, readOnly: mount.readOnly ?? false }),
      ),
  });
}

export const PASSTHROUGH_COMMAND: CommandSpec = {
  name: 'passthrough',
  summary: 'Show a directory of this host at another place',
  details:
    'Everything below SRC appears at MNT, as with bindfs. Unmount with `umount MNT` (or `fusermount3 -u MNT`). Exit codes: 2 options or source, 3 mount.',
  args: [
    { name: 'SRC', complete: 'directory', doc: 'Directory to show' },
    { name: 'MNT', complete: 'directory', doc: 'Empty directory to show it at' },
  ],
  flags: [FOREGROUND, OPTION],
  examples: [['scorpio passthrough -o ro,squash_to_uid=1000 /srv/data /tmp/data', 'read-only']],
  run,
};
