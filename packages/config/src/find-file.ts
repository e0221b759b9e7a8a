import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface FindOptions {
  /** `--config-path`; an empty one is a path like any other. */
  readonly flag?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The running program, beside which a file is looked for. */
  readonly executable?: string | undefined;
}

export interface FoundFile {
  readonly path: string;
  /** Whether somebody named it: then it must exist, whatever the command. */
  readonly named: boolean;
}

export const DEFAULT_FILE = 'scorpio.toml';
export const SYSTEM_FILE = '/etc/scorpio/scorpio.toml';

/**
 * Where the configuration is: `--config-path`, `SCORPIO_CONFIG`, `./scorpio.toml`, beside the executable, `/etc/scorpio/scorpio.toml`
 * (mega-server §8.2). Where there is none, the first place that would have been taken, for the message.
 */
export function findConfigFile(options: FindOptions): FoundFile {
  if (options.flag !== undefined) return { path: options.flag, named: true };
  const variable = options.env['SCORPIO_CONFIG'];
  if (variable !== undefined && variable.trim() !== '') return { path: variable, named: true };
  const places = [DEFAULT_FILE];
  if (options.executable !== undefined)
    places.push(join(dirname(options.executable), DEFAULT_FILE));
  places.push(SYSTEM_FILE);
  return { path: places.find((p) => existsSync(p)) ?? DEFAULT_FILE, named: false };
}
