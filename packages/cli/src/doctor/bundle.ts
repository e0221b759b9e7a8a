import { execFile } from 'node:child_process';
import { open, unlink } from 'node:fs/promises';
import { arch, platform, release, version } from 'node:os';
import { promisify } from 'node:util';
import { showJson, type Config } from '@scorpiofs/config';
import { readMountTable } from '@scorpiofs/fuse';
import { packageVersion } from '../version.js';
import type { Finding } from './check.js';
import { doctorJson } from './report.js';
import { knownSecrets, scrub } from './scrub.js';

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
  return text.split('\n');
}

/** A new file for this user alone; half of one is not left behind. */
async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
  } catch (error) {
    await unlink(path).catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
}

export interface BundleInput {
  readonly config: Config;
  readonly findings: readonly Finding[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Everything that a report of a problem needs in one JSON file (mode 0600), without secrets. Of the environment it has names only. */
export async function writeBundle(path: string, input: BundleInput): Promise<void> {
  const { config, findings, env } = input;
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
    doctor: JSON.parse(doctorJson(findings)) as unknown,
    config: JSON.parse(showJson(config, { origin: true })) as unknown,
    environment: Object.keys(env).sort(),
    mounts,
    log: await recentLog(),
  };
  const clean = scrub(bundle, knownSecrets(config, env));
  await writeNew(path, `${JSON.stringify(clean, null, 2)}\n`);
}
