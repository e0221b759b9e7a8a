import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchChangeList } from './fetch-change-list.js';
import { gitTree } from './git-tree.js';
import { changeListHead, refs } from './refs.js';
import { gitHttp } from './testing/git-http.js';
import { answers, bodyOf, recorded, replay, vars } from './testing/recorded.js';
import { serve, type TestServer } from './testing/serve.js';
import { parseAdvertisement } from './advertisement.js';
import { closeWire, openWire, type Wire } from './wire.js';

const LINK = 'K7Q2ZP9A';

let dir: string;
let servers: TestServer[];
let wires: Wire[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'scorpiofs-mega-client-'));
  servers = [];
  wires = [];
});

afterEach(async () => {
  for (const wire of wires) closeWire(wire);
  for (const server of servers) await server.close();
  rmSync(dir, { recursive: true, force: true });
});

async function opened(server: Promise<TestServer>, token?: string): Promise<Wire> {
  const running = await server;
  servers.push(running);
  const wire = openWire({
    baseUrl: running.url,
    retry: { attempts: 1 },
    ...(token === undefined ? {} : { token }),
  });
  wires.push(wire);
  return wire;
}

function run(cwd: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org'];
  return execFileSync('git', [...identity, ...args], { cwd, encoding: 'utf8' }).trim();
}

/** `project/small.git` with a change list that holds what no JSON answer tells: modes and links. */
function makeRepository(): string {
  const work = join(dir, 'work');
  mkdirSync(join(work, 'src'), { recursive: true });
  run(work, 'init', '--quiet', '--initial-branch=main');
  writeFileSync(join(work, 'README.md'), '# small\n');
  run(work, 'add', '.');
  run(work, 'commit', '--quiet', '-m', 'first');
  writeFileSync(join(work, 'src', 'run.sh'), '#!/bin/sh\n');
  chmodSync(join(work, 'src', 'run.sh'), 0o755);
  symlinkSync('README.md', join(work, 'link'));
  run(work, 'add', '.');
  run(work, 'commit', '--quiet', '-m', 'change');
  run(work, 'update-ref', `refs/cl/${LINK}`, 'HEAD');
  const commit = run(work, 'rev-parse', 'HEAD');
  run(work, 'reset', '--quiet', '--hard', 'HEAD~1');
  run(dir, 'clone', '--quiet', '--mirror', 'work', join(dir, 'served', 'project', 'small.git'));
  return commit;
}

test('C21, C24: a change list is fetched by its ref into an initialised repository, modes included', async () => {
  const commit = makeRepository();
  const seen: NodeJS.Dict<string | string[]>[] = [];
  const wire = await opened(gitHttp(join(dir, 'served'), seen), 'secret');
  const question = { directory: '/project/small', link: LINK, gitDir: join(dir, 'fetched') };
  const fetched = await fetchChangeList(wire, question);
  expect(fetched.commit).toBe(commit);
  const tree = await gitTree(fetched.gitDir, fetched.commit);
  const kinds = [...tree].map(([path, { kind }]) => [path, kind]);
  expect(kinds).toEqual([
    ['/README.md', 'file'],
    ['/link', 'symlink'],
    ['/src/run.sh', 'executable'],
  ]);
  // Every request carried the token, none asked for protocol 2.
  expect(seen.every((headers) => headers['authorization'] === 'Bearer secret')).toBe(true);
  expect(seen.some((headers) => headers['git-protocol'] !== undefined)).toBe(false);
  // Again into the same repository: that is how a change list is followed.
  expect(await fetchChangeList(wire, question)).toEqual(fetched);
});

test('D6: a change list that the directory does not have is missing, and nothing is made', async () => {
  makeRepository();
  const wire = await opened(gitHttp(join(dir, 'served'), []));
  const question = { directory: '/project/small', link: 'ZZZZZZZZ', gitDir: join(dir, 'fetched') };
  await expect(fetchChangeList(wire, question)).rejects.toMatchObject({ kind: 'missing' });
  await expect(gitTree(join(dir, 'fetched'), vars['tree_src'] as never)).rejects.toMatchObject({
    kind: 'broken',
  });
});

test('D7: aborting ends git and its helper', async () => {
  let hung: () => void = () => {};
  const asked = new Promise<void>((resolve) => {
    hung = resolve;
  });
  let gone: () => void = () => {};
  const closed = new Promise<void>((resolve) => {
    gone = resolve;
  });
  const line = `${'a'.repeat(40)} refs/cl/${LINK}\0ofs-delta agent=x\n`;
  const length = (line.length + 4).toString(16).padStart(4, '0');
  const body = `001e# service=git-upload-pack\n0000${length}${line}0000`;
  const wire = await opened(
    serve((request, response) => {
      // The first question is the client's own, the second git's, which is left waiting.
      if (request.headers['user-agent']?.startsWith('git/')) {
        response.on('close', gone);
        hung();
        return;
      }
      response.end(body);
    }),
  );
  const abort = new AbortController();
  const fetching = fetchChangeList(
    wire,
    { directory: '/project', link: LINK, gitDir: join(dir, 'fetched') },
    { signal: abort.signal },
  );
  await asked;
  abort.abort(new Error('changed my mind'));
  await expect(fetching).rejects.toThrow('changed my mind');
  await closed;
});

const advertisements = answers.filter(
  ({ request, answer }) =>
    request.path.endsWith('service=git-upload-pack') && answer.status === 200,
);

test.each(advertisements.map((item) => [item.id, item] as const))(
  'M38, M39, M40: recorded refs %s',
  (_, item) => {
    const body = bodyOf(item) ?? Buffer.alloc(0);
    const { refs: found, capabilities } = parseAdvertisement(body);
    const lines = [...body.toString().matchAll(/([0-9a-f]{40}) ([^\0\n]+)/g)];
    const expected = lines
      .filter(([, oid]) => oid !== '0'.repeat(40))
      .map(([, oid, name]) => [name, oid]);
    expect([...found]).toEqual(expected);
    expect(capabilities).toContain('multi_ack_detailed');
    // Cut off anywhere it is refused, never half a list.
    for (let length = 0; length < body.length; length += 7)
      expect(() => parseAdvertisement(body.subarray(0, length))).toThrow();
  },
);

test('C23: parallel questions for one directory are one request; M39: an omitted change list is looked for again', async () => {
  let times = 0;
  const without = recorded('refs:/project/small/src');
  const withIt = recorded('push:refs');
  const wire = await opened(
    serve((_, response) => {
      times += 1;
      setTimeout(() => replay(times === 1 ? without : withIt, response), 20);
    }),
  );
  const link = vars['clpush'] ?? '';
  const [one, two] = await Promise.all([
    refs(wire, '/project/small'),
    refs(wire, '/project/small'),
  ]);
  expect(times).toBe(1);
  expect(one).toBe(two);
  times = 0;
  const head = await changeListHead(wire, '/project/small', link);
  expect(times).toBe(2);
  expect(head).toMatch(/^68a9c8c1/);
});

test('M46, mega 2.1: directories that git addresses cannot name are refused without asking', async () => {
  const wire = await opened(serve((_, response) => void response.destroy()));
  for (const directory of ['/project/.github', '/a b', '/a/', '/a//b', '/ä', '/..', '/a%62'])
    await expect(refs(wire, directory)).rejects.toMatchObject({ kind: 'refused' });
  expect(servers[0]?.asked).toEqual([]);
});
