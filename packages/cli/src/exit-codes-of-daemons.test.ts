import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canMount } from '@scorpiofs/fuse/testing';

interface Case {
  bin: 'scorpio' | 'antares';
  argv: string[];
  files?: Record<string, string>;
  code: number;
  stderrFirst?: string;
  stderrLog?: string;
  note?: string;
}

const fixture = (name: string) =>
  readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
const { cases } = JSON.parse(fixture('exit-codes.json')) as { cases: Case[] };
const BINS = {
  scorpio: '../../../apps/scorpio/bin/scorpio.js',
  antares: '../../../apps/antares/bin/antares.js',
};
/** The address of the recording: here one that is taken where that was the point, else any free one. */
const RECORDED = '127.0.0.1:3725';

let dir = '';
let busy: Server;
let taken = '';
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'scorpio-exit-'));
  busy = createServer().listen(0, '127.0.0.1');
  await once(busy, 'listening');
  const address = busy.address();
  taken = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});
afterAll(() => {
  busy.close();
  rmSync(dir, { recursive: true });
});

async function run(
  c: Case,
  name: string,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const at = join(dir, name);
  mkdirSync(at);
  const here = (text: string) => text.replaceAll('$D', at);
  if (c.argv.includes('ok.toml'))
    writeFileSync(join(at, 'ok.toml'), here(fixture('base-config.toml')));
  for (const [file, text] of Object.entries(c.files ?? {})) {
    mkdirSync(dirname(join(at, file)), { recursive: true });
    writeFileSync(join(at, file), here(text));
  }
  const address = c.note?.includes('port busy') === true ? taken : '127.0.0.1:0';
  const argv = c.argv.map((word) => word.replace(RECORDED, address));
  const bin = fileURLToPath(new URL(BINS[c.bin], import.meta.url));
  const env = { PATH: process.env['PATH'], NO_COLOR: '1' };
  return await new Promise((resolve) => {
    const options = { cwd: at, env, timeout: 120_000 };
    const child = execFile(process.execPath, [bin, ...argv], options, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr: stderr.replaceAll(at, '$D') }),
    );
  });
}

const mounts = () => readFileSync('/proc/self/mountinfo', 'utf8').includes(dir);

/** K-13: an entry without a hash is no crash; the daemon goes on (SRV-11). */
const daemons = cases
  .filter((c) => c.argv.includes('serve') && c.code !== 101)
  .map((c, i) => ({
    ...c,
    at: `case-${i}`,
    name: [c.bin, ...c.argv, c.note ?? '', ...Object.entries(c.files ?? {}).flat()]
      .join(' ')
      .trim(),
  }));

describe('recorded command lines of daemons that do not start', () => {
  const possible = (c: Case) => (c.code === 3 && !canMount() ? test.skip : test.concurrent);
  for (const c of daemons)
    possible(c)(
      `CLI-01, CLI-17, SRV-01, SRV-02, SRV-03: ${JSON.stringify(c.name)} is ${c.code}`,
      async () => {
        const said = await run(c, c.at);
        expect([said.code, said.stdout]).toEqual([c.code, '']);
        const errors = said.stderr.replace(/^note: .*\n/, '');
        if (c.stderrFirst !== undefined) expect(errors.split('\n')[0]).toBe(c.stderrFirst);
        // What is wrong with records is said in words of our own, and where.
        const syntax = c.files?.['state.toml']?.startsWith('garbage') === true;
        const log = c.stderrLog?.replace(
          /TOML parse error at .*/,
          syntax ? 'TOML parse error at line ' : '',
        );
        if (log !== undefined) expect(errors).toContain(log.replace(RECORDED, taken));
        if (c.code > 2) expect(errors).toContain(' hint=');
        expect(mounts()).toBe(false);
      },
    );
});
