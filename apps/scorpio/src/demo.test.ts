import { describe, expect, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { canMount } from '@scorpiofs/fuse/testing';
import { gone } from './testing/program.js';
import { Scratch } from './testing/scratch.js';

const mounted = canMount() ? describe : describe.skip;
const FILES = {
  'README.md': '# here\n',
  'src/a.txt': 'a\n',
  'src/deep/b.txt': 'b\n'.repeat(5000),
  'src/deep/er/large.bin': 'x'.repeat(300_000),
};

mounted('the main job (skipped without root and /dev/fuse)', () => {
  test('issue 3 item 9: without a terminal it mounts, walks, reads, says what was downloaded, unmounts, and ends with 0', async () => {
    await using scratch = new Scratch();
    const repo = scratch.repository(FILES);
    const demo = scratch.start(['demo', '--repo', repo], { TMPDIR: join(scratch.dir, 'tmp') });
    scratch.write('tmp/keep', '');
    const asked = scratch.start(['demo', '--repo', repo, '--json'], {
      TMPDIR: join(scratch.dir, 'tmp'),
    });
    expect([await demo.ended, await asked.ended]).toEqual([0, 0]);
    expect(JSON.parse(asked.stdout)).toMatchObject({
      revision: expect.stringMatching(/^[0-9a-f]{40}$/),
      left: false,
      steps: ['mount', 'walk', 'walk again', 'read', 'read again'].map((step) =>
        step.endsWith('again') ? { step, requests: 0, received: 0 } : { step },
      ),
    });
    expect(demo.stderr).toBe('');
    expect(demo.stdout).toMatch(/^Mounted revision [0-9a-f]{12} at /m);
    expect(demo.stdout).toMatch(
      /^Walked it all.*: 4 directories, 4 files and 0 links, 310\.0 kB of contents/m,
    );
    expect(demo.stdout).toMatch(
      /^Walked it again in .*\n {2}downloaded 0 requests, 0 B; the kernel asked the daemon 0 times$/m,
    );
    expect(demo.stdout).toMatch(/^Read them again in .*\n {2}downloaded 0 requests, 0 B$/m);
    expect(demo.stdout).toMatch(/^In all: \d files? of 4 were downloaded/m);
    expect(demo.stdout).toMatch(/\nUnmounted; nothing is left behind\.\n$/);
    expect(demo.stdout).not.toContain('\u001b');
    expect(await scratch.mounts()).toEqual([]);
    expect(readdirSync(join(scratch.dir, 'tmp'))).toEqual(['keep']);
  });

  test('issue 3 item 9: on a terminal the mount stays until Ctrl-C, with progress', async () => {
    await using scratch = new Scratch();
    const repo = scratch.repository(FILES);
    scratch.write('tmp/keep', '');
    const env = { TMPDIR: join(scratch.dir, 'tmp'), TERM: 'xterm', REPO: repo };
    // script(1) gives it a terminal.
    const line = 'exec script -qec "exec $1 $2 demo --repo $REPO" /dev/null';
    const demo = scratch.start([], env, ['bash', '-c', line, 'bash']);
    const [, mountpoint = ''] = await demo.said(/The mount is yours: cd (\S+)/);
    await demo.said(/Ctrl-C ends it/);
    expect(readdirSync(mountpoint)).toEqual(['README.md', 'src']);
    // What Ctrl-C sends to the program in the foreground.
    for (const pid of demo.children()) process.kill(pid, 'SIGINT');
    expect(await demo.ended).toBe(0);
    expect(demo.stdout).toContain('Unmounted; nothing is left behind.');
    expect(await scratch.mounts()).toEqual([]);
    expect(readdirSync(join(scratch.dir, 'tmp'))).toEqual(['keep']);
  });

  test('killed with SIGKILL, the demo takes its daemon and mount along', async () => {
    await using scratch = new Scratch();
    scratch.write('tmp/keep', '');
    const env = { TMPDIR: join(scratch.dir, 'tmp') };
    const demo = scratch.start(['demo', '--repo', scratch.repository(FILES)], env);
    await demo.said(/^Mounted revision/m);
    const [daemon = 0] = demo.children();
    demo.signal('SIGKILL');
    await demo.ended;
    await gone(daemon);
    expect(await scratch.mounts()).toEqual([]);
  });

  test('a folder that is no repository is said once, with what to do, and exit 2', async () => {
    await using scratch = new Scratch();
    scratch.write('folder/x', '');
    const demo = scratch.start(['demo', '--repo', 'folder']);
    expect(await demo.ended).toBe(2);
    expect(demo.stderr).toMatch(/^\S*\/folder is not a Git repository[^\n]*\nhint: [^\n]*\n$/);
  });
});
