// Views of jobs over a base of 50,000 files, beside plain directories on the same disk, in one run. Needs root, gcc and about
// 3 GB in the temporary directory; takes two minutes or three. Build first:
//   npx tsc -b && node scripts/bench/antares.mjs [DIRECTORY for the generated repository] [ROWS, a regular expression]
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeRepo } from './lib/make-repo.mjs';

const place = mkdtempSync(join(tmpdir(), 'scorpio-bench-antares-'));
const kept = process.argv[2] ?? place;
const wanted = new RegExp(process.argv[3] ?? '');
const LIMIT = 240_000;

/** Wall and CPU seconds of a shell command with all its children; its output is dropped. */
async function time(command, cwd = '/') {
  const script = `set -o pipefail; ( ${command} ) >/dev/null; code=$?; times >&3; exit $code`;
  const start = performance.now();
  const child = spawn('bash', ['-c', script], {
    cwd,
    timeout: LIMIT,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
  let times = '';
  child.stdio[3].on('data', (text) => (times += text));
  const [code, signal] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command}: ended with ${signal ?? code}`);
  const parts = [...times.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, m, s]) => Number(m) * 60 + Number(s),
  );
  return { wall: (performance.now() - start) / 1000, cpu: parts.reduce((a, b) => a + b, 0) };
}

async function startServer(repo) {
  const child = fork(new URL('lib/server-process.mjs', import.meta.url), [repo]);
  const [{ url }] = await once(child, 'message');
  return { child, url };
}

async function startDaemon(url) {
  const bin = fileURLToPath(new URL('../../apps/antares/bin/antares.js', import.meta.url));
  const at = (name) => join(place, name);
  const argv = [bin, '--config-path', '/dev/null', 'serve', '--bind', '127.0.0.1:0'];
  const child = spawn(process.execPath, argv, {
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env.PATH,
      SCORPIO_BASE_URL: url,
      SCORPIO_LFS_URL: url,
      SCORPIO_WORKSPACE: at('w'),
      SCORPIO_STORE_PATH: at('store'),
      SCORPIO_CONFIG_FILE: at('works.toml'),
      SCORPIO_ANTARES_UPPER_ROOT: at('up'),
      SCORPIO_ANTARES_CL_ROOT: at('cl'),
      SCORPIO_ANTARES_MOUNT_ROOT: at('mnt'),
      SCORPIO_ANTARES_STATE_FILE: at('st/state.toml'),
      SCORPIO_ANTARES_MAX_MOUNTS: '2000',
    },
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
  for (let i = 0; i < 500; i++) {
    const address = /starting Antares daemon on (\S+)/.exec(said)?.[1];
    if (address !== undefined) return { child, url: `http://${address}`, pid: child.pid };
    await new Promise((r) => setTimeout(r, 20));
  }
  throw new Error(said);
}

