import { chmod, rename, rm, symlink, writeFile, appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { git } from './git.js';

export const FIXTURES = fileURLToPath(new URL('../../fixtures/mega/', import.meta.url));

export interface Seeded {
  /** Link of the change list of step 5. */
  readonly clpush: string;
  /** Ids of everything in the bundle. */
  readonly bundled: ReadonlySet<string>;
}

/** Fills an empty server as the recorded one was filled: steps 1 to 5 of the fixtures' README, by the same pushes of stock git. */
export async function seedLikeRecording(url: string, token: string, work: string): Promise<Seeded> {
  const authorized = url.replace('http://', `http://ada:${token}@`);
  const local = join(work, 'bundle');
  await git(work, 'clone', '--quiet', '--bare', join(FIXTURES, 'small.bundle'), local);
  const third = `${authorized}/third-party/small.git`;
  await git(local, 'push', '--quiet', third, 'main:refs/heads/main');
  await git(local, 'push', '--quiet', third, 'v1', 'v1-ann');
  const small = `${authorized}/project/small.git`;
  await git(local, 'push', '--quiet', small, 'project:refs/heads/main');
  const [first] = await openLinks(url);
  await fetch(`${url}/api/v1/cl/${first}/merge-no-auth`, { method: 'POST' });
  const copy = join(work, 'copy');
  await git(work, 'init', '--quiet', '--initial-branch=main', copy);
  await git(copy, 'fetch', '--quiet', small, 'main');
  await git(copy, 'reset', '--quiet', '--hard', 'FETCH_HEAD');
  await appendFile(join(copy, 'README.md'), 'pushed\n');
  await rm(join(copy, 'empty.txt'));
  await rename(join(copy, 'docs/crlf.txt'), join(copy, 'docs/renamed.txt'));
  await writeFile(join(copy, 'bin/new.sh'), '#!/bin/sh\necho new\n');
  await chmod(join(copy, 'bin/new.sh'), 0o755);
  await writeFile(join(copy, 'bin/x.bin'), '\0\u0001binary');
  await symlink('README.md', join(copy, 'newlink'));
  await chmod(join(copy, 'src/a.ts'), 0o755);
  await git(copy, 'add', '--all');
  await git(copy, 'commit', '--quiet', '-m', 'Pushed change list');
  await git(copy, 'push', '--quiet', small, 'HEAD:refs/heads/main');
  const [clpush = ''] = await openLinks(url);
  const objects = await git(local, 'rev-list', '--objects', '--all');
  return {
    clpush,
    bundled: new Set(objects.split('\n').map((line) => line.slice(0, 40))),
  };
}

async function openLinks(url: string): Promise<string[]> {
  const answer = await fetch(`${url}/api/v1/cl/list`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      pagination: { page: 1, per_page: 20 },
      additional: { status: 'open', asc: false },
    }),
  });
  const { data } = (await answer.json()) as { data: { items: { link: string }[] } };
  return data.items.map((item) => item.link);
}
