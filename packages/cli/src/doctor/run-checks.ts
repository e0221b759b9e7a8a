import type { Config } from '@scorpiofs/config';
import type { Invocation } from '../command/invocation.js';
import { ok, type Finding } from './check.js';
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
import { missingDirectories } from './missing-directories.js';
import { deadMounts, mountedWorkspace, silentMounts } from './mount-checks.js';
import { places } from './own-mounts.js';
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
  const silent = await silentMounts(places(config));
  const place = (name: string, path: string) => silent(name, path) ?? directory(name, path);
  const silence = places(config).some((path) => silent('', path) !== undefined);
  const [mega, api, lfs, address, dead] = await Promise.all([
    reachable('mega server', values.base_url),
    megaApi(values.base_url),
    reachable('lfs server', values.lfs_url),
    httpAddress(values.http_addr),
    deadMounts(config),
  ]);
  // A dead mount in the way is mended first; values that could not be read are no places to make.
  const missing =
    silence || finding.status === 'fail'
      ? ok('directories', 'not looked at: see above')
      : missingDirectories(config);
  const findings = [
    fuseDevice(),
    fuseFilesystem(),
    fuseConf(values.allow_other),
    mounted ?? place('workspace', values.workspace),
    place('store_path', values.store_path),
    ...ROOTS.map((key) => place(key, values[key])),
    mega,
    finding,
    nodeVersion(),
    kernelVersion(mayMount()),
    fuseAccess(),
    mountMethod(invocation.env['PATH'] ?? ''),
    ...(deep ? [await trialMount()] : []),
    ...dead,
    ...stateFiles(config, place),
    relativePaths(config),
    silent('disk space', values.store_path) ?? diskSpace(values.store_path),
    missing,
    api,
    lfs,
    address,
    wakeUps(),
    processors(),
    descriptors(),
  ];
  return { config, findings };
}
