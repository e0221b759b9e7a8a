import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { canMount } from '@scorpiofs/fuse/testing';
import { Scratch } from './testing/scratch.js';

const mounted = canMount() ? describe : describe.skip;
const FILES = { 'README.md': '# here\n', 'src/a.txt': 'a\n', 'src/deep/b.txt': 'b\n'.repeat(5000) };

mounted('bad input of serve (skipped without root and /dev/fuse)', () => {
  test('SRV-01, K-36: a busy address is exit 4, and leaves no mount and no process', async () => {
    await using scratch = new Scratch();
    const server = createTcpServer();
    await new Promise<void>((r) => server.listen(0, '127.0.0.1', r));
    const { port } = server.address() as AddressInfo;
    const daemon = scratch.start([
      'serve',
      '--repo',
      scratch.repository(FILES),
      '--http-addr',
      `127.0.0.1:${port}`,
    ]);
    expect(await daemon.ended).toBe(4);
    expect(daemon.stderr).toContain(
      `ERROR failed to bind HTTP address 127.0.0.1:${port}: Address already in use (os error 98)`,
    );
    expect(daemon.stderr).toContain('hint=');
    expect(await scratch.mounts()).toEqual([]);
    await new Promise((r) => server.close(r));
  });

  test('issue 3: a second daemon on one mount point is exit 3, and the first goes on', async () => {
    await using scratch = new Scratch();
    const repo = scratch.repository(FILES);
    const first = scratch.start(['serve', '--repo', repo]);
    await first.url();
    const second = scratch.start(['serve', '--repo', repo]);
    expect(await second.ended).toBe(3);
    expect(second.stderr).toMatch(
      /ERROR failed to mount workspace .*already a mount point.* hint=/,
    );
    expect(await scratch.mounts()).toContain(scratch.mnt);
    expect(await readFile(join(scratch.mnt, 'README.md'), 'utf8')).toBe(FILES['README.md']);
    first.signal('SIGTERM');
    expect(await first.ended).toBe(0);
  });

  test('issue 3: a mount point inside the store is refused, also through a link', async () => {
    await using scratch = new Scratch();
    const repo = scratch.repository(FILES);
    const plain = scratch.start(['serve', '--repo', repo], {
      SCORPIO_WORKSPACE: join(scratch.dir, 'store/mnt'),
    });
    expect(await plain.ended).toBe(2);
    expect(plain.stderr).toMatch(/'workspace'.*'store_path'|'store_path'.*'workspace'/);
    await mkdir(join(scratch.dir, 'store/mnt'), { recursive: true });
    await symlink(join(scratch.dir, 'store'), join(scratch.dir, 'alias'));
    const linked = scratch.start(['serve', '--repo', repo], {
      SCORPIO_WORKSPACE: join(scratch.dir, 'alias/mnt'),
    });
    expect(await linked.ended).toBe(3);
    expect(linked.stderr).toContain('overlap');
    expect(await scratch.mounts()).toEqual([]);
  });

  test('issue 3: a server that answers rubbish is no crash and no mount', async () => {
    await using scratch = new Scratch();
    const server = createServer((_request, response) => response.end('<html>hello</html>'));
    await new Promise<void>((r) => server.listen(0, '127.0.0.1', r));
    const { port } = server.address() as AddressInfo;
    const daemon = scratch.start(['-c', '/dev/null', 'serve'], {
      SCORPIO_BASE_URL: `http://127.0.0.1:${port}`,
    });
    await daemon.said(/no view of the server yet; asking again/);
    expect(await scratch.mounts()).not.toContain(scratch.mnt);
    daemon.signal('SIGTERM');
    expect(await daemon.ended).toBe(0);
    server.closeAllConnections();
    await new Promise((r) => server.close(r));
  });

  test('SRV-03: a state file that is none is exit 2, and left as it is', async () => {
    await using scratch = new Scratch();
    const path = scratch.write('config.toml', 'works = 3\n');
    const daemon = scratch.start(['serve', '--repo', scratch.repository(FILES)]);
    expect(await daemon.ended).toBe(2);
    expect(daemon.stderr).toContain(`ERROR failed to load state file '${path}': `);
    expect(readFileSync(path, 'utf8')).toBe('works = 3\n');
    expect(await scratch.mounts()).toEqual([]);
  });

  test('issue 3: no /dev/fuse is exit 3 with what to do', async () => {
    await using scratch = new Scratch();
    const repo = scratch.repository(FILES);
    // A mount namespace of its own, whose /dev has only what Node and git need.
    const script =
      'mount -t tmpfs none /dev && mknod /dev/null c 1 3 && mknod /dev/urandom c 1 9 && mknod /dev/zero c 1 5 && chmod 666 /dev/* && exec "$@"';
    const daemon = scratch.start(['serve', '--repo', repo], {}, [
      'unshare',
      '-m',
      'sh',
      '-c',
      script,
      'sh',
    ]);
    expect(await daemon.ended).toBe(3);
    expect(daemon.stderr).toMatch(/ERROR .*\/dev\/fuse.* hint=.*modprobe fuse/);
  });

  test('issue 3: no right to mount is exit 3 with what to do', async () => {
    await using scratch = new Scratch();
    const repo = scratch.repository(FILES);
    const wrap = ['setpriv', '--bounding-set', '-sys_admin'];
    const daemon = scratch.start(['serve', '--repo', repo], {}, wrap);
    expect(await daemon.ended).toBe(3);
    expect(daemon.stderr).toMatch(/ERROR .*no permission to mount.* hint=.*fusermount3/);
    expect(await scratch.mounts()).toEqual([]);
  });
});

