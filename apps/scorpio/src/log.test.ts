import { describe, expect, test } from '@jest/globals';
import { execFile, execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { canMount, until } from '@scorpiofs/fuse/testing';
import type { Program } from './testing/program.js';
import { Scratch } from './testing/scratch.js';

const run = promisify(execFile);
const mounted = canMount() ? describe : describe.skip;
/** Time, level in five columns, text; no escape code anywhere. */
const LINE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z (ERROR| WARN| INFO|DEBUG|TRACE) \P{Cc}+$/u;

/** Waits for the mount, as a daemon without a standard error cannot say that it is there; then reads through it. */
async function readThrough(scratch: Scratch, path: string): Promise<string> {
  await until('it is mounted', async () => (await scratch.mounts()).includes(scratch.mnt));
  const { stdout } = await run('cat', [join(scratch.mnt, path)], { timeout: 120_000, cwd: '/' });
  return stdout;
}

async function endsWell(program: Program): Promise<void> {
  program.signal('SIGTERM');
  expect(await program.ended).toBe(0);
}

mounted('the log of a daemon (skipped without root and /dev/fuse)', () => {
  test('LOG-04, LOG-05, LOG-06, LOG-09, K-05: bad filter said once, warnings of loading are logged, plain lines on stderr only, exit 0', async () => {
    await using scratch = new Scratch();
    const path = scratch.write('some.toml', 'no_such_key = 1\n');
    const argv = ['-c', path, 'serve', '--repo', scratch.repository({ a: '' })];
    const daemon = scratch.start(argv, { SCORPIO_LOG: 'a=b=c' });
    await daemon.url();
    await endsWell(daemon);
    const [notice, ...lines] = daemon.stderr.trimEnd().split('\n');
    expect(notice).toMatch(/^invalid log filter "a=b=c" .*falling back to "info"$/);
    for (const line of lines) expect(line).toMatch(LINE);
    expect(lines.filter((l) => / WARN .*no_such_key/.test(l))).toHaveLength(1);
    expect(daemon.stdout).toBe('');
  });

  test('LOG-08, K-40: a standard error that nobody reads holds up no request, at level trace', async () => {
    await using scratch = new Scratch();
    const fifo = join(scratch.dir, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const reader = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
    try {
      const files = Object.fromEntries([...Array(200).keys()].map((i) => [`d/f${i}`, `${i}`]));
      const argv = ['serve', '--repo', scratch.repository(files), '--log-level', 'trace'];
      const daemon = scratch.start(argv, {}, ['bash', '-c', `exec "$0" "$@" 2> '${fifo}'`]);
      expect(await readThrough(scratch, 'd/f7')).toBe('7');
      const names = await run('grep', ['-rl', '', scratch.mnt], { timeout: 120_000, cwd: '/' });
      expect(names.stdout.trimEnd().split('\n').length).toBeGreaterThanOrEqual(200);
      await endsWell(daemon);
    } finally {
      closeSync(reader);
    }
  });

  // The middle of a line does not fit any more; what comes later would, and the daemon goes on.
  test('issue 6: the file of the log is on a disk that fills up, and the daemon serves on, jobs too', async () => {
    await using scratch = new Scratch();
    const full = join(scratch.dir, 'full');
    mkdirSync(full);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'none', full]);
    writeFileSync(join(full, 'fill'), 'x'.repeat(4096));
    scratch.write('scorpio.toml', '');
    const argv = ['serve', '--repo', scratch.repository({ a: 'text' }), '--log-level', 'trace'];
    const log = join(full, 'log');
    writeFileSync(log, 'x'.repeat(3900));
    const daemon = scratch.start(argv, {}, ['bash', '-c', `exec "$0" "$@" >> '${log}' 2>&1`]);
    expect(await readThrough(scratch, 'a')).toBe('text');
    const mount = scratch.start(['mount', 'x']);
    // That it is still at it is said after a second.
    expect([await mount.ended, mount.stderr.replace('mounting…\n', '')]).toEqual([0, '']);
    expect(statSync(log).size).toBe(4096);
    await endsWell(daemon);
  });

  const outputs = [
    { name: 'a full disk', to: '2> /dev/full' },
    { name: 'closed', to: '2>&-' },
    { name: 'a pipe whose reader ends', to: '2> >(head -c 10 > /dev/null)' },
  ];
  test.each(outputs)('K-40: standard error is $name, and the daemon serves on', async ({ to }) => {
    await using scratch = new Scratch();
    const argv = ['serve', '--repo', scratch.repository({ a: 'text' }), '--log-level', 'trace'];
    const daemon = scratch.start(argv, {}, ['bash', '-c', `exec "$0" "$@" ${to}`]);
    expect(await readThrough(scratch, 'a')).toBe('text');
    await endsWell(daemon);
  });
});

const hasScript = existsSync('/usr/bin/script') ? test : test.skip;
hasScript.each([
  { name: 'colours on a terminal', env: {}, coloured: true },
  { name: 'none with NO_COLOR', env: { NO_COLOR: '1' }, coloured: false },
])('LOG-06, K-22: $name (skipped without script)', async ({ env, coloured }) => {
  await using scratch = new Scratch();
  // A busy address: the warning about the file is logged, and the program ends.
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const path = scratch.write('some.toml', 'no_such_key = 1\n');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const program = scratch.start(['-c', path, 'serve', '--http-addr', `127.0.0.1:${port}`], env, [
      'bash',
      '-c',
      'exec script -qec "$(printf "%q " "$0" "$@")" /dev/null',
    ]);
    await program.ended;
    expect(program.stdout).toContain('no_such_key');
    expect(program.stdout.includes('\u001b[33m WARN')).toBe(coloured);
    expect(program.stdout.includes('\u001b')).toBe(coloured);
  } finally {
    server.close();
  }
});
