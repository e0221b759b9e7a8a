import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canMount } from '@scorpiofs/fuse/testing';
import { JobRig } from '../testing/job-rig.js';
import { ScriptedServer } from '../testing/scripted-server.js';
import { SmallServer, VIEW } from '../testing/small-server.js';

const run = promisify(execFile);
// The probes are system calls that no tool makes.
const python = spawnSync('python3', ['-V']).status === 0;
const root = canMount() && python ? test : test.skip;

interface Probe {
  readonly op: string;
  /** Null: it succeeds. */
  readonly errno?: string | null;
  readonly weakness?: string;
}
const { probes } = JSON.parse(
  readFileSync(new URL('../../fixtures/attributes.json', import.meta.url), 'utf8'),
) as { probes: readonly Probe[] };

/** What was recorded for an operation. */
function recorded(op: string): string | null {
  const probe = probes.find((one) => one.op === op);
  if (probe === undefined) throw new Error(`${op} was not recorded`);
  return probe.errno ?? null;
}

let server: SmallServer;
beforeAll(async () => {
  server = await SmallServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

const PRELUDE = `
import ctypes,errno,fcntl,json,os,sys
libc=ctypes.CDLL(None,use_errno=True); seen={}
def probe(op,call):
    try: call(); seen[op]=None
    except OSError as e: seen[op]=errno.errorcode[e.errno]
def renameat2(a,b,flags):
    if libc.renameat2(-100,a,-100,b,flags)<0: raise OSError(ctypes.get_errno(),'')
def make(name): os.close(os.open(name,os.O_CREAT|os.O_WRONLY))
def inChild(call):
    pid=os.fork()
    if pid==0:
        try: call(); os._exit(0)
        except OSError as e: os._exit(e.errno)
    code=os.waitstatus_to_exitcode(os.waitpid(pid,0)[1])
    if code: raise OSError(code,'')
`;

/** Runs probes in a directory by another process; errno by operation. */
async function probed(cwd: string, script: string): Promise<Record<string, string | null>> {
  const code = `${PRELUDE}${script}\nprint(json.dumps(seen))`;
  const { stdout } = await run(
    'python3',
    ['-c', `import os,sys; os.chdir(sys.argv[1])\n${code}`, cwd],
    {
      cwd: '/',
      timeout: 120_000,
    },
  );
  return JSON.parse(stdout) as Record<string, string | null>;
}

/** The names of `attributes.json`, where one is meant by a single call. */
const IN_A_VIEW = `
probe('link(2) on a base file',lambda: os.link('README.md','second'))
make('a'); make('b')
probe('NOREPLACE',lambda: renameat2(b'a',b'b',1))
probe('NOREPLACE to a new name',lambda: renameat2(b'a',b'c',1))
probe('EXCHANGE',lambda: renameat2(b'b',b'c',2))
probe('WHITEOUT',lambda: renameat2(b'b',b'd',4))
probe('link(2) on a directory',lambda: os.link('docs','dir'))
probe('rmdir non-empty',lambda: os.rmdir('docs'))
os.mkdir('e1')
probe('rename directory onto non-empty directory',lambda: os.rename('e1','wide'))
probe('O_TMPFILE',lambda: os.close(os.open('.',os.O_TMPFILE|os.O_RDWR)))
probe('name not UTF-8',lambda: make(b'\\xff\\xfe'))
probe('name of 256 bytes',lambda: make('x'*256))
first=os.open('README.md',os.O_RDWR); fcntl.flock(first,fcntl.LOCK_EX)
second=os.open('README.md',os.O_RDWR)
probe('second exclusive flock',lambda: fcntl.flock(second,fcntl.LOCK_EX|fcntl.LOCK_NB))
lock=os.open('docs/crlf.txt',os.O_RDWR); fcntl.lockf(lock,fcntl.LOCK_EX)
def other(): fcntl.lockf(os.open('docs/crlf.txt',os.O_RDWR),fcntl.LOCK_EX|fcntl.LOCK_NB)
probe('second exclusive POSIX lock, other process',lambda: inChild(other))
`;

/** Every change that a directory with `README.md` can be asked for. */
const CHANGES = `
probe('create',lambda: make('new')); probe('mkdir',lambda: os.mkdir('new'))
probe('unlink',lambda: os.unlink('README.md')); probe('write',lambda: os.open('README.md',os.O_WRONLY))
probe('rename',lambda: os.rename('README.md','new')); probe('chmod',lambda: os.chmod('README.md',0o600))
probe('setxattr',lambda: os.setxattr('README.md','user.a',b'b'))
probe('truncate',lambda: os.truncate('README.md',0)); probe('symlink',lambda: os.symlink('a','new'))
probe('mknod',lambda: os.mknod('new')); probe('link',lambda: os.link('README.md','new'))
`;

/** What only a weakness of 0.2.3 makes fail, or not. */
const IN_A_VIEW_OURS: Readonly<Record<string, string | null>> = {
  // W-78
  'link(2) on a base file': null,
  // W-63
  'name not UTF-8': null,
  // W-77
  'second exclusive POSIX lock, other process': 'EAGAIN',
};

describe.each(['kernel', 'userspace'] as const)('attributes.json, probes, %s engine', (engine) => {
  let between: ScriptedServer;
  let rig: JobRig;
  beforeAll(async () => {
    if (!canMount()) return;
    between = await ScriptedServer.start(server.url);
    rig = await JobRig.start(between.url, { engine });
  });
  afterAll(async () => {
    if (!canMount()) return;
    await rig[Symbol.asyncDispose]();
    await between[Symbol.asyncDispose]();
  });

  root(
    'O-12, O-13: the recorded errno of calls in a view; instead of W-63, W-77, W-78, W-79 what is right',
    async () => {
      const { mountpoint } = await rig.create('calls', { path: VIEW });
      const { O_TMPFILE, ...seen } = await probed(mountpoint, IN_A_VIEW);
      const { NOREPLACE, 'NOREPLACE to a new name': moved, EXCHANGE, WHITEOUT, ...single } = seen;
      // W-79; for all three of them EINVAL was recorded, and nobody needs to make a whiteout.
      expect([NOREPLACE, moved, EXCHANGE]).toEqual(['EEXIST', null, null]);
      expect(WHITEOUT).toBe(recorded('renameat2 NOREPLACE/EXCHANGE/WHITEOUT'));
      const expected = Object.keys(single).map((op) => [
        op,
        op in IN_A_VIEW_OURS ? IN_A_VIEW_OURS[op] : recorded(op),
      ]);
      expect(Object.entries(single)).toEqual(expected);
      // Newer kernels have it.
      expect([null, recorded('O_TMPFILE')]).toContain(O_TMPFILE);
    },
  );

  root('spec 2.9: another user does not get in', async () => {
    const { mountpoint } = await rig.create('own', { path: VIEW });
    expect(recorded('stat as another user')).toBe('EACCES');
    await chmod(rig.folder, 0o711);
    const other = run('stat', [mountpoint], { cwd: '/', uid: 1234, gid: 1234 });
    await expect(other).rejects.toThrow('Permission denied');
  });

  root(
    'OV-17: who opened a file before it was copied up reads the file as it is now, as on other file systems; 0.2.3 kept the old bytes',
    async () => {
      const { mountpoint } = await rig.create('reader', { path: VIEW });
      const { before, now } = await probed(
        mountpoint,
        `
f=os.open('src/main.ts',os.O_RDONLY)
seen['before']=os.pread(f,100,0).decode()
w=os.open('src/main.ts',os.O_WRONLY|os.O_TRUNC); os.write(w,b'new'); os.close(w)
seen['now']=os.pread(f,100,0).decode()
`,
      );
      expect(before).toBe('hello again\n');
      // Whether the kernel's overlay does depends on its version.
      if (engine === 'userspace') expect(now).toBe('new');
      else expect(['new', before]).toContain(now);
    },
  );

  root(
    'D-20, W-46: without the server contents, and names of directories that nobody has listed, are EIO and remembered by nobody; names of listed ones are known',
    async () => {
      const { mountpoint } = await rig.create('down', { path: VIEW });
      const ask = () =>
        probed(
          mountpoint,
          `
probe('uncached content, server down',lambda: open('big.bin').read(1))
probe('unknown name, server down',lambda: os.stat('nope'))
probe('unlisted',lambda: os.stat('src/deep/a/b/nope'))
`,
        );
      between.scripts = [{ path: /./ }];
      try {
        const listed = 'unknown name, server down';
        expect(await ask()).toEqual({
          'uncached content, server down': recorded('uncached content, server down'),
          [listed]: recorded(listed),
          unlisted: 'EIO',
        });
      } finally {
        between.scripts = [];
      }
      expect(Object.values(await ask())).toEqual([null, 'ENOENT', 'ENOENT']);
    },
  );
});

describe('attributes.json, probes', () => {
  root('D-10, D-11: any change in the bare base is EROFS', async () => {
    await using rig = await JobRig.start(server.url);
    await rig.create('j', { path: VIEW });
    const [base = ''] = await rig.mounts('base');
    const [revision = ''] = await readdir(base);
    const seen = await probed(join(base, revision, VIEW), CHANGES);
    const op =
      'any change in the bare workspace root (create, mkdir, unlink, write, rename, chmod, setxattr, truncate, symlink, mknod)';
    expect(Object.keys(seen)).toHaveLength(11);
    expect(new Set(Object.values(seen))).toEqual(new Set([recorded(op)]));
  });

  root(
    'O-16, W-62: what was removed upstream stays readable in a live view, and its directory can be listed',
    async () => {
      await using rig = await JobRig.start(server.url);
      const old = await rig.create('old', { path: VIEW });
      const names = async ({ mountpoint }: { mountpoint: string }) =>
        (await readdir(join(mountpoint, 'docs'))).sort();
      expect(await names(old)).toContain('no-newline.txt');
      await server.git('rm', '--quiet', '--cached', `${VIEW.slice(1)}/docs/no-newline.txt`);
      await server.git('commit', '--quiet', '-m', 'removed');
      const fresh = await rig.create('fresh', { path: VIEW });
      expect(await names(fresh)).toEqual(['crlf.txt', 'link-to-readme']);
      expect(await names(old)).toEqual(['crlf.txt', 'link-to-readme', 'no-newline.txt']);
      expect(await readFile(join(old.mountpoint, 'docs/no-newline.txt'), 'utf8')).toBe(
        'no newline',
      );
    },
  );
});
