import type { CommandSpec } from '../command/spec.js';

export const MOUNT_COMMAND: CommandSpec = {
  name: 'mount',
  summary: 'Mount an Antares job instance',
  details:
    'Mounts a writable view of the whole monorepo at <mount root>/<JOB_ID>, by the running daemon or one that is started for it and ends with its last job. ' +
    'Returns when the view can be used.',
  args: [{ name: 'JOB_ID', doc: 'Name of the job, and of its directory below the mount root' }],
  flags: [
    { name: '--cl', value: 'CL', doc: 'Link of a change list to show below what the job writes' },
    { name: '--json', doc: 'Print JSON' },
  ],
  run: async (invocation) => (await import('./mount-command.js')).runMount(invocation),
};

export const UMOUNT_COMMAND: CommandSpec = {
  name: 'umount',
  summary: 'Unmount an Antares job instance',
  details: 'What the job wrote stays in its upper directory, unless --purge is given.',
  args: [{ name: 'JOB_ID', complete: 'job', doc: 'Name of the job' }],
  flags: [
    { name: '--purge', doc: 'Remove what the job wrote' },
    { name: '--json', doc: 'Print JSON' },
  ],
  run: async (invocation) => (await import('./umount-command.js')).runUmount(invocation),
};

export const LIST_COMMAND: CommandSpec = {
  name: 'list',
  summary: 'List tracked Antares instances',
  flags: [{ name: '--json', doc: 'Print JSON' }],
  run: async (invocation) => (await import('./list-command.js')).runList(invocation),
};

export const ANTARES_SERVE_COMMAND: CommandSpec = {
  name: 'serve',
  summary: 'Serve the HTTP API of views at the root',
  details: 'Until SIGTERM, SIGINT or SIGHUP; views come back with the next start.',
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
    args: [{ name: 'PATH', doc: 'Directory of the monorepo' }],
    flags: [
      { name: '--job-id', value: 'JOB_ID', doc: 'Name of the job' },
      { name: '--cl', value: 'CL', doc: 'Link of a change list' },
      { name: '--endpoint', value: 'ENDPOINT', default: endpoint, doc: 'Root of the routes' },
      { name: '--json', doc: 'Print JSON, which is the case anyway' },
    ],
    run: async (invocation) =>
      (await import('./http-mount-command.js')).runHttpMount(invocation, endpoint),
  };
}
