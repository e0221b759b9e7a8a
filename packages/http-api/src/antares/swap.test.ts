import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { canMount, until } from '@scorpiofs/fuse/testing';
import { JobRig } from '../testing/job-rig.js';
import { Upstream } from '../testing/upstream.js';

const root = canMount() ? test : test.skip;

let upstream: Upstream;
beforeAll(async () => {
  upstream = await Upstream.start();
});
afterAll(() => upstream[Symbol.asyncDispose]());

/** A shell that lives in a view over a change of its layers. */
class Inside implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  #said = '';
  #asked = 0;

  constructor(directory: string) {
    this.#child = spawn('/bin/sh', [], { cwd: directory, stdio: ['pipe', 'pipe', 'ignore'] });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
  }

  async run(command: string): Promise<string> {
    const mark = `end-${this.#asked++}`;
    this.#said = '';
    this.#child.stdin.write(`${command}\necho ${mark}\n`);
    while (!this.#said.endsWith(`${mark}\n`)) await once(this.#child.stdout, 'data');
    return this.#said.slice(0, -mark.length - 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.stdin.end();
    await ended;
  }
}

const changeOf = (text: string): string =>
  `echo ${text} > docs/two.txt; echo ${text} > new.txt; git mv docs/one.txt moved.txt; rm run.sh`;

root(
  'D11, issue 5.3, L-16: a change list takes its place under programs; what was open keeps its bytes, names show the new',
  async () => {
    const first = await upstream.push('/project/small', changeOf('FIRST'));
    await using rig = await JobRig.start(upstream.url, { engine: 'userspace' });
    const { mount_id, mountpoint } = await rig.create('j');
    const generation = async (): Promise<unknown> =>
      Reflect.get((await rig.call('GET', `/mounts/${mount_id}/changes`)).body, 'generation');
    {
      await using inside = new Inside(join(mountpoint, 'docs'));
      await inside.run('exec 3<two.txt 4>>../own');
      const before = await inside.run('stat -c %i ../README.md .; ls .. . ; cat ../new.txt');
      expect(before).toContain('one.txt\ntwo.txt\n');
      expect(await generation()).toBe(1);
      const answer = await rig.call('POST', `/mounts/${mount_id}/cl`, { cl: first });
      expect([answer.status, answer.body.state, 'restart' in answer.body]).toEqual([
        200,
        'Ready',
        false,
      ]);
      expect(await generation()).toBe(2);
      // Never read before: it comes from the layers that are gone.
      expect(await inside.run('cat <&3')).toBe('two\n');
      expect(await inside.run('cat two.txt ../new.txt; ls; ls ..')).toBe(
        'FIRST\nFIRST\ntwo.txt\nREADME.md\ndocs\nlink\nmoved.txt\nnew.txt\nown\n',
      );
      expect(await inside.run('echo line >&4; cat ../own; test -e ../run.sh || echo no')).toBe(
        'line\nno\n',
      );
      // What did not change is the same file as before, and so is the directory.
      expect(before).toContain(await inside.run('stat -c %i ../README.md .'));
      await inside.run('exec 5<two.txt');
      // A push makes another change list of it, or the same one with other content.
      const second = await upstream.push('/project/small', 'echo SECOND > docs/two.txt');
      await rig.call('POST', `/mounts/${mount_id}/cl`, { cl: second });
      expect(await inside.run('cat <&5; cat two.txt; ls ..')).toBe(
        'FIRST\nSECOND\nREADME.md\ndocs\nlink\nown\nrun.sh\n',
      );
      expect(await readdir(join(rig.folder, 'cl/.trash'))).toHaveLength(1);
      await inside.run('exec 3<&- 5<&-');
      await rig.call('DELETE', `/mounts/${mount_id}/cl`);
      expect(await inside.run('cat two.txt; ls')).toBe('two\none.txt\ntwo.txt\n');
    }
    await rig.daemon.kill9();
    await rig.restart({ engine: 'userspace' });
    expect(await readFile(join(mountpoint, 'own'), 'utf8')).toBe('line\n');
    expect(await readFile(join(mountpoint, 'docs/two.txt'), 'utf8')).toBe('two\n');
    await rig.call('DELETE', `/mounts/${mount_id}`);
    expect(await rig.nothingLeft()).toEqual([]);
  },
);

