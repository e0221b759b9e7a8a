import type { CommandSpec } from '../command/spec.js';
import { checkDuration, DEFAULT_AGE } from './duration.js';
import { USER_FLAGS } from './user-flags.js';

export const MOUNT_COMMAND: CommandSpec = {
  name: 'mount',
  summary: 'Mount an Antares job instance',
  details:
    'Mounts a writable view of the whole monorepo at <mount root>/<JOB_ID>, by the running daemon or one that is started for it and ends with its last job. ' +
    'Returns when the view can be used. With --uid it lies below <mount root>-users, where that user gets to it; the answer says where.',
  args: [{ name: 'JOB_ID', doc: 'Name of the job, and of its directory below the mount root' }],
  flags: [
    { name: '--cl', value: 'CL', doc: 'Link of a change list to show below what the job writes' },
    ...USER_FLAGS,
    { name: '--json', doc: 'Print JSON' },
  ],
  examples: [
    ['scorpio mount nightly-7', 'then work in <antares_mount_root>/nightly-7'],
    ['scorpio mount review --cl AB12CD34', 'with what a change list changes'],
    ['scorpio mount build-9 --uid 1000 --json', 'for a user; prints where it is'],
  ],
  run: async (invocation) => (await import('./mount-command.js')).runMount(invocation),
};

export const UMOUNT_COMMAND: CommandSpec = {
  name: 'umount',
  summary: 'Unmount an Antares job instance',
  details:
    'What the job wrote stays in its upper directory, which `scorpio list` names while the job is there, unless --purge is given; `scorpio prune` removes such directories later. Exit code 3 when it cannot be unmounted; its record stays then.',
  args: [{ name: 'JOB_ID', complete: 'job', doc: 'Name of the job' }],
  flags: [
    { name: '--purge', doc: 'Remove what the job wrote' },
    { name: '--json', doc: 'Print JSON' },
  ],
  examples: [['scorpio umount nightly-7 --purge', 'and remove what it wrote']],
  run: async (invocation) => (await import('./umount-command.js')).runUmount(invocation),
};

export const PRUNE_COMMAND: CommandSpec = {
  name: 'prune',
  summary: 'Remove what ended Antares jobs left',
  details:
    'What was kept of ended jobs (`scorpio umount` without --purge), and what crashes left: directories below the roots of views that are named by an id, and that no record of antares_state_file and no mount has. ' +
    'Shows them and asks first; where nobody can be asked, only with --dry-run or --yes. Works with and without a daemon. The roots must be those of this state file alone.',
  examples: [
    ['scorpio prune --dry-run', 'what would go'],
    ['scorpio prune --older-than 7d --yes', 'for a timer: what nobody wanted for a week'],
  ],
  flags: [
    {
      name: '--older-than',
      value: 'DURATION',
      default: DEFAULT_AGE,
      check: checkDuration,
      doc: 'Only what was left that long ago: 90s, 12h, 7d, 1h30m. Below some minutes, let no other daemon make views meanwhile',
    },
    { name: '--dry-run', short: '-n', doc: 'Only say what would be removed' },
    { name: '--yes', short: '-y', doc: 'Do not ask' },
    { name: '--json', doc: 'Print JSON' },
  ],
  run: async (invocation) => (await import('./prune-command.js')).runPrune(invocation),
};

export const LIST_COMMAND: CommandSpec = {
  name: 'list',
  summary: 'List tracked Antares instances',
  details:
    'The records of antares_state_file, of every daemon that shares it, sorted by job: mount point, upper directory (what the job wrote), change list. Asks no daemon.',
  examples: [['scorpio list --json', 'for a program']],
  flags: [{ name: '--json', doc: 'Print JSON' }],
  run: async (invocation) => (await import('./list-command.js')).runList(invocation),
};

export const ANTARES_SERVE_COMMAND: CommandSpec = {
  name: 'serve',
  summary: 'Serve the HTTP API of views at the root',
  details: 'Until SIGTERM, SIGINT or SIGHUP; views come back with the next start.',
  examples: [
    [
      'antares --config-path /etc/scorpio/scorpio.toml serve --bind 127.0.0.1:2726',
      'on this host only',
    ],
  ],
  flags: [
    {
      name: '--bind',
      value: 'BIND',
      default: '0.0.0.0:2726',
      doc: 'Address of the HTTP server, as IP:PORT or :PORT; port 0 takes a free one',
    },
  ],
  run: async (invocation) => (await import('./antares-serve.js')).runAntaresServe(invocation),
};

/** `endpoint`: the default one. Needs no configuration file (CLI-15). */
export function httpMountCommand(endpoint: string): CommandSpec {
  return {
    name: 'http-mount',
    summary: 'Mount via the Antares HTTP API',
    details:
      'Asks the daemon at --endpoint, here or on another host, for a view of PATH, and prints its answer. Needs no configuration file. A daemon on another host wants its http_token: give it as SCORPIO_HTTP_TOKEN. ' +
      'Exit codes: 1 no daemon there, 3 it refused.',
    examples: [['scorpio http-mount /project --job-id nightly-7', 'a view of one directory']],
    args: [{ name: 'PATH', doc: 'Directory of the monorepo' }],
    flags: [
      { name: '--job-id', value: 'JOB_ID', doc: 'Name of the job' },
      { name: '--cl', value: 'CL', doc: 'Link of a change list' },
      ...USER_FLAGS,
      { name: '--endpoint', value: 'ENDPOINT', default: endpoint, doc: 'Root of the routes' },
      { name: '--json', doc: 'Print JSON, which is the case anyway' },
    ],
    run: async (invocation) =>
      (await import('./http-mount-command.js')).runHttpMount(invocation, endpoint),
  };
}
