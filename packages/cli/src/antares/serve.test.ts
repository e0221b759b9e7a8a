import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { canMount, endMount, until } from '@scorpiofs/fuse/testing';
import { startMonoServer, type MonoServer } from '@scorpiofs/mono-server';

const mounted = canMount() ? describe : describe.skip;
const run = promisify(execFile);
const BIN = fileURLToPath(new URL('../../../../apps/antares/bin/antares.js', import.meta.url));

let dir = '';
let server: MonoServer;
/** Accepts requests and never answers them. */
let silent: Server;
const held = new Set<ServerResponse>();

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'scorpio-antares-serve-'));
  const repo = join(dir, 'repo');
  await mkdir(repo);
  await writeFile(join(repo, 'README'), 'hello\n');
  const git = (...args: string[]) =>
    run('git', ['-C', repo, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.test', ...args]);
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '--all');
  await git('commit', '--quiet', '-m', 'first');
  server = await startMonoServer({ repo });
  silent = createServer((_, response) => held.add(response));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  silent.closeAllConnections();
  await new Promise((resolve) => silent.close(resolve));
  await server.close();
  await rm(dir, { recursive: true });
});
beforeEach(async () => {
  await rm(join(dir, 'data'), { recursive: true, force: true });
});

interface Serving {
  readonly child: ChildProcess;
  readonly url: string;
  readonly said: () => string;
  readonly ended: Promise<number | null>;
}

async function serve(baseUrl: string): Promise<Serving> {
  const at = (name: string) => join(dir, 'data', name);
  const child = spawn(
    process.execPath,
    [BIN, '--config-path', '/dev/null', 'serve', '--bind', '127.0.0.1:0'],
    {
      cwd: dir,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        SCORPIO_BASE_URL: baseUrl,
        SCORPIO_LFS_URL: baseUrl,
        SCORPIO_WORKSPACE: at('w'),
        SCORPIO_STORE_PATH: at('store'),
        SCORPIO_CONFIG_FILE: at('works.toml'),
        SCORPIO_ANTARES_UPPER_ROOT: at('up'),
        SCORPIO_ANTARES_CL_ROOT: at('cl'),
        SCORPIO_ANTARES_MOUNT_ROOT: at('mnt'),
        SCORPIO_ANTARES_STATE_FILE: at('st/state.toml'),
      },
    },
  );
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(child, 'exit').then(([code]: (number | null)[]) => code ?? null);
  const address = () => /starting Antares daemon on (\S+)/.exec(said)?.[1];
  await until('it runs', () => {
    if (child.exitCode !== null) throw new Error(`never ran: ${said}`);
    return address() !== undefined;
  });
  return { child, url: `http://${address()}`, said: () => said, ended };
}

