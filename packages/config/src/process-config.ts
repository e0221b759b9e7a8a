import { readConfigFile } from './config-file.js';
import { checkConfig, loadConfig, type Config } from './load.js';
import { prepareDirectories } from './prepare.js';
import type { ConfigInput } from './sources.js';

let installed: Config | undefined;

/**
 * Installs a file as this process's configuration, once (spec §1.7, mega-server A06): a second call fails with "already initialized"
 * before it looks at anything. Directories are made. A failed call installs nothing.
 */
export function initConfig(
  path: string,
  input: Omit<ConfigInput, 'file'> = { env: process.env },
): Config {
  if (installed !== undefined)
    throw Object.assign(new Error('configuration is already initialized'), {
      code: 'CONFIG_INITIALIZED',
      hint: 'Call it once, at the start of the process.',
    });
  const config = loadConfig({ ...input, file: readConfigFile(path) });
  prepareDirectories(config);
  installed = config;
  return config;
}

/** The installed configuration, or the built-in defaults as long as none is: a later `initConfig` still counts for all reads after it. */
export function currentConfig(): Config {
  return installed ?? checkConfig({}).config;
}