root(
  'issue 5.3: a writer that never stops loses nothing while change lists come and go',
  async () => {
    const changes = [changeOf('A'), 'mkdir -p docs/deep; echo x > docs/deep/x'];
    await using rig = await JobRig.start(upstream.url, { engine: 'userspace' });
    const { mount_id, mountpoint } = await rig.create('j');
    const writer = spawn(
      '/bin/sh',
      [
        '-c',
        'i=0; while [ ! -e stop ]; do i=$((i+1)); echo $i >> log && echo $i > docs/$i || exit 1; ls -lR . >/dev/null 2>&1; sleep 0.02; done; echo $i',
      ],
      { cwd: mountpoint, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let said = '';
    writer.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    const ended = once(writer, 'exit');
    for (let i = 0; i < 4; i++) {
      const cl = await upstream.push('/project/small', changes[i % 2] ?? '');
      expect((await rig.call('POST', `/mounts/${mount_id}/cl`, { cl })).status).toBe(200);
    }
    expect((await rig.call('DELETE', `/mounts/${mount_id}/cl`)).status).toBe(200);
    const stop = new Inside(mountpoint);
    await stop.run('echo > stop');
    await stop[Symbol.asyncDispose]();
    expect(await ended).toEqual([0, null]);
    const count = Number(said);
    const numbers = Array.from({ length: count }, (_, i) => `${i + 1}`);
    expect((await readFile(join(mountpoint, 'log'), 'utf8')).trim().split('\n')).toEqual(numbers);
    const written = (await readdir(join(mountpoint, 'docs'))).filter((name) => /^\d+$/.test(name));
    expect(written).toHaveLength(count);
  },
);

root(
  'D9, D11: who writes to a file that was open before has written to the job, also where its name led elsewhere since',
  async () => {
    await using rig = await JobRig.start(upstream.url, { engine: 'userspace' });
    const { mount_id, mountpoint } = await rig.create('j');
    await using inside = new Inside(mountpoint);
    await inside.run('exec 6<>docs/two.txt 7<>docs/one.txt');
    const script = 'echo FIRST > docs/two.txt; rm docs/one.txt';
    const cl = await upstream.push('/project/small', script);
    await rig.call('POST', `/mounts/${mount_id}/cl`, { cl });
    expect(await inside.run('cat docs/two.txt; ls docs')).toBe('FIRST\ntwo.txt\n');
    await inside.run('printf T >&6; printf O >&7');
    // Soon, not at once: the kernel keeps what was written for a moment.
    await until(
      'the job has both',
      async () =>
        (await inside.run('cat docs/two.txt docs/one.txt; ls docs')) ===
        'Two\nOne\none.txt\ntwo.txt\n',
    );
  },
);

root(
  'R10, D2: another revision takes its place under programs, and comes back after a restart',
  async () => {
    await using rig = await JobRig.start(upstream.url, { engine: 'userspace' });
    const { mount_id, mountpoint } = await rig.create('j');
    {
      await using inside = new Inside(mountpoint);
      await inside.run('exec 3<docs/one.txt; cat docs/three.txt README.md; echo mine > own');
      const number = await inside.run('stat -c %i README.md docs');
      const link = await upstream.push(
        '/project/small',
        'echo moved > docs/one.txt; echo three > docs/three.txt',
      );
      await fetch(`${upstream.url}/api/v1/cl/${link}/merge-no-auth`, {
        method: 'POST',
        body: '{}',
        headers: { 'content-type': 'application/json' },
      });
      const { status, body } = await rig.call('POST', `/mounts/${mount_id}/refresh`, {});
      expect([status, body.state]).toEqual([200, 'Ready']);
      expect(await inside.run('cat <&3; cat docs/one.txt docs/three.txt own')).toBe(
        'one\nmoved\nthree\nmine\n',
      );
      expect(await inside.run('stat -c %i README.md docs')).toBe(number);
    }
    await rig.daemon.stop();
    await rig.restart({ engine: 'userspace' });
    expect(await readFile(join(mountpoint, 'docs/three.txt'), 'utf8')).toBe('three\n');
    expect(await readFile(join(mountpoint, 'own'), 'utf8')).toBe('mine\n');
  },
);
