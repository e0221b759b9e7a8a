import type { CommandSpec, FlagSpec, ProgramSpec } from '../command/spec.js';
import { packageVersion } from '../version.js';
import { FOREGROUND, OPTION } from './passthrough.js';

const LAYERS: readonly FlagSpec[] = [
  {
    name: '--lower',
    value: 'DIR[:DIR…]',
    complete: 'directory',
    doc: 'Layers that are only read, topmost first; a colon in a name is written \\:',
  },
  {
    name: '--upper',
    value: 'DIR',
    complete: 'directory',
    doc: 'Directory that takes all changes; without it the overlay is read-only',
  },
  {
    name: '--work',
    value: 'DIR',
    complete: 'directory',
    doc: 'Directory for what is being made, on the file system of the upper [default: beside it]',
  },
];

const DETAILS =
  'Shows the union of directories of this host, as fuse-overlayfs and the kernel overlay do, and understands their uppers. The options of -o are those of mount(8) ' +
  'and fuse-overlayfs: lowerdir=, upperdir=, workdir=, allow_other, ro, suid, dev, squash_to_uid=, uidmapping=, noacl, xattr_permissions=, volatile, data=. Nothing is flushed to ' +
  'disk that a program does not flush, so volatile changes nothing. data=passthrough lets the kernel read and write files of this host itself, data=by-node lets it keep what it has read without asking. Unmount with `umount MNT`. Exit codes: 2 options or directories, 3 mount.';

export const OVERLAY_COMMAND: CommandSpec = {
  name: 'overlay',
  summary: 'Show the union of directories of this host',
  details: DETAILS,
  args: [{ name: 'MNT', complete: 'directory', doc: 'Empty directory to show it at' }],
  flags: [...LAYERS, FOREGROUND, OPTION],
  commands: [
    {
      name: 'diff',
      summary: 'List what an upper changes of its lowers',
      details:
        'Reads the directories; nothing is mounted, and no overlay may be using the upper. A added, M modified, D deleted, R renamed, T owner, mode or attributes.',
      flags: [...LAYERS, OPTION, { name: '--json', doc: 'Print JSON' }],
      examples: [
        ['scorpio overlay diff --lower /srv/base --upper /tmp/job --json', 'for a program'],
      ],
      run: async (invocation) =>
        (await import('../local/overlay-diff.js')).runOverlayDiff(invocation),
    },
  ],
  examples: [
    [
      'scorpio overlay --lower /srv/base --upper /tmp/job /tmp/view',
      'a writable view of /srv/base',
    ],
    ['scorpio overlay diff --lower /srv/base --upper /tmp/job', 'what was changed in it'],
  ],
  run: async (invocation) =>
    (await import('../local/run-overlay.js')).runOverlay(invocation, invocation.args[0] ?? ''),
};

/** The program behind `mount -t fuse.scorpio-overlay`: `scorpio-overlay [SRC] MNT -o …`; SRC is only a name. */
export function overlayProgram(): ProgramSpec {
  return {
    name: 'scorpio-overlay',
    version: packageVersion(),
    summary: 'Union of directories of this host, as a mount helper',
    details: DETAILS,
    globals: [],
    globalsAnywhere: false,
    args: [
      { name: 'SRC', doc: 'Anything: mount(8) gives the first column of fstab' },
      { name: 'MNT', optional: true, complete: 'directory', doc: 'Empty directory to show it at' },
    ],
    flags: [...LAYERS, FOREGROUND, OPTION],
    run: async (invocation) =>
      (await import('../local/run-overlay.js')).runOverlay(
        invocation,
        invocation.args[1] ?? invocation.args[0] ?? '',
      ),
  };
}
