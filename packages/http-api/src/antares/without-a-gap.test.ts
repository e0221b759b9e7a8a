import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { canMount, until } from '@scorpiofs/fuse/testing';
import { end, JobRig } from '../testing/job-rig.js';
import { Upstream } from '../testing/upstream.js';

const root = canMount() ? test : test.skip;

let upstream: Upstream;
beforeAll(async () => {
  upstream = await Upstream.start();
});
afterAll(() => upstream[Symbol.asyncDispose]());

/** Reads by path nearly without a pause, and tells what it sees for the first time. */
const READER = `const fs = require('fs'), top = process.argv[1];
const seen = new Set();
const note = (what) => { if (!seen.has(what)) console.log(what); seen.add(what); };
const look = () => {
  for (const read of [() => fs.readFileSync(top + '/docs/two.txt', 'utf8').trim(), () => fs.readdirSync(top).length > 3 ? 'listed' : 'empty'])
    try { note(read()); } catch (error) { note(error.code); }
};
let on = true;
process.stdin.on('data', () => { on = false; });
process.stdin.on('end', () => { on = false; });
const turn = () => { for (let i = 0; i < 20; i++) look(); if (on) setTimeout(turn, 1); else process.exit(0); };
turn();`;

/** A process that reads by path all the time, and what it has seen. */
class Reader implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  #said = '';

  constructor(mountpoint: string) {
    this.#child = spawn(process.execPath, ['-e', READER, mountpoint], {
      cwd: '/',
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
  }

  get seen(): string[] {
    return this.#said.split('\n').slice(0, -1).sort();
  }

  async sees(what: string): Promise<void> {
    while (!this.seen.includes(what)) await once(this.#child.stdout, 'data');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'close');
    this.#child.stdin.end('stop');
    await ended;
  }
}

/** What programs that live in a view say. */
class Inside implements AsyncDisposable {
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
  #said = '';
  #asked = 0;

  constructor(cwd: string, command = '/bin/sh', args: readonly string[] = []) {
    this.child = spawn(command, args, { cwd, stdio: ['pipe', 'pipe', 'ignore'] });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
  }

  /** For a shell. */
  async run(command: string): Promise<string> {
    const mark = `end-${this.#asked++}`;
    this.child.stdin.write(`${command}\necho ${mark}\n`);
    return await this.until(`${mark}\n`);
  }

