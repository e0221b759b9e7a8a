import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canMount, leakCheck, serveInChild, type Served } from '@scorpiofs/fuse/testing';

import { makeFolders, type Folders } from './testing/layers.js';
import { PRELUDE, WORKLOADS, type Workload } from './testing/workloads.js';

const TSC = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));

/** The command, or undefined where it is not there. pnpm: also the one that installed this repository. */
function program(name: string): string | undefined {
  const path = (file: string, ...args: string[]) => {
    try {
      const options = { encoding: 'utf8', timeout: 120_000, cwd: os.tmpdir() } as const;
      return execFileSync(file, args, { ...options, stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {
      return undefined;
    }
  };
  if (name === 'node') return process.execPath;
  const there = path('sh', '-c', `command -v ${name}`);
  if (there !== undefined || name !== 'pnpm') return there;
  return path('npx', '--offline', '-y', '-p', 'pnpm@10', '-c', 'command -v pnpm');
}

const PROGRAMS = new Map(
  [...new Set(WORKLOADS.flatMap(({ needs }) => needs))].map((name) => [name, program(name)]),
);
const missing = ({ needs }: Workload) => needs.filter((name) => PROGRAMS.get(name) === undefined);

/** The other data mode by hand: OVERLAY_DATA=passthrough. */
const DATA = process.env['OVERLAY_DATA'] ?? 'by-node';
const run = promisify(execFile);

async function sh(script: string, cwd: string): Promise<string> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    PNPM: PROGRAMS.get('pnpm') ?? '',
    TSC: `${process.execPath} ${TSC}`,
  };
  const { stdout } = await run(
    'timeout',
    ['-k', '5', '300', 'bash', '--norc', '-c', PRELUDE + script],
    {
      cwd,
      env,
      maxBuffer: 1 << 24,
    },
  );
  return stdout;
}

const directoryOf = (workload: Workload) => `w${WORKLOADS.indexOf(workload)}`;

/** Issue 4 item 6: what programs do in an overlay has the result that it has on the file system below. */
const whole = canMount() ? describe : describe.skip;
whole('OV-1: programs in a mounted overlay, and on its file system (needs root, /dev/fuse)', () => {
  let folders: Folders;
  let served: Served;
  let plain: string;
  let noLeaks: () => Promise<void>;
  const possible = WORKLOADS.filter((workload) => missing(workload).length === 0);

  beforeAll(async () => {
    noLeaks = await leakCheck();
    folders = makeFolders(1);
    const [lower = ''] = folders.lowers;
    for (const workload of possible) {
      const dir = path.join(lower, directoryOf(workload));
      fs.mkdirSync(dir);
      if (workload.base !== undefined) await sh(workload.base, dir);
    }
    plain = path.join(folders.dir, 'plain');
    execFileSync('cp', ['-a', lower, plain]);
    served = await serveInChild({
      module: new URL('../dist/testing/served.js', import.meta.url).href,
      export: 'createDiskOverlay',
      args: [folders, 'kernel', DATA, 0],
      mountOptions: { transport: 'kernel', suid: true, dev: true },
    });
  });
  afterAll(async () => {
    await served.stop();
    fs.rmSync(folders.dir, { recursive: true });
    await noLeaks();
  });

  for (const workload of WORKLOADS) {
    const lacks = missing(workload);
    const reason =
      lacks.length > 0
        ? `: needs ${lacks.join(', ')}`
        : DATA === 'passthrough' && workload.readsWhileCopied === true
          ? ': who has a lower file open goes on reading it in this mode (OV-19)'
          : '';
    (reason === '' ? test : test.skip)(workload.title + reason, async () => {
      const dir = directoryOf(workload);
      const wanted = await sh(workload.work, path.join(plain, dir));
      const got = await sh(workload.work, path.join(served.mountpoint, dir));
      expect(wanted).not.toBe('');
      expect(got).toBe(wanted);
    });
  }
});