describe('bad input of serve', () => {
  test.each([
    ['a folder that is no repository', 'folder', /not a Git repository|no Git repository/],
    ['a path where nothing is', 'nowhere', /there is nothing at this path/],
    ['an empty repository', 'empty', /no commit at HEAD/],
  ])('issue 3: --repo with %s is exit 2 and a sentence', async (_what, name, words) => {
    await using scratch = new Scratch();
    scratch.write('folder/x', '');
    execFileSync('git', ['init', '-q', join(scratch.dir, 'empty')]);
    const daemon = scratch.start(['serve', '--repo', name]);
    expect(await daemon.ended).toBe(2);
    expect(daemon.stderr).toMatch(words);
    expect(await scratch.mounts()).toEqual([]);
  });

  test('CLI-05: no subcommand is `serve`, with one note on stderr even with the log off', async () => {
    await using scratch = new Scratch();
    scratch.write('config.toml', 'garbage = [\n');
    scratch.write('scorpio.toml', '');
    const daemon = scratch.start(['--log-level', 'off']);
    expect(await daemon.ended).toBe(2);
    const lines = daemon.stderr.split('\n');
    expect(lines[0]).toBe(
      'note: running `scorpio` without a subcommand is deprecated; use `scorpio serve`',
    );
    // With the log off the failure is still said.
    expect(daemon.stderr).toContain('failed to load state file');
  });

  test('CFG-08: without a file and without --repo it is exit 2, and nothing is made', async () => {
    await using scratch = new Scratch();
    const daemon = scratch.start(['serve']);
    expect(await daemon.ended).toBe(2);
    expect(daemon.stderr).toMatch(
      /^Failed to load config: Config file not found at 'scorpio\.toml': No such file or directory \(os error 2\)\nhint: /,
    );
    expect(readdirSync(scratch.dir)).toEqual([]);
    expect(existsSync(scratch.mnt)).toBe(false);
  });

  test('issue 3: a place that cannot be made is exit 2 and named', async () => {
    await using scratch = new Scratch();
    scratch.write('file', '');
    const workspace = join(scratch.dir, 'file/mnt');
    const daemon = scratch.start(['-c', '/dev/null', 'serve'], { SCORPIO_WORKSPACE: workspace });
    expect(await daemon.ended).toBe(2);
    expect(daemon.stderr).toContain(
      `Failed to create directory ${workspace}: Not a directory (os error 20)`,
    );
  });
});
