import type { CommandSpec, FlagSpec } from '../command/spec.js';

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
  run: async (invocation) =>
    (await import('../local/run-passthrough.js')).runPassthrough(invocation),
};
