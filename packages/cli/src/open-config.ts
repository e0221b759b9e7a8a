import { existsSync } from 'node:fs';
import {
  findConfigFile,
  loadConfig,
  readConfigFile,
  type Config,
  type ConfigInput,
  type ConfigKey,
  type FoundFile,
} from '@scorpiofs/config';
import { flagValue, type Invocation } from './command/invocation.js';
import { keyOfFlag } from './global-flags.js';

/** Values that the command line gives to keys. */
export function flagKeys(invocation: Invocation): Partial<Record<ConfigKey, string>> {
  const keys: Partial<Record<ConfigKey, string>> = {};
  for (const [name, values] of invocation.flags) {
    const key = keyOfFlag(name);
    const value = values.at(-1);
    if (key !== undefined && value !== undefined) keys[key] = value;
  }
  return keys;
}

/** Where the configuration file of this call is. */
export function locateConfig(invocation: Invocation): FoundFile {
  return findConfigFile({
    flag: flagValue(invocation, '--config-path'),
    env: invocation.env,
    executable: process.argv[1],
  });
}

export interface OpenOptions {
  /** A command that does without a file still reads one that is there, and one that was named must be there. */
  readonly fileOptional?: boolean;
}

/** What `loadConfig` is called with for this call. Throws `ConfigError` when the file cannot be read. */
export function configInput(invocation: Invocation, options: OpenOptions = {}): ConfigInput {
  const found = locateConfig(invocation);
  const without = options.fileOptional === true && !found.named && !existsSync(found.path);
  return {
    env: invocation.env,
    flags: flagKeys(invocation),
    ...(!without && { file: readConfigFile(found.path) }),
  };
}

/** The configuration of this call. Makes nothing on disk. Throws `ConfigError`. */
export function openConfig(invocation: Invocation, options: OpenOptions = {}): Config {
  return loadConfig(configInput(invocation, options));
}
