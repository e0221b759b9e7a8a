import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { arch, platform, release, version } from 'node:os';
import { promisify } from 'node:util';
import { redactUrls, showJson, type Config } from '@scorpiofs/config';
import { readMountTable } from '@scorpiofs/fuse';
import { packageVersion } from '../version.js';
import type { Finding } from './check.js';
import { doctorJson } from './report.js';

const run = promisify(execFile);
const LOG_LINES = '500';

/** The first line of a program's answer, or why there is none. */
async function said(program: string, ...argv: string[]): Promise<string> {
  try {
    const { stdout } = await run(program, argv, { timeout: 5000, maxBuffer: 4 << 20 });
    return stdout.trim();
  } catch (error) {
    return `not available: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`;
  }
}

/** What the service manager has kept of our log. A daemon started by hand logs to its terminal, which nobody keeps. */
async function recentLog(): Promise<string[]> {
  const units = ['-u', 'scorpiofs', '-u', 'scorpiofs-antares'];
  const text = await said('journalctl', ...units, '-n', LOG_LINES, '--no-pager', '-o', 'short-iso');
  return redactUrls(text).split('\n');
}

/** Everything that a report of a problem needs in one JSON file (mode 0600), without secrets. */
export async function writeBundle(
  path: string,
  config: Config,
  findings: readonly Finding[],
): Promise<void> {
  const mounts = (await readMountTable()).filter(
    (e) => e.type.startsWith('fuse') || e.type === 'overlay',
  );
  const bundle = {
    made: new Date().toISOString(),
    versions: {
      scorpiofs: packageVersion(),
      node: process.versions,
      system: `${platform()} ${release()} ${arch()}`,
      kernel: version(),
      git: await said('git', '--version'),
      fusermount3: await said('fusermount3', '--version'),
    },
    doctor: JSON.parse(redactUrls(doctorJson(findings))) as unknown,
    config: JSON.parse(showJson(config, { origin: true })) as unknown,
    mounts: mounts.map((m) => ({
      ...m,
      source: redactUrls(m.source),
      superOptions: redactUrls(m.superOptions),
    })),
    log: await recentLog(),
  };
  await writeFile(path, `${JSON.stringify(bundle, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
}