async function post(url: string, job_id: string): Promise<{ status: number; code?: string }> {
  for (;;) {
    const answer = await fetch(`${url}/mounts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ path: '/', job_id }),
    });
    const { code } = (await answer.json()) as { code?: string };
    if (code !== 'STARTING') return { status: answer.status, ...(code !== undefined && { code }) };
    await new Promise((r) => setTimeout(r, 50));
  }
}

async function mounts(): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  return table.split('\n').flatMap((line) => {
    const point = line.split(' ')[4] ?? '';
    return point.startsWith(dir) ? [point] : [];
  });
}

mounted('antares serve (skipped without root and /dev/fuse)', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'W-27, A-31, CLI-14: %s unmounts everything and exits 0; the record stays, and the next start brings the job back',
    async (signal) => {
      const first = await serve(server.url);
      expect((await post(first.url, 'j')).status).toBe(200);
      expect(await mounts()).toHaveLength(2);
      first.child.kill(signal);
      expect(await first.ended).toBe(0);
      expect(await mounts()).toEqual([]);
      expect(await readFile(join(dir, 'data/st/state.toml'), 'utf8')).toContain('job_id = "j"');
      if (signal !== 'SIGTERM') return;
      const second = await serve(server.url);
      expect((await post(second.url, 'j')).status).toBe(200);
      expect(await mounts()).toHaveLength(2);
      second.child.kill(signal);
      expect(await second.ended).toBe(0);
    },
  );

  test('HTTP-01, H-17, W-26, 1.7: while a view is being made, /health does not wait for it; while it drains, changes are 503 SHUTDOWN and questions are answered; it ends within its limit', async () => {
    const serving = await serve(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
    const waiting = post(serving.url, 'never').catch((error: unknown) => error);
    let made = false;
    void waiting.then(() => (made = true));
    await until('the server is asked', () => held.size > 0);
    for (let i = 0; i < 10; i++) expect((await fetch(`${serving.url}/health`)).status).toBe(200);
    expect(made).toBe(false);
    serving.child.kill('SIGTERM');
    await until('it is stopping', () => serving.said().includes('stopping'));
    expect(await post(serving.url, 'late')).toEqual({ status: 503, code: 'SHUTDOWN' });
    expect((await fetch(`${serving.url}/mounts`)).status).toBe(200);
    // Beyond the limit it would be 1.
    expect(await serving.ended).toBe(0);
    await waiting;
    expect(await mounts()).toEqual([]);
  });

  test('W-69, issue 5.5: /metrics tells an operator about jobs, their creates and deletes, the kernel, the server and the store', async () => {
    const serving = await serve(server.url);
    const text = async () => await (await fetch(`${serving.url}/metrics`)).text();
    for (const job of ['a', 'b']) expect((await post(serving.url, job)).status).toBe(200);
    await fetch(`${serving.url}/mounts/by-job/a`, { method: 'DELETE' });
    const said = await text();
    const value = (line: string) => {
      const found = said.split('\n').find((one) => one.startsWith(`${line} `));
      return found === undefined ? undefined : Number(found.slice(line.length));
    };
    expect(value('scorpio_antares_jobs{state="Ready"}')).toBe(1);
    expect(value('scorpio_antares_jobs{state="Failed"}')).toBe(0);
    expect(value('scorpio_antares_open_uppers')).toBe(1);
    expect(value('scorpio_base_revisions')).toBe(1);
    expect(value('scorpio_store_bytes')).toBeGreaterThan(0);
    expect(value('scorpio_fuse_in_flight{mount="base"}')).toBe(0);
    const duration = 'scorpio_http_request_duration_seconds_count';
    expect(value(`${duration}{method="POST",route="/mounts",status="200"}`)).toBe(2);
    expect(value(`${duration}{method="DELETE",route="/mounts/by-job/:job",status="200"}`)).toBe(1);
    expect(said).toMatch(/^scorpio_fuse_requests_total\{mount="base",op="\w+"\} [1-9]/m);
    expect(said).toMatch(/^scorpio_server_requests_total\{kind="\w+"\} [1-9]/m);
    expect(said).toMatch(/^scorpio_server_received_bytes_total\{kind="\w+"\} [1-9]/m);
    expect(said).not.toMatch(/="b"/);
    serving.child.kill('SIGTERM');
    expect(await serving.ended).toBe(0);
  });

  test('K-20: a second signal ends it at once with 1; what that leaves is mended by the next start', async () => {
    const serving = await serve(server.url);
    expect((await post(serving.url, 'j')).status).toBe(200);
    serving.child.kill('SIGSTOP');
    serving.child.kill('SIGTERM');
    serving.child.kill('SIGINT');
    serving.child.kill('SIGCONT');
    expect(await serving.ended).toBe(1);
    const next = await serve(server.url);
    expect((await post(next.url, 'j')).status).toBe(200);
    next.child.kill('SIGTERM');
    expect(await next.ended).toBe(0);
    expect(await mounts()).toEqual([]);
  });

  afterAll(async () => {
    for (const point of await mounts()) await endMount(point);
  });
});
