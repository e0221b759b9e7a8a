import type { Config } from '@scorpiofs/config';
import type { Finding } from './check.js';
import { directory, stateFiles } from './directory-checks.js';
import { mountedWorkspace, silentMounts } from './mount-checks.js';
import { places } from './own-mounts.js';
import { megaApi } from './server-checks.js';

const KEYS = ['store_path', 'antares_upper_root', 'antares_cl_root', 'antares_mount_root'] as const;

/** What a configuration's values meet on this machine: places that cannot be written, a server that does not answer (`config validate --deep`). */
export async function deepProblems(config: Config): Promise<Finding[]> {
  const { values } = config;
  const silent = await silentMounts(places(config));
  const place = (name: string, path: string) => silent(name, path) ?? directory(name, path);
  const findings = [
    (await mountedWorkspace(values.workspace)) ?? place('workspace', values.workspace),
    ...KEYS.map((key) => place(key, values[key])),
    ...stateFiles(config, place),
    await megaApi(values.base_url),
  ];
  return findings.filter((f) => f.status !== 'ok');
}
