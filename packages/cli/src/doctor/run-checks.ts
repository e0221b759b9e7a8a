import type { Config } from '@scorpiofs/config';
import type { Invocation } from '../command/invocation.js';
import type { Finding } from './check.js';
import { configCheck } from './config-check.js';
import { directory, diskSpace, relativePaths, stateFiles } from './directory-checks.js';
import {
  fuseAccess,
  fuseConf,
  fuseDevice,
  fuseFilesystem,
  mayMount,
  mountMethod,
} from './fuse-checks.js';
import { descriptors, kernelVersion, nodeVersion, processors, wakeUps } from './host-checks.js';
import { deadMounts, mountedWorkspace } from './mount-checks.js';
import { httpAddress } from './port-check.js';
import { megaApi, reachable } from './server-checks.js';
import { trialMount } from './trial-mount.js';

const ROOTS = ['antares_upper_root', 'antares_cl_root', 'antares_mount_root'] as const;

export interface Checked {
  readonly config: Config;
  readonly findings: Finding[];
}

/** All checks: the nine of the reference first, in its order and words, then ours (K-23). `deep` also mounts something, elsewhere. */
export async function runChecks(invocation: Invocation, deep: boolean): Promise<Checked> {
  const { config, finding } = configCheck(invocation);
  const { values } = config;
  // Before anything touches those paths: what is said of a dead mount comes from the mount table.
  const mounted = await mountedWorkspace(values.workspace);
  const [mega, api, lfs, address, dead] = await Promise.all([
    reachable('mega server', values.base_url),
    megaApi(values.base_url),
    reachable('lfs server', values.lfs_url),
    httpAddress(values.http_addr),
    deadMounts(config),
  ]);
  const findings = [
    fuseDevice(),
    fuseFilesystem(),
    fuseConf(values.allow_other),
    mounted ?? directory('workspace', values.workspace),
    directory('store_path', values.store_path),
    ...ROOTS.map((key) => directory(key, values[key])),
    mega,
    finding,
    nodeVersion(),
    kernelVersion(mayMount()),
    fuseAccess(),
    mountMethod(invocation.env['PATH'] ?? ''),
    ...(deep ? [await trialMount()] : []),
    dead,
    ...stateFiles(config),
    relativePaths(config),
    diskSpace(values.store_path),
    api,
    lfs,
    address,
    wakeUps(),
    processors(),
    descriptors(),
  ];
  return { config, findings };
}
