import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { canMount } from '@scorpiofs/fuse/testing';
import { end, JobRig } from '../testing/job-rig.js';
import { Upstream } from '../testing/upstream.js';

const root = canMount() ? test : test.skip;

let upstream: Upstream;
beforeAll(async () => {
  upstream = await Upstream.start();
});
afterAll(() => upstream[Symbol.asyncDispose]());

/** Reads by path without a pause, and tells at the end what it saw. */
const READER = `const fs = require('fs'), top = process.argv[1];
const seen = {};
const note = (what) => { seen[what] = (seen[what] ?? 0) + 1; };
const look = () => {
  for (const read of [() => fs.readFileSync(top + '/docs/two.txt', 'utf8').trim(), () => fs.readdirSync(top).length > 3 ? 'listed' : 'empty'])
    try { note(read()); } catch (error) { note(error.code); }
};
let on = true;
process.stdin.on('data', () => { on = false; });
process.stdin.on('end', () => { on = false; });
const turn = () => { for (let i = 0; i < 20; i++) look(); if (on) setImmediate(turn); else { console.log(JSON.stringify(seen)); process.exit(0); } };
console.log('ready');
turn();`;

root(
  '§8, issue 5.3: forced, a change of layers has no moment without the view; whoever is inside keeps the old one, read-only',
  async () => {
    await using rig = await JobRig.start(upstream.url, { engine: 'kernel' });
    const { mount_id, mountpoint } = await rig.create('j');
    const inside = spawn('/bin/sh', [], { cwd: mountpoint, stdio: ['pipe', 'pipe', 'ignore'] });
    const reader = spawn(process.execPath, ['-e', READER, mountpoint], {
      cwd: '/',
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let said = '';
    reader.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    const ended = once(reader, 'close');
    await once(reader.stdout, 'data');
    for (const text of ['ONE', 'TWO', 'THREE']) {
      const cl = await upstream.push('/project/small', `echo ${text} > docs/two.txt`);
      const { status, body } = await rig.call('POST', `/mounts/${mount_id}/cl`, {
        cl,
        force: true,
      });
      expect([status, body.state]).toEqual([200, 'Ready']);
      expect(await readFile(join(mountpoint, 'docs/two.txt'), 'utf8')).toBe(`${text}\n`);
      // The reader may be inside at that moment too.
      if (text === 'ONE') expect(JSON.stringify(body)).toContain(`{"pid":${inside.pid},`);
    }
    const cleared = await rig.call('DELETE', `/mounts/${mount_id}/cl?force=true`);
    expect(cleared.status).toBe(200);
    reader.stdin.end('stop');
    await ended;
    const seen = JSON.parse(said.replace(/^ready\s*/, '')) as Record<string, number>;
    expect(Object.keys(seen).sort()).toEqual(['ONE', 'THREE', 'TWO', 'listed', 'two']);
    expect(await rig.mounts()).toEqual([mountpoint]);
    inside.stdin.write('cat docs/two.txt; echo x > made || echo refused\n');
    let answer = '';
    for await (const text of inside.stdout.setEncoding('utf8')) {
      answer += String(text);
      if (answer.endsWith('refused\n')) break;
    }
    // The view that it stands in is the first one, and nothing can be written there any more.
    expect(answer).toBe('two\nrefused\n');
    await end(inside);
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
  60_000,
);

root(
  '§8: also while somebody has a file open for writing; what that one writes reaches the upper',
  async () => {
    await using rig = await JobRig.start(upstream.url, { engine: 'kernel' });
    const { mount_id, mountpoint } = await rig.create('j');
    const log = await open(join(mountpoint, 'log'), 'a');
    try {
      await log.appendFile('before\n');
      const cl = await upstream.push('/project/small', 'echo NEW > docs/two.txt');
      const forced = await rig.call('POST', `/mounts/${mount_id}/cl`, { cl, force: true });
      expect(forced).toMatchObject({ status: 200, body: { restart: [{ pid: process.pid }] } });
      await log.appendFile('after\n');
    } finally {
      await log.close();
    }
    expect(await readFile(join(mountpoint, 'log'), 'utf8')).toBe('before\nafter\n');
    expect(await readFile(join(mountpoint, 'docs/two.txt'), 'utf8')).toBe('NEW\n');
  },
  60_000,
);
