import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { canMount, until } from '@scorpiofs/fuse/testing';
import { startMonoServer, type MonoServer } from '@scorpiofs/mono-server';

const root = canMount() ? test : test.skip;
const run = promisify(execFile);
const BIN = fileURLToPath(new URL('../../../../apps/scorpio/bin/scorpio.js', import.meta.url));

let dir = '';
let server: MonoServer;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'scorpio-cli-mount-'));
  const repo = join(dir, 'repo');
  await run('git', ['init', '--quiet', '--initial-branch=main', repo]);
  writeFileSync(join(repo, 'README'), 'hello\n');
  const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.test'];
  await run('git', ['-C', repo, 'add', '--all']);
  await run('git', ['-C', repo, ...identity, 'commit', '--quiet', '-m', 'first']);
  server = await startMonoServer({ repo });
  const at = (name: string): string => JSON.stringify(join(dir, name));
  writeFileSync(
    join(dir, 'ok.toml'),
    `base_url = "${server.url}"
lfs_url = "${server.url}"
workspace = ${at('w')}
store_path = ${at('store')}
config_file = ${at('works.toml')}
antares_upper_root = ${at('up')}
antares_cl_root = ${at('cl')}
antares_mount_root = ${at('mnt')}
antares_state_file = ${at('st/state.toml')}
http_addr = "127.0.0.1:0"
`,
  );
});
afterAll(async () => {
  await server.close();
  rmSync(dir, { recursive: true });
});

interface As {
  readonly config?: string;
  readonly uid?: number;
  readonly env?: Record<string, string>;
}

function scorpio(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  return scorpioAs({}, ...words);
}

