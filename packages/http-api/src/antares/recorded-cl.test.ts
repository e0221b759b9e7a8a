import { readFileSync } from 'node:fs';
import { lstat, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canMount } from '@scorpiofs/fuse/testing';
import { JobRig } from '../testing/job-rig.js';
import { ScriptedServer } from '../testing/scripted-server.js';
import { SmallServer, VIEW } from '../testing/small-server.js';

const root = canMount() ? test : test.skip;

type File = readonly [path: string, action: string];
const { cl_layer: recorded } = JSON.parse(
  readFileSync(new URL('../../fixtures/upper-snapshots.json', import.meta.url), 'utf8'),
) as { cl_layer: { files_list: readonly File[]; tree: readonly string[] } };

const LINK = 'RECORDED';

let server: SmallServer;
let between: ScriptedServer;
let oid: string;
beforeAll(async () => {
  server = await SmallServer.start();
  // An object of the change list's side.
  const link = await server.changeList('README.md', 'of the change list\n');
  const answer = await fetch(`${server.url}/api/v1/cl/${link}/files-list`);
  const { data } = (await answer.json()) as { data: { sha: string }[] };
  oid = data[0]?.sha ?? '';
  between = await ScriptedServer.start(server.url);
});
afterAll(async () => {
  await between[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** From now on the server tells of these files. */
function serve(files: readonly File[]): void {
  const data = files.map(([path, action]) => ({ path, action, sha: oid }));
  const body = JSON.stringify({ req_result: true, data, err_message: '' });
  between.scripts = [
    { path: new RegExp(`/cl/${LINK}/files-list$`), status: 200, body },
    { path: new RegExp(`/cl/${LINK}/`), status: 404, body: '' },
  ];
}

/** `./src c 0 0:0`, `./newf f 644`, as recorded. */
async function tree(top: string): Promise<string[]> {
  const paths = await readdir(top, { recursive: true, encoding: 'utf8' });
  const lines = paths.map(async (path) => {
    const found = await lstat(join(top, path));
    const mode = (found.mode & 0o777).toString(8);
    if (found.isCharacterDevice()) return `./${path} c 0 0:${found.rdev}`;
    return `./${path} ${found.isDirectory() ? 'd' : 'f'} ${mode}`;
  });
  return (await Promise.all(lines)).sort();
}

/** The recorded modes are those of a process whose umask is 0 (W-60, O-18). */
const rightly = (line: string): string => line.replace(/ 777$/, ' 755').replace(/ 666$/, ' 644');

describe.each(['kernel', 'userspace'] as const)('upper-snapshots.json, cl_layer, %s', (engine) => {
  let rig: JobRig;
  beforeAll(async () => {
    if (canMount()) rig = await JobRig.start(between.url, { engine });
  });
  afterAll(async () => {
    if (canMount()) await rig[Symbol.asyncDispose]();
  });

  root(
    'issue 5.3, W-04, L-13: where 0.2.3 mends a path, or leaves out one that climbs or an action that it does not know, the change list is refused; nothing is left',
    async () => {
      const paths = recorded.files_list.filter(([path]) => /^\/|\/$/.test(path));
      expect(paths).toHaveLength(6);
      const climbing = [`${VIEW.slice(1)}/../../esc`, 'new'] as const;
      for (const file of [...paths, climbing, [`${VIEW.slice(1)}/weird`, 'frobbed'] as const]) {
        serve([file]);
        const refused = await rig.call('POST', '/mounts', { path: VIEW, job_id: 'x', cl: LINK });
        expect([file, refused.status, refused.body.code]).toEqual([file, 500, 'INTERNAL_ERROR']);
      }
      expect(await rig.nothingLeft()).toEqual([]);
    },
  );

  root(
    'L-01, L-04: the recorded tree of the same list with paths as servers write them, and what the view shows; an edit beats the change list, and what it brought can be removed',
    async () => {
      serve(
        recorded.files_list
          .map(([path, action]) => [path.replaceAll(/^\/|\/$/g, ''), action] as const)
          .filter(([path, action]) => !path.includes('..') && action !== 'frobbed'),
      );
      const { mount_id, mountpoint } = await rig.create('j', { path: VIEW, cl: LINK });
      const at = (...names: string[]) => join(mountpoint, ...names);
      const expected = recorded.tree.filter((line) => !line.startsWith('. ')).map(rightly);
      expect(await tree(join(rig.folder, 'cl', mount_id))).toEqual(expected.sort());
      // `/third-party/smallx/q`
      expect((await rig.call('GET', `/mounts/${mount_id}`)).body).toMatchObject({ cl_skipped: 1 });
      for (const gone of ['src', 'wide/f000.txt'])
        await expect(stat(at(gone))).rejects.toMatchObject({ code: 'ENOENT' });
      for (const name of ['newf', 'README.md'])
        expect(await readFile(at(name), 'utf8')).toBe('of the change list\n');
      await writeFile(at('README.md'), 'mine\n');
      expect(await readFile(at('README.md'), 'utf8')).toBe('mine\n');
      await rm(at('newf'));
      const upper = await tree(join(rig.folder, 'up', mount_id));
      expect(upper).toEqual(['./README.md f 644', './newf c 0 0:0']);
    },
  );
});