let daemon;
async function call(method, path, body) {
  const answer = await fetch(daemon.url + path, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const json = await answer.json();
  if (answer.status !== 200) throw new Error(`${method} ${path}: ${JSON.stringify(json)}`);
  return json;
}
const create = (job_id) => call('POST', '/mounts', { path: '/', job_id });
const remove = (job) => call('DELETE', `/mounts/by-job/${job}`);

async function ms(work) {
  const start = performance.now();
  const result = await work();
  return [performance.now() - start, result];
}
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const status = (name) =>
  Number(
    new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(
      readFileSync(`/proc/${daemon.pid}/status`, 'latin1'),
    )[1],
  );

const rows = [];
function row(what, ours, wish, beside = '') {
  rows.push([what, ours, beside, wish]);
  console.error(`${what}: ${ours}   ${beside}   wanted ${wish}`);
}
const times = (a, b) => `${(a / b).toFixed(2)} times`;
const s = (one) => `${one.wall.toFixed(2)} s (CPU ${one.cpu.toFixed(2)})`;

const FIND = (dir) => `find ${dir} -printf '%s %m\\n'`;
const GREP = (dir) => `grep -r no-such-text-anywhere ${dir} || test $? = 1`;
const SMALL = 'mkdir small && cd small && for i in $(seq 1000); do echo "content $i" > f$i; done';

async function lifeCycle() {
  // The first one warms the store and the daemon's code.
  for (let i = 0; i < 20; i++) {
    await create(`warm-${i}`);
    await remove(`warm-${i}`);
  }
  const creates = [];
  const deletes = [];
  for (let i = 0; i < 41; i++) creates.push((await ms(() => create(`one-${i}`)))[0]);
  for (let i = 0; i < 41; i++) deletes.push((await ms(() => remove(`one-${i}`)))[0]);
  row('create to Ready, warm store, median of 41', `${median(creates).toFixed(1)} ms`, '≤ 20 ms');
  row('delete answered, median of 41', `${median(deletes).toFixed(1)} ms`, '≤ 50 ms');
  const fifty = Array.from({ length: 50 }, (_, i) => `fifty-${i}`);
  const [all] = await ms(() => Promise.all(fifty.map(create)));
  row('50 creates at once', `${all.toFixed(0)} ms`, '≤ 1 s');
  await Promise.all(fifty.map(remove));
}

async function memory() {
  // Idle: after some ten seconds without work V8 gives back what was only garbage.
  const settle = async () => {
    await new Promise((r) => setTimeout(r, 20_000));
    return status('RssAnon');
  };
  const make = async (from, to) => {
    for (let i = from; i < to; i++) await create(`idle-${i}`);
  };
  await make(0, 100);
  const before = await settle();
  await make(100, 500);
  const after = await settle();
  row(
    'memory per additional idle job (RssAnon, jobs 100 to 500)',
    `${((after - before) / 400).toFixed(1)} kB`,
    '≤ 50 kB',
    `${before} kB, then ${after} kB`,
  );
  const [listed] = await ms(() => call('GET', '/mounts'));
  row('list of 500 jobs', `${listed.toFixed(1)} ms`, '');
  for (let i = 0; i < 500; i++) await remove(`idle-${i}`);
}

async function edits() {
  const { mount_id, mountpoint } = await create('edits');
  const script = `find . -type f | head -5000 | awk 'NR % 50 == 0' | head -90 | while read f; do echo more >> "$f"; done
    mkdir new; for i in 1 2 3 4; do echo x > new/$i; done; find . -name '*.txt' -o -name '*.md' | head -5 | xargs rm -f`;
  await time(script, mountpoint);
  const taken = [];
  let count = 0;
  for (let i = 0; i < 15; i++) {
    const [t, { changes }] = await ms(() => call('GET', `/mounts/${mount_id}/changes`));
    taken.push(t);
    count = changes.length;
  }
  row(`changes of ${count} edits, median of 15`, `${median(taken).toFixed(1)} ms`, '≤ 20 ms');
  await remove('edits');
}

async function smallFiles(ext4) {
  const { mountpoint } = await create('small');
  const plain = [];
  const job = [];
  for (let i = 0; i < 5; i++) {
    plain.push(await time(SMALL, ext4));
    job.push(await time(SMALL, mountpoint));
    rmSync(join(ext4, 'small'), { recursive: true });
    await time('rm -r small', mountpoint);
  }
  const best = (all) => all.reduce((a, b) => (a.wall < b.wall ? a : b));
  row(
    '1,000 small files, best of 5',
    times(best(job).wall, best(plain).wall),
    '≤ 1.5 times',
    `${s(best(job))}, ext4 ${s(best(plain))}`,
  );
  await remove('small');
}

async function builds() {
  const source = (i) =>
    `#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <math.h>\nint f${i}(int n) { char b[64]; snprintf(b, sizeof b, "%d", n); return atoi(b) + ${i}; }\n`;
  const fill = (dir) => {
    mkdirSync(join(dir, 'cbuild'));
    for (let i = 0; i < 24; i++) writeFileSync(join(dir, 'cbuild', `f${i}.c`), source(i));
  };
  const build =
    'cd cbuild && for f in *.c; do gcc -O1 -c "$f" -o "${f%.c}.o"; done && ar rc lib.a *.o';
  const eight = Array.from({ length: 8 }, (_, i) => i);
  const plain = eight.map((i) => join(place, `plain-${i}`));
  for (const dir of plain) {
    mkdirSync(dir);
    fill(dir);
  }
  const jobs = await Promise.all(eight.map((i) => create(`build-${i}`)));
  for (const { mountpoint } of jobs) fill(mountpoint);
  const all = async (dirs) => {
    const clean = 'rm -f cbuild/*.o cbuild/lib.a';
    for (const dir of dirs) await time(clean, dir);
    return await time(dirs.map((dir) => `( cd ${dir} && ${build} ) &`).join(' ') + ' wait');
  };
  const views = jobs.map(({ mountpoint }) => mountpoint);
  await all(plain.slice(0, 1));
  const a = [await all(plain)];
  const b = [await all(views)];
  a.push(await all(plain));
  b.push(await all(views));
  const best = (list) => list.reduce((x, y) => (x.wall < y.wall ? x : y));
  row(
    'the same C build in 8 jobs at once, best of 2',
    times(best(b).wall, best(a).wall),
    '≤ 1.1 times',
    `${s(best(b))}, plain ${s(best(a))}`,
  );
  await Promise.all(eight.map((i) => remove(`build-${i}`)));
}

async function walks(ext4) {
  const first = await create('walk-1');
  const cold = await time(FIND(first.mountpoint));
  const warm = await time(FIND(first.mountpoint));
  await time(GREP(first.mountpoint));
  const grep = await time(GREP(first.mountpoint));
  await time(GREP(ext4));
  const host = { find: await time(FIND(ext4)), grep: await time(GREP(ext4)) };
  const second = await create('walk-2');
  const other = await time(FIND(second.mountpoint));
  const again = await time(FIND(second.mountpoint));
  const hostAgain = await time(FIND(ext4));
  const find = hostAgain.wall < host.find.wall ? hostAgain : host.find;
  row('first walk of the first job (cold base)', s(cold), '', `ext4 warm ${s(find)}`);
  row(
    'second walk',
    times(Math.min(warm.wall, again.wall), find.wall),
    '≤ 1.6 times',
    s(again.wall < warm.wall ? again : warm),
  );
  row(
    'second grep -r',
    times(grep.wall, host.grep.wall),
    '≤ 1.6 times',
    `${s(grep)}, ext4 ${s(host.grep)}`,
  );
  row(
    'first walk in a second job over the warm base',
    times(other.wall, find.wall),
    '≤ 6 times',
    s(other),
  );
  await remove('walk-1');
  await remove('walk-2');
}

try {
  const M = await makeRepo('M', join(kept, 'M'));
  const server = await startServer(M.path ?? join(kept, 'M'));
  const ext4 = join(place, 'ext4');
  await time(`git clone -q --depth 1 file://${join(kept, 'M')} ${ext4}`);
  rmSync(join(ext4, '.git'), { recursive: true });
  daemon = await startDaemon(server.url);
  for (let ready = false; !ready;) ready = (await fetch(`${daemon.url}/ready`)).ok;
  const parts = { lifeCycle, memory, edits, smallFiles, builds, walks };
  for (const [name, part] of Object.entries(parts)) if (wanted.test(name)) await part(ext4);
  console.log('| what | here | beside | wanted |\n|---|---|---|---|');
  for (const cells of rows) console.log(`| ${cells.join(' | ')} |`);
  daemon.child.kill('SIGTERM');
  await once(daemon.child, 'exit');
  server.child.disconnect();
} finally {
  if (daemon?.child.exitCode === null) {
    daemon.child.kill('SIGTERM');
    await once(daemon.child, 'exit');
  }
  rmSync(place, { recursive: true, force: true });
}
