import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { flagValue, type Invocation } from '../command/invocation.js';
import type { CommandSpec } from '../command/spec.js';
import { explain } from '../command-error.js';
import { serve } from '../daemon/daemon.js';
import { StopSignals } from '../daemon/stop-signals.js';
import type { ExitCode } from '../exit-codes.js';
import type { Log } from '../log/logger.js';
import { startLogging } from '../log/start-logging.js';
import { openConfig } from '../open-config.js';
import type { Output } from '../output.js';

/** Runs the daemon until it ends. Its failures are log events, with the hint; where the filter drops them they are said plainly. */
export async function runServe(
  invocation: Invocation,
  loaded: (output: Output) => void = () => {},
): Promise<ExitCode> {
  let log: Log | undefined;
  using stop = new StopSignals(() => log);
  const given = flagValue(invocation, '--repo');
  // The embedded server runs elsewhere: it gets a path that does not depend on where we are.
  const repo = given === undefined || isUrl(given) ? given : resolve(given);
  const config = openConfig(invocation, { fileOptional: repo !== undefined });
  loaded(invocation.output);
  await using logging = startLogging(invocation, config);
  log = logging.for('scorpiofs::cli');
  try {
    return await serve({ config, repo, logging, stop });
  } catch (error) {
    const said = explain(error);
    if (!log.enabled('error') || said.stack !== undefined) throw error;
    log.error(said.message, { hint: said.hint });
    return said.exit;
  }
}

/** What git takes as a URL: `https://…`, or `user@host:path`. */
export function isUrl(repo: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(repo) || /^[^/]+@[^/]+:/.test(repo);
}

/** What is wrong with the value of a `--repo`. */
export function checkRepo(value: string): string | undefined {
  if (value === '') return 'a path or a URL is needed';
  if (isUrl(value)) return undefined;
  return existsSync(value) ? undefined : 'there is nothing at this path';
}

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
  run: runServe,
};