  async until(mark: string): Promise<string> {
    while (!this.#said.endsWith(mark)) await once(this.child.stdout, 'data');
    const said = this.#said.slice(0, -mark.length);
    this.#said = '';
    return said;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await end(this.child);
  }
}

root(
  '§8, issue 5.3: forced, a change of layers has no moment without the view; whoever is inside keeps the old one, read-only',
  async () => {
    await using rig = await JobRig.start(upstream.url, { engine: 'kernel' });
    const { mount_id, mountpoint } = await rig.create('j');
    await using inside = new Inside(mountpoint);
    await inside.run('true');
    await using reader = new Reader(mountpoint);
    await reader.sees('two');
    for (const text of ['ONE', 'TWO', 'THREE']) {
      const cl = await upstream.push('/project/small', `echo ${text} > docs/two.txt`);
      const { status, body } = await rig.call('POST', `/mounts/${mount_id}/cl`, {
        cl,
        force: true,
      });
      expect([status, body.state]).toEqual([200, 'Ready']);
      expect(await readFile(join(mountpoint, 'docs/two.txt'), 'utf8')).toBe(`${text}\n`);
      await reader.sees(text);
      // The reader may be inside at that moment too.
      if (text === 'ONE') expect(JSON.stringify(body)).toContain(`{"pid":${inside.child.pid},`);
    }
    const cleared = await rig.call('DELETE', `/mounts/${mount_id}/cl?force=true`);
    expect(cleared.status).toBe(200);
    await reader[Symbol.asyncDispose]();
    expect(reader.seen).toEqual(['ONE', 'THREE', 'TWO', 'listed', 'two']);
    expect(await rig.mounts()).toEqual([mountpoint]);
    // The view that it stands in is the first one, and nothing can be written there any more.
    expect(await inside.run('cat docs/two.txt; echo x > made || echo refused')).toBe(
      'two\nrefused\n',
    );
    await inside[Symbol.asyncDispose]();
    await appendFile(join(mountpoint, 'own'), 'own\n');
    const changes: unknown = Reflect.get(
      (await rig.call('GET', `/mounts/${mount_id}/changes`)).body,
      'changes',
    );
    expect(changes).toEqual([{ kind: 'added', path: '/own' }]);
    await rig.daemon.kill9();
    await rig.restart({ engine: 'kernel' });
    expect((await readdir(mountpoint)).sort()).toEqual([
      'README.md',
      'docs',
      'link',
      'own',
      'run.sh',
    ]);
    await rig.call('DELETE', `/mounts/${mount_id}`);
    expect(await rig.nothingLeft()).toEqual([]);
  },
);

root(
  'issue 5.3: nor has one that is not forced, as often as it is done; while somebody stays inside it is refused, and nothing has changed',
  async () => {
    await using rig = await JobRig.start(upstream.url, { engine: 'kernel' });
    const { mount_id, mountpoint } = await rig.create('j');
    await appendFile(join(mountpoint, 'own'), 'own\n');
    const cl = await upstream.push('/project/small', 'echo NEW > docs/two.txt');
    {
      await using inside = new Inside(mountpoint);
      await inside.run('true');
      const { pid } = inside.child;
      for (let i = 0; i < 2; i++) {
        const refused = await rig.call('POST', `/mounts/${mount_id}/cl`, { cl });
        expect(refused).toMatchObject({ status: 409, body: { processes: [{ pid }] } });
      }
      expect(await inside.run('cat docs/two.txt own; echo more >> own; rm run.sh; pwd')).toBe(
        `two\nown\n${mountpoint}\n`,
      );
    }
    await using reader = new Reader(mountpoint);
    await reader.sees('two');
    for (let done = 0; done < 20;) {
      const { status } =
        done % 2 === 0
          ? await rig.call('POST', `/mounts/${mount_id}/cl`, { cl })
          : await rig.call('DELETE', `/mounts/${mount_id}/cl`);
      // The reader is inside nearly all the time, and may be at any moment.
      expect([200, 409]).toContain(status);
      if (status !== 200) continue;
      await reader.sees(done % 2 === 0 ? 'NEW' : 'two');
      await appendFile(join(mountpoint, 'own'), `${++done}\n`);
    }
    await reader[Symbol.asyncDispose]();
    expect(reader.seen).toEqual(['NEW', 'listed', 'two']);
    const numbers = Array.from({ length: 20 }, (_, i) => i + 1);
    expect(await readFile(join(mountpoint, 'own'), 'utf8')).toBe(
      `own\nmore\n${numbers.join('\n')}\n`,
    );
    expect(await rig.mounts('')).toEqual([join(rig.folder, 'base'), mountpoint]);
    expect((await rig.call('GET', `/mounts/${mount_id}/changes`)).body).toMatchObject({
      changes: [
        { kind: 'added', path: '/own' },
        { kind: 'deleted', path: '/run.sh' },
      ],
    });
    // One upper, whose files have one name each.
    expect((await stat(join(mountpoint, 'own'))).nlink).toBe(1);
    const work = join(rig.folder, 'up/.work', mount_id);
    expect((await readdir(work)).filter((name) => name.startsWith('next-'))).toHaveLength(1);
    await rig.call('DELETE', `/mounts/${mount_id}`);
    expect(await rig.nothingLeft()).toEqual([]);
  },
);

/** Has a log, a descriptor and a mapping open for writing; a line each is a request. */
const WRITER = `import mmap, os, sys
log = open('log', 'a')
fd = os.open('data', os.O_RDWR | os.O_CREAT)
os.write(fd, b'.' * 4096)
shared = mmap.mmap(fd, 4096)
print('ready', flush=True)
for line in sys.stdin:
    log.write(line); log.flush()
    os.pwrite(fd, line.encode(), 0)
    shared[100:104] = line[:4].encode(); shared.flush()
    for name in ['made', 'deep/made']:
        with open(name, 'w') as made: made.write(line)
    os.rename('made', 'renamed')
    print('done', flush=True)`;

root(
  '§8: two views never have one upper, also with a writer inside: what that one writes to its files is in the new view, what it makes is not, and nothing stays',
  async () => {
    await using rig = await JobRig.start(upstream.url, { engine: 'kernel' });
    const { mount_id, mountpoint } = await rig.create('j');
    await mkdir(join(mountpoint, 'deep'));
    await writeFile(join(mountpoint, 'deep/own'), 'own\n');
    await using writer = new Inside(mountpoint, 'python3', ['-c', WRITER]);
    await writer.until('ready\n');
    const write = async (line: string): Promise<void> => {
      writer.child.stdin.write(`${line}\n`);
      await writer.until('done\n');
    };
    const cl = await upstream.push('/project/small', 'echo NEW > docs/two.txt');
    const forced = await rig.call('POST', `/mounts/${mount_id}/cl`, { cl, force: true });
    expect(forced).toMatchObject({ status: 200, body: { restart: [{ pid: writer.child.pid }] } });
    await write('after');
    const at = (name: string): string => join(mountpoint, name);
    expect(await readFile(at('log'), 'utf8')).toBe('after\n');
    const data = await readFile(at('data'), 'latin1');
    expect([data.slice(0, 6), data.slice(100, 105)]).toEqual(['after\n', 'afte.']);
    expect(await readFile(at('docs/two.txt'), 'utf8')).toBe('NEW\n');
    expect((await readdir(mountpoint)).filter((name) => /made|renamed/.test(name))).toEqual([]);
    expect(await readdir(at('deep'))).toEqual(['own']);
    // And the other way round.
    await appendFile(at('log'), 'by the new view\n');
    await writeFile(at('deep/made'), 'mine\n');
    await rig.call('DELETE', `/mounts/${mount_id}/cl`);
    await write('last');
    expect(await readFile(at('log'), 'utf8')).toBe('after\nby the new view\nlast\n');
    expect(await readFile(at('deep/made'), 'utf8')).toBe('mine\n');
    const trash = join(rig.folder, 'up/.work/.trash');
    expect(await readdir(trash)).not.toEqual([]);
    await writer[Symbol.asyncDispose]();
    // The old upper goes when its view has ended.
    await until('it is removed', async () => (await readdir(trash)).length === 0);
    expect((await stat(at('log'))).nlink).toBe(1);
    await rig.call('DELETE', `/mounts/${mount_id}`);
    expect(await rig.nothingLeft()).toEqual([]);
  },
);
