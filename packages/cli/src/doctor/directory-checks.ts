import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  openSync,
  statfsSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { errorCode, osReason, type Config, type ConfigKey } from '@scorpiofs/config';
import { fail, ok, warn, type Finding } from './check.js';

let probes = 0;

/** Makes and removes a file. Exclusive: nothing is emptied and no link is followed. */
function probe(directory: string): void {
  const file = join(directory, `.scorpio-doctor-probe.${process.pid}.${++probes}`);
  closeSync(openSync(file, 'wx', 0o600));
  unlinkSync(file);
}

/** The nearest directory above that exists. */
function ancestor(path: string): string {
  let at = resolve(path);
  while (statSync(at, { throwIfNoEntry: false }) === undefined && at !== '/') at = dirname(at);
  return at;
}

/** A directory of the configuration: there and writable, or it can be made. Doctor makes none itself (K-06). */
export function directory(name: string, path: string): Finding {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) {
      const above = ancestor(path);
      if (!statSync(above).isDirectory())
        return fail(name, `${path}: cannot be made, ${above} is not a directory`);
      accessSync(above, constants.W_OK | constants.X_OK);
      return ok(name, `${path} does not exist yet and can be made`);
    }
    if (!statSync(path).isDirectory()) return fail(name, `${path}: not a directory`);
    probe(path);
    return ok(name, `${path} is writable`);
  } catch (error) {
    if (errorCode(error) === 'ENOTCONN')
      return fail(
        name,
        `${path}: a mount whose daemon has died`,
        'Run `scorpio doctor --fix`, or: fusermount3 -u -z ' + path,
      );
    return fail(name, `${path}: not writable: ${osReason(error)}`);
  }
}

/** Parents of the two state files (K-23). */
export function stateFiles(
  config: Config,
  check: (name: string, path: string) => Finding,
): Finding[] {
  return (['config_file', 'antares_state_file'] as const).map((key) =>
    check(`directory of ${key}`, dirname(resolve(config.values[key]))),
  );
}

const PATH_KEYS: readonly ConfigKey[] = [
  'workspace',
  'store_path',
  'config_file',
  'antares_upper_root',
  'antares_cl_root',
  'antares_mount_root',
  'antares_state_file',
];

/** K-04: what a relative path means changes with the working directory, which is `/` under a service manager. */
export function relativePaths(config: Config): Finding {
  const relative = PATH_KEYS.filter((key) => !isAbsolute(String(config.values[key])));
  if (relative.length === 0)
    return ok('absolute paths', 'every path of the configuration is absolute');
  const list = relative.map((key) => `${key} = ${String(config.values[key])}`).join(', ');
  return warn(
    'absolute paths',
    `relative to the working directory: ${list}`,
    'Write absolute paths for a daemon that a service manager starts.',
  );
}

const GIB = 2 ** 30;

export function diskSpace(path: string): Finding {
  const at = ancestor(path);
  try {
    const { bavail, bsize } = statfsSync(at);
    const free = bavail * bsize;
    const text = `${(free / GIB).toFixed(1)} GiB free for ${path}`;
    return free < GIB
      ? warn('disk space', text, 'Set store_quota_bytes, or choose another store_path.')
      : ok('disk space', text);
  } catch (error) {
    return warn('disk space', `${at}: ${osReason(error)}`);
  }
}
