import { readFileSync } from 'node:fs';
import { ConfigError } from './config-error.js';
import { errorCode, osReason } from './os-reason.js';

export interface ConfigFile {
  readonly path: string;
  readonly text: string;
}

function wording(error: unknown): string {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR' ? 'not found' : 'not readable';
}

function unreadable(path: string, how: string, reason: string, hint: string): ConfigError {
  return new ConfigError(
    [
      {
        severity: 'error',
        rule: 'unreadable',
        key: '',
        origin: { kind: 'file', path, key: '' },
        message: `Config file ${how} at '${path}': ${reason}`,
      },
    ],
    hint,
  );
}

/** Reads the configuration file once; it is never written. Throws `ConfigError` that says missing, unreadable or not UTF-8. */
export function readConfigFile(path: string): ConfigFile {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const hint =
      wording(error) === 'not found'
        ? 'Name the file with --config-path or SCORPIO_CONFIG, or write one with `scorpio config init`.'
        : 'Name a regular file that this user may read.';
    throw unreadable(path, wording(error), osReason(error), hint);
  }
  try {
    return {
      path,
      text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes),
    };
  } catch {
    throw unreadable(path, 'not readable', 'it is not valid UTF-8', 'Save the file as UTF-8.');
  }
}
