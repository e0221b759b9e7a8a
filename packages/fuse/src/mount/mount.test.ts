import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, closeSync, openSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { serve, type ServedMount, type ServeRequest } from '../testing/serve.js';
import { until } from '../testing/until.js';
import { detachDeadMounts, findMounts, probeMount } from './dead-mounts.js';
import { findFusermount } from './fusermount.js';
import { mount } from './mount.js';
import { readMountTable } from './mount-table.js';
import { openDevice } from './open-device.js';

const run = promisify(execFile);
const FIXTURE = new URL('../../dist/testing/probe-fs.js', import.meta.url);
const NOBODY = 65_534;
/** What answers does so within this time, however slow the machine is. */
const ANSWERS = { timeoutMs: 120_000 };

const canMount = (() => {
  try {
    accessSync('/dev/fuse');
    return process.geteuid?.() === 0;
  } catch {
    return false;
  }
})();
const rootTest = canMount ? test : test.skip;
const why = canMount ? '' : ' (skipped: needs root and /dev/fuse)';
const users = canMount && findFusermount() !== undefined && (statSync('/dev/fuse').mode & 6) === 6;
const userTest = users ? test : test.skip;
const userWhy = users
  ? ''
  : ' (skipped: needs root to become a user, fusermount3, /dev/fuse for all)';

let place: string;
let point: string;
let running: ServedMount[];

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'fuse-mount-'));
  point = join(place, 'mnt');
  await mkdir(point);
  running = [];
});

afterEach(async () => {
  for (const each of running) {
    each.signal('SIGCONT');
    await each.unmount().catch(() => undefined);
    each.signal('SIGKILL');
    await each.exited;
  }
  await detachDeadMounts(place, ANSWERS);
  expect(await findMounts(place)).toEqual([]);
  await rm(place, { recursive: true });
});

async function served(more: Partial<ServeRequest> = {}): Promise<ServedMount> {
  const child = await serve({ fixture: FIXTURE, mountpoint: point, ...more });
  running.push(child);
  return child;
}

/** Another program, killed when it hangs. */
function shell(command: string, seconds = 120): Promise<string> {
  return run('timeout', ['-s', 'KILL', String(seconds), 'sh', '-c', command]).then((r) => r.stdout);
}

async function inFlight(child: ServedMount, count: number): Promise<void> {
  await until(`${count} in flight`, async () => (await child.stats()).inFlight === count);
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (typeof error !== 'object' || error === null || !('code' in error)) return String(error);
  expect('hint' in error && typeof error.hint === 'string' && error.hint !== '').toBe(true);
  return String(error.code);
}

