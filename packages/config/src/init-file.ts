import { existsSync, lstatSync, rmSync, writeFileSync } from 'node:fs';
import { ConfigError } from './config-error.js';
import { osReason } from './os-reason.js';
import { templateText } from './template.js';

function refused(path: string, message: string, hint: string): ConfigError {
  const origin = { kind: 'file', path, key: '' } as const;
  return new ConfigError([{ severity: 'error', rule: 'write', key: '', origin, message }], hint);
}

/** Writes the template (mode 0644 under the usual umask). Throws `ConfigError` when the file exists and `force` is not given, or cannot be written. */
export function initConfigFile(path: string, options: { force?: boolean } = {}): void {
  // A dangling link counts as absent and is written through.
  if (options.force !== true && existsSync(path))
    throw refused(
      path,
      `refusing to overwrite existing '${path}' (use --force)`,
      'Give another name, or --force to lose what is in it.',
    );
  let absent = false;
  try {
    absent = lstatSync(path, { throwIfNoEntry: false }) === undefined;
    writeFileSync(path, templateText());
  } catch (error) {
    // Half of a template would be in the way of the next try.
    if (absent) rmSync(path, { force: true });
    throw refused(
      path,
      `failed to write '${path}': ${osReason(error)}`,
      'Its directory must exist and be writable.',
    );
  }
}
