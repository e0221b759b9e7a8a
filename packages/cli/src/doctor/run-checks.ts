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
import { httpAddress } from './port-check.js';
import { megaApi, reachable } from './server-checks.js';

const DIRECTORIES = [
  'workspace',
  'store_path',
  'antares_upper_root',
  'antares_cl_root',
  'antares_mount_root',
] as const;

/** All checks that change nothing: the nine of the reference first, in its order and words, then ours (K-23). */
export async function runChecks(invocation: Invocation): Promise<Finding[]> {
  const { config, finding } = configCheck(invocation);
  const { values } = config;
  const [mega, api, lfs, address] = await Promise.all([
    reachable('mega server', values.base_url),
    megaApi(values.base_url),
    reachable('lfs server', values.lfs_url),
    httpAddress(values.http_addr),
  ]);
  return [
    fuseDevice(),
    fuseFilesystem(),
    fuseConf(values.allow_other),
    ...DIRECTORIES.map((key) => directory(key, values[key])),
    mega,
    finding,
    nodeVersion(),
    kernelVersion(mayMount()),
    fuseAccess(),
    mountMethod(invocation.env['PATH'] ?? ''),
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
}
