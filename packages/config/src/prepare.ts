import { existsSync, lstatSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigError } from './config-error.js';
import type { ConfigKey } from './keys.js';
import type { Config } from './load.js';
import { errorCode, osReason } from './os-reason.js';
import type { Origin } from './problem.js';

const ROOTS = [
  'workspace',
  'store_path',
  'antares_upper_root',
  'antares_cl_root',
  'antares_mount_root',
] as const satisfies readonly ConfigKey[];

function failed(
  key: ConfigKey,
  path: string,
  origin: Origin,
  message: string,
  cause?: unknown,
): ConfigError {
  return new ConfigError(
    [{ severity: 'error', rule: 'directory', key, value: path, origin, message }],
    errorCode(cause) === 'ENOTCONN'
      ? 'A mount whose daemon has died is in the way: `scorpio doctor` names it; `umount -l` takes it away.'
      : `Choose another place with '${key}' in the configuration, or make it writable for this user.`,
  );
}

/**
 * The default places lie in `/tmp`, where anybody may have been first: a directory of that name that is a link or somebody else's is refused (K-29).
 */
function guardShared(key: ConfigKey, path: string, origin: Origin): void {
  const shared = /^\/tmp\/megadir-[^/]+(?=\/)/.exec(path)?.[0];
  if (shared === undefined || origin.kind !== 'default') return;
  mkdirSync(shared, { recursive: true, mode: 0o700 });
  const stat = lstatSync(shared);
  if (stat.isDirectory() && stat.uid === process.geteuid?.()) return;
  const message = `Failed to create directory ${path}: ${shared} is not a directory of this user`;
  throw failed(key, path, origin, message);
}

function makeDirectory(key: ConfigKey, path: string, origin: Origin, mode: number): void {
  try {
    guardShared(key, path, origin);
    mkdirSync(path, { recursive: true, mode });
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    // Something that is no directory is left to whoever uses it: the mount says "not a directory", doctor too.
    const code = errorCode(error);
    if (code === 'EEXIST' && statSync(path, { throwIfNoEntry: false })?.isDirectory() === false)
      return;
    throw failed(
      key,
      path,
      origin,
      `Failed to create directory ${resolve(path)}: ${osReason(error)}`,
      error,
    );
  }
}

/**
 * Makes the directories and the workspace state file that a command with mounts needs, in the reference's order (spec §1.6). Existing ones are
 * left as they are. New ones are for this user alone. Detach dead mounts first: even looking at one fails. Throws `ConfigError`.
 */
export function prepareDirectories(config: Config): void {
  const { values } = config;
  const originOf = (key: ConfigKey): Origin =>
    config.settings.get(key)?.origin ?? { kind: 'default' };
  for (const key of ROOTS) {
    const visible = values.allow_other && (key === 'workspace' || key === 'antares_mount_root');
    makeDirectory(key, values[key], originOf(key), visible ? 0o755 : 0o700);
  }
  const parent = dirname(values.antares_state_file);
  makeDirectory('antares_state_file', parent, originOf('antares_state_file'), 0o700);
  if (existsSync(values.config_file)) return;
  try {
    // 'a' makes the file and never empties one that appeared in between.
    writeFileSync(values.config_file, 'works = []\n', { flag: 'a', mode: 0o600 });
  } catch (error) {
    throw failed(
      'config_file',
      values.config_file,
      originOf('config_file'),
      `Failed to create state file '${resolve(values.config_file)}': ${osReason(error)}`,
      error,
    );
  }
}