describe('a mount', () => {
  rootTest(`is served, unmounted, and leaves nothing: no mount, no process${why}`, async () => {
    const child = await served();
    expect((await readdir(point)).toSorted()).toEqual(['held', 'hello']);
    expect(await readFile(join(point, 'hello'), 'utf8')).toBe('hello\n');
    const { mtimeNs } = await stat(join(point, 'hello'), { bigint: true });
    expect(mtimeNs).toBe(1_700_000_000_123_456_789n);
    await child.unmount();
    expect(await findMounts(place)).toEqual([]);
    // By itself: nothing (timer, stream, thread) keeps the process after the session.
    expect(await child.exited).toBe(0);
  });

  rootTest(`ends when somebody else unmounts it${why}`, async () => {
    const child = await served();
    await shell(`umount ${point}`);
    expect(await child.exited).toBe(0);
    expect(child.events).toEqual([{ event: 'closed', fields: 'unmounted' }]);
  });

  rootTest(`ends as aborted when the connection is aborted${why}`, async () => {
    const child = await served();
    const [entry] = await findMounts(place);
    const control = join(place, 'control');
    await mkdir(control);
    await shell(`mount -t fusectl none ${control}`);
    try {
      await writeFile(join(control, entry?.device.split(':')[1] ?? '', 'abort'), '1');
    } finally {
      await shell(`umount ${control}`);
    }
    expect(await child.exited).toBe(0);
    expect(child.events).toEqual([{ event: 'closed', fields: 'aborted' }]);
    expect(await probeMount(point, ANSWERS.timeoutMs)).toBe('dead');
  });

  rootTest(`in use: refused or detached, as asked${why}`, async () => {
    const child = await served();
    const file = await open(join(point, 'hello'));
    try {
      expect(await codeOf(child.unmount({ busy: 'fail' }))).toBe('FUSE_BUSY');
      expect(await readFile(join(point, 'hello'), 'utf8')).toBe('hello\n');
      const unmounted = child.unmount({ busy: 'detach', busyMs: 600_000 });
      await until('it left the tree', async () => (await findMounts(place)).length === 0);
      // Whoever is inside goes on for a while.
      expect((await file.stat()).size).toBe(6);
      await file.close();
      await unmounted;
    } finally {
      await file.close().catch(() => undefined);
    }
    expect(await child.exited).toBe(0);
  });

  rootTest(
    `in use for longer than the while that was granted: ended all the same${why}`,
    async () => {
      const child = await served();
      const file = await open(join(point, 'hello'));
      try {
        await child.unmount({ busy: 'detach', busyMs: 100 });
        await expect(file.sync()).rejects.toThrow(/ENOTCONN|ECONNABORTED/);
      } finally {
        await file.close().catch(() => undefined);
      }
      expect(await child.exited).toBe(0);
    },
  );

  rootTest(`costs no processor time when idle${why}`, async () => {
    const child = await served();
    await readdir(point);
    const ticks = async () => {
      const fields = (await readFile(`/proc/${child.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ');
      return Number(fields?.[11]) + Number(fields?.[12]);
    };
    // What starts up late may cost something in one while, what polls costs in every one.
    await until('a while without work', async () => {
      const before = await ticks();
      await sleep(1500);
      return (await ticks()) - before <= 1;
    });
  });

  rootTest(
    `fs: R-05: nosuid, nodev; has the options asked for in the mount table${why}`,
    async () => {
      const child = await served({ options: { readAheadKiB: 512 } });
      const [plain] = await findMounts(place);
      expect(plain?.type).toBe('fuse.scorpiofs');
      expect(plain?.options.split(',')).toEqual(expect.arrayContaining(['rw', 'nosuid', 'nodev']));
      expect(plain?.superOptions).toContain('default_permissions');
      expect(plain?.superOptions).not.toContain('allow_other');
      const bdi = `/sys/class/bdi/${plain?.device}/read_ahead_kb`;
      expect((await readFile(bdi, 'utf8')).trim()).toBe('512');
      await child.unmount();
      await served({
        options: {
          readOnly: true,
          suid: true,
          dev: true,
          exec: false,
          allowOther: true,
          defaultPermissions: false,
          fsName: 'a b,c',
          subtype: 'mine',
          maxRead: 65_536,
        },
      });
      const [other] = await findMounts(place);
      expect([other?.type, other?.source]).toEqual(['fuse.mine', 'a b,c']);
      const options = other?.options.split(',') ?? [];
      expect(options).toEqual(expect.arrayContaining(['ro', 'noexec']));
      expect(options).not.toEqual(expect.arrayContaining(['nosuid']));
      expect(options).not.toEqual(expect.arrayContaining(['nodev']));
      expect(other?.superOptions).toMatch(/allow_other.*max_read=65536/);
      expect(other?.superOptions).not.toContain('default_permissions');
      await expect(writeFile(join(point, 'hello'), 'x')).rejects.toThrow(/EROFS/);
    },
  );
});

describe('requests', () => {
  rootTest(`a killed client does not stay blocked (D7)${why}`, async () => {
    const child = await served();
    const client = execFile('cat', [join(point, 'slow')]);
    await inFlight(child, 1);
    const ended = once(client, 'exit');
    client.kill('SIGKILL');
    await ended;
    await inFlight(child, 0);
    expect(await child.control('interrupted')).toBe(1);
  });

  rootTest(`what is unmounted under a waiting client ends it${why}`, async () => {
    const child = await served();
    const client = execFile('cat', [join(point, 'slow')]);
    const ended = once(client, 'exit');
    await inFlight(child, 1);
    await child.unmount({ busyMs: 100 });
    const [code] = (await ended) as [number];
    expect(code).toBe(1);
  });

  rootTest(`changed contents are seen after a notification${why}`, async () => {
    const child = await served();
    const read = () => readFile(join(point, 'hello'), 'utf8');
    expect(await read()).toBe('hello\n');
    expect(await read()).toBe('hello\n');
    expect((await child.stats()).requests.READ).toBe(1);
    await child.control('say', 'something else\n');
    expect(await read()).toBe('something else\n');
  });

  rootTest(`what was stored in the page cache is read without a request${why}`, async () => {
    const child = await served();
    const path = join(point, 'hello');
    await stat(path);
    await child.control('store', 'HELLO\n');
    expect(await readFile(path, 'utf8')).toBe('HELLO\n');
    expect((await child.stats()).requests.READ ?? 0).toBe(0);
  });

  rootTest(`pruned nodes that nobody uses are forgotten, where the kernel can${why}`, async () => {
    const child = await served();
    await stat(join(point, 'hello'));
    await stat(join(point, 'held'));
    await child.control('prune');
    const kept = child.info.protocolMinor >= 45 ? 0 : 2;
    await until('they are forgotten', async () => (await child.stats()).references <= kept);
    expect((await child.stats()).references).toBe(kept);
    expect(child.events).toEqual([]);
  });

  rootTest(`lookup references go back to zero when the kernel forgets${why}`, async () => {
    const child = await served();
    await stat(join(point, 'hello'));
    await stat(join(point, 'held'));
    expect((await child.stats()).references).toBe(2);
    await child.control('forget', 'hello');
    await child.control('forget', 'held');
    await until('they are forgotten', async () => (await child.stats()).references === 0);
  });

  rootTest(`a notification for a directory in use blocks neither side (§5)${why}`, async () => {
    const child = await served();
    const made = mkdir(join(point, 'held', 'made'));
    await inFlight(child, 1);
    const told = child.control('forget-in-held');
    // Another request meanwhile: the daemon's loop goes on.
    expect(await readFile(join(point, 'hello'), 'utf8')).toBe('hello\n');
    await child.control('let-go');
    await Promise.all([made, told]);
  });
});

describe('passthrough', () => {
  async function bigFile(): Promise<string> {
    const big = join(place, 'big');
    await writeFile(big, Buffer.alloc(16 * 1024 * 1024, 'abcdefg'), { mode: 0o644 });
    return big;
  }

  rootTest(`reads come from the host file, without a request${why}`, async () => {
    const big = await bigFile();
    const child = await served({ argument: { big } });
    expect((await readFile(join(point, 'big'))).equals(await readFile(big))).toBe(true);
    expect((await child.stats()).requests.READ ?? 0).toBe(child.info.passthrough ? 0 : 16);
    await until('it lets go of them', async () => (await child.stats()).backingFiles === 0);
  });

  userTest(`without root it falls back to plain reads${userWhy}`, async () => {
    const big = await bigFile();
    await run('chown', ['-R', String(NOBODY), place]);
    const child = await served({ argument: { big }, uid: NOBODY, gid: NOBODY });
    const as = { uid: NOBODY, gid: NOBODY, timeout: 120_000 };
    const { stdout } = await run('cksum', [join(point, 'big'), big], as);
    const sums = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[0]);
    expect(sums[0]).toBe(sums[1]);
    expect((await child.stats()).requests.READ).toBeGreaterThan(0);
  });
});

describe('without root', () => {
  userTest(`fusermount3 mounts and unmounts${userWhy}`, async () => {
    await run('chown', ['-R', String(NOBODY), place]);
    const child = await served({ uid: NOBODY, gid: NOBODY, options: { fsName: 'a,b' } });
    const as = { uid: NOBODY, gid: NOBODY, timeout: 120_000 };
    expect((await run('cat', [join(point, 'hello')], as)).stdout).toBe('hello\n');
    const [entry] = await findMounts(place);
    expect([entry?.type, entry?.source]).toEqual(['fuse.scorpiofs', 'a,b']);
    expect(entry?.superOptions).toContain(`user_id=${NOBODY}`);
    await child.unmount();
    expect(await findMounts(place)).toEqual([]);
    expect(await child.exited).toBe(0);
  });

  userTest(`a missing fusermount3 is said${userWhy}`, async () => {
    const who = { uid: NOBODY, gid: NOBODY, env: { PATH: '/nowhere' } };
    const child = served({ ...who, options: { transport: 'kernel' } });
    expect(await codeOf(child)).toBe('FUSE_NO_FUSERMOUNT');
  });
});

describe('a mount whose server was killed', () => {
  rootTest(`is found dead and detached; its living neighbour is not touched${why}`, async () => {
    const neighbour = join(place, 'other');
    await mkdir(neighbour);
    await served({ mountpoint: neighbour });
    const child = await served();
    child.signal('SIGKILL');
    expect(await child.exited).toBe('SIGKILL');
    expect(
      await Promise.all([point, neighbour].map((at) => probeMount(at, ANSWERS.timeoutMs))),
    ).toEqual(['dead', 'alive']);
    const { detached, failed, left } = await detachDeadMounts(place, ANSWERS);
    expect(detached.map((e) => e.mountpoint)).toEqual([point]);
    expect(failed).toEqual([]);
    expect(left.map(({ entry, health }) => [entry.mountpoint, health])).toEqual([
      [neighbour, 'alive'],
    ]);
    expect(await readFile(join(neighbour, 'hello'), 'utf8')).toBe('hello\n');
  });

  rootTest(`is left when another mount lies inside: that would go with it${why}`, async () => {
    const child = await served();
    // The directory stays known to the kernel, so that the inner one can be reached at all.
    const inner = join(point, 'held');
    await shell(`mount -t tmpfs none ${inner}`);
    child.signal('SIGKILL');
    await child.exited;
    const { detached, failed } = await detachDeadMounts(place, ANSWERS);
    expect([detached, failed.map(({ reason }) => reason)]).toEqual([
      [],
      ['other mounts lie inside it'],
    ]);
    await shell(`umount -l ${inner}`);
  });

  rootTest(`is replaced by the next mount at the same place${why}`, async () => {
    const child = await served();
    child.signal('SIGKILL');
    await child.exited;
    await expect(stat(point)).rejects.toThrow(/ENOTCONN/);
    await served();
    expect(await readFile(join(point, 'hello'), 'utf8')).toBe('hello\n');
    expect(await findMounts(place)).toHaveLength(1);
  });

  rootTest(`but stopped: stuck, not dead, and left alone${why}`, async () => {
    const child = await served();
    child.signal('SIGSTOP');
    const { detached, left } = await detachDeadMounts(place, { timeoutMs: 300 });
    expect(detached).toEqual([]);
    expect(left.map(({ health }) => health)).toEqual(['stuck']);
    child.signal('SIGCONT');
    expect(await readFile(join(point, 'hello'), 'utf8')).toBe('hello\n');
  });
});

describe('what cannot be mounted says so, with a hint', () => {
  test('missing, not a directory, not empty', async () => {
    const file = join(place, 'file');
    await writeFile(file, '');
    const [missing, notDirectory, notEmpty] = await Promise.all(
      [join(place, 'none'), file, place].map((where) => codeOf(mount({}, where))),
    );
    expect([missing, notDirectory, notEmpty]).toEqual(
      canMount
        ? ['FUSE_MOUNTPOINT_MISSING', 'FUSE_MOUNTPOINT_NOT_DIRECTORY', 'FUSE_MOUNTPOINT_NOT_EMPTY']
        : [missing, notDirectory, notEmpty],
    );
  });

  test('no /dev/fuse', async () => {
    const missing = join(place, 'fuse');
    expect(await codeOf(Promise.resolve().then(() => openDevice(missing)))).toBe('FUSE_NO_DEVICE');
    // A file that is there and is no device opens; one that may not be opened is a matter of rights.
    closeSync(openSync(missing, 'w'));
  });

  rootTest(`not empty is allowed when asked for${why}`, async () => {
    await writeFile(join(point, 'below'), '');
    await served({ options: { allowNonEmpty: true } });
    expect(await readdir(point)).not.toContain('below');
  });

  rootTest(`another file system is mounted there, empty as it is: not hidden${why}`, async () => {
    await shell(`mount -t tmpfs none ${point}`);
    try {
      expect(await codeOf(served())).toBe('FUSE_ALREADY_MOUNTED');
    } finally {
      await shell(`umount ${point}`);
    }
  });

  rootTest(`already mounted and alive${why}`, async () => {
    await served();
    expect(await codeOf(served())).toBe('FUSE_ALREADY_MOUNTED');
    expect(await readFile(join(point, 'hello'), 'utf8')).toBe('hello\n');
  });

  rootTest(`two daemons at the same moment: one gives way${why}`, async () => {
    const both = await Promise.allSettled([served(), served()]);
    const lost = both.flatMap((each) =>
      each.status === 'rejected' ? [each.reason as unknown] : [],
    );
    expect(lost).toHaveLength(1);
    expect(await codeOf(Promise.reject(lost[0]))).toBe('FUSE_ALREADY_MOUNTED');
    expect(await readFile(join(point, 'hello'), 'utf8')).toBe('hello\n');
    expect(await findMounts(place)).toHaveLength(1);
  });

  rootTest(`inside a mount of the same process${why}`, async () => {
    const child = await served();
    expect(await child.control('mount-inside', '/held')).toBe('FUSE_INSIDE_OWN_MOUNT');
    expect(await child.control('mount-inside', '')).toBe('FUSE_ALREADY_MOUNTED');
  });
});

test('the mount table is read without asking any file system', async () => {
  const table = await readMountTable();
  expect(table.some((entry) => entry.mountpoint === '/')).toBe(true);
});