async function scorpioAs(
  { config = join(dir, 'ok.toml'), uid, env = {} }: As,
  ...words: string[]
): Promise<{ code: number; out: string; err: string }> {
  const argv = [BIN, '-c', config, ...words];
  const who = uid === undefined ? {} : { uid, gid: uid };
  try {
    const { stdout, stderr } = await run(process.execPath, argv, {
      cwd: '/',
      timeout: 120_000,
      env: { ...process.env, ...env },
      ...who,
    });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

const mounted = (): boolean => readFileSync('/proc/self/mountinfo', 'utf8').includes(dir);

const gone = (): Promise<void> => until('nothing is mounted', () => !mounted());

root(
  'CLI-08, CLI-09, CLI-10, K-09, K-11, K-30, W-09…W-11: mount starts a daemon that ends with its last job; umount keeps the upper, --purge does not',
  async () => {
    const mountpoint = join(dir, 'mnt/j1');
    expect(await scorpio('mount', 'j1')).toMatchObject({
      code: 0,
      out: `mounted job j1 at ${mountpoint}\n`,
    });
    expect(await readFile(join(mountpoint, 'README'), 'utf8')).toBe('hello\n');
    await writeFile(join(mountpoint, 'own'), 'own\n');
    const second = await scorpio('mount', 'j2', '--json');
    expect(JSON.parse(second.out)).toEqual({ job_id: 'j2', mountpoint: join(dir, 'mnt/j2') });
    expect((await scorpio('list')).out).toMatch(/^job_id=j1 .*\njob_id=j2 .*\n$/);
    expect(await scorpio('umount', 'j1')).toMatchObject({ code: 0, out: 'unmounted job j1\n' });
    expect(await scorpio('umount', 'j2', '--purge')).toMatchObject({ code: 0 });
    await gone();
    const uppers = readdirSync(join(dir, 'up')).filter((name) => !name.startsWith('.'));
    expect(uppers.map((name) => readdirSync(join(dir, 'up', name)))).toEqual([['own']]);
    expect((await scorpio('list')).out).toBe('no active jobs\n');
    expect(await scorpio('umount', 'j1')).toMatchObject({ code: 3 });
  },
);

root(
  'issue 5.2, 5.6: --uid and --gid: a view that is that user’s, at a place that the user gets to, by a daemon that was started or one that runs',
  async () => {
    chmodSync(dir, 0o711);
    const place = async (job: string): Promise<string> => {
      const made = await scorpio('mount', job, '--uid', '1234', '--gid', '2345', '--json');
      expect([made.code, made.code === 0 ? '' : made.err]).toEqual([0, '']);
      return (JSON.parse(made.out) as { mountpoint: string }).mountpoint;
    };
    try {
      const views = [await place('w1'), await place('w2')];
      for (const view of views) {
        expect(view.startsWith(`${join(dir, 'mnt-users')}/`)).toBe(true);
        const script = `cd ${view} && echo x >> README && stat -c %u:%g . README`;
        const as = { uid: 1234, gid: 2345, cwd: '/', timeout: 120_000 };
        expect((await run('sh', ['-ec', script], as)).stdout).toBe('1234:2345\n1234:2345\n');
      }
      expect(await place('w1')).toBe(views[0]);
    } finally {
      for (const job of ['w1', 'w2']) await scorpio('umount', job, '--purge');
      await gone();
    }
  },
);

async function serve(): Promise<ChildProcess> {
  const argv = [BIN, '-c', join(dir, 'ok.toml'), 'serve'];
  const child = spawn(process.execPath, argv, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  await until('it runs', () => {
    if (child.exitCode !== null) throw new Error(`never ran: ${said}`);
    return said.includes('server running on');
  });
  return child;
}

root(
  'CLI-11, K-10: an unmount that fails is exit 3 and keeps the record; one that can then takes the view of a killed daemon away',
  async () => {
    const child = await serve();
    expect((await scorpio('mount', 'f1')).code).toBe(0);
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
    try {
      const mountpoint = join(dir, 'mnt/f1');
      const there = () => readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${mountpoint} `);
      expect(there()).toBe(true);
      const unable = ['--bounding-set', '-sys_admin', process.execPath, BIN, '-c'];
      const failed = run('setpriv', [...unable, join(dir, 'ok.toml'), 'umount', 'f1'], {
        cwd: '/',
      });
      await expect(failed).rejects.toMatchObject({
        code: 3,
        stdout: '',
        stderr: expect.stringMatching(/^failed to unmount job f1: .*EPERM\nhint: .*umount -l/),
      });
      expect(there()).toBe(true);
      expect((await scorpio('list')).out).toMatch(/^job_id=f1 /);
      expect(await scorpio('umount', 'f1', '--purge')).toMatchObject({ code: 0 });
      expect(there()).toBe(false);
      expect((await scorpio('list')).out).toBe('no active jobs\n');
    } finally {
      // What else the killed daemon left.
      const left = readFileSync('/proc/self/mountinfo', 'utf8').match(/\S+/g) ?? [];
      for (const path of left.filter((word) => word.startsWith(dir)))
        await run('umount', ['-l', path]);
    }
  },
);

root(
  'A-30, SRV-04, D14: serve makes views, SIGTERM ends them with code 0, and umount works without a daemon',
  async () => {
    const child = await serve();
    const made = await scorpio('mount', 'k1');
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    const [code] = (await exit) as [number | null];
    expect([made.code, made.out, code]).toEqual([0, `mounted job k1 at ${dir}/mnt/k1\n`, 0]);
    expect(mounted()).toBe(false);
    expect((await scorpio('list')).out).toMatch(/^job_id=k1 /);
    expect((await scorpio('umount', 'k1', '--purge')).code).toBe(0);
    expect((await scorpio('list')).out).toBe('no active jobs\n');
  },
);

root('D11, §7: antares_overlay_engine = userspace serves the view itself', async () => {
  const as: As = { env: { SCORPIO_ANTARES_OVERLAY_ENGINE: 'userspace' } };
  const mountpoint = join(dir, 'mnt/u1');
  expect(await scorpioAs(as, 'mount', 'u1')).toMatchObject({ code: 0 });
  expect(await readFile('/proc/self/mounts', 'utf8')).toContain(
    `antares ${mountpoint} fuse.scorpiofs rw,nosuid,nodev`,
  );
  await writeFile(join(mountpoint, 'README'), 'changed\n');
  expect(await scorpioAs(as, 'umount', 'u1', '--purge')).toMatchObject({ code: 0 });
  await gone();
});

const NOBODY = 65_534;
const users = canMount() && (statSync('/dev/fuse').mode & 6) === 6;
const user = users ? test : test.skip;

user(
  `D11, W-40: a daemon of an ordinary user serves views, with deletions in the form it may write${users ? '' : ' (skipped: /dev/fuse is for root alone)'}`,
  async () => {
    const home = join(dir, 'home');
    mkdirSync(home);
    chmodSync(dir, 0o711);
    chownSync(home, NOBODY, NOBODY);
    const config = join(home, 'own.toml');
    writeFileSync(
      config,
      readFileSync(join(dir, 'ok.toml'), 'utf8').replaceAll(`"${dir}/`, `"${home}/`),
    );
    const as: As = { config, uid: NOBODY, env: { HOME: home } };
    const made = await scorpioAs(as, 'mount', 'o1');
    expect([made.code, made.code === 0 ? '' : made.err]).toEqual([0, '']);
    const mountpoint = join(home, 'mnt/o1');
    const own = { uid: NOBODY, gid: NOBODY, cwd: '/', timeout: 120_000 };
    const script = `cd ${mountpoint} && cat README && rm README && echo x > x && ls`;
    expect((await run('sh', ['-ec', script], own)).stdout).toBe('hello\nx\n');
    expect(await scorpioAs(as, 'umount', 'o1')).toMatchObject({ code: 0 });
    await gone();
    expect(readFileSync(join(home, 'st/state.toml'), 'utf8')).not.toContain('o1');
    const [upper = ''] = readdirSync(join(home, 'up')).filter((name) => !name.startsWith('.'));
    expect(readdirSync(join(home, 'up', upper)).sort()).toEqual(['.wh.README', 'x']);
  },
);
