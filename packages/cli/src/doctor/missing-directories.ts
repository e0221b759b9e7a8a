import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { prepareDirectories, type Config } from '@scorpiofs/config';
import { ok, type Finding } from './check.js';
import { places } from './own-mounts.js';

/** Directories that a daemon would make when it starts; `--fix` makes them, with the same modes and the same guards. */
export function missingDirectories(config: Config): Finding {
  const name = 'directories';
  const missing = [...new Set(places(config))].filter((path) => !existsSync(path));
  if (missing.length === 0) return ok(name, 'all there');
  return {
    ...ok(name, `made when a daemon starts, or by --fix: ${missing.join(', ')}`),
    fix: async () => {
      const file = resolve(config.values.config_file);
      const had = existsSync(file);
      prepareDirectories(config);
      const made = missing.filter((path) => existsSync(path));
      if (!had) made.push(file);
      return `made ${made.join(', ')}`;
    },
  };
}
