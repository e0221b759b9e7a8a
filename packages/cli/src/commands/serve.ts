import type { CommandSpec } from '../command/spec.js';
import { checkRepo } from './repo-flag.js';

export const SERVE_COMMAND: CommandSpec = {
  name: 'serve',
  summary: 'Mount the workspace and serve the HTTP API',
  details:
    'Mounts the monorepo of base_url at workspace and serves http_addr until SIGTERM, SIGINT or SIGHUP. With --repo an embedded server runs over that repository, and no ' +
    'configuration file is needed. Exit codes: 2 configuration, 3 mount, 4 address, 1 anything else.',
  flags: [
    {
      name: '--repo',
      value: 'REPO',
      check: checkRepo,
      complete: 'directory',
      doc: 'Serve this Git repository, path or URL, instead of base_url',
    },
  ],
  examples: [
    ['scorpio -c /etc/scorpio/scorpio.toml serve', 'with a configuration file'],
    ['SCORPIO_WORKSPACE=/tmp/mnt scorpio serve --repo .', 'this repository at /tmp/mnt'],
  ],
  // What a daemon needs is loaded when one is started: `--help` and `config` stay quick.
  run: async (invocation) => (await import('../daemon/run-serve.js')).runServe(invocation),
};
