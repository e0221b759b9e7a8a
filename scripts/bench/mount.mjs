// The base, cold and warm, beside ext4, bindfs and a shallow clone, in one run. Needs root, bindfs and about 4 GB in the
// temporary directory; takes a few minutes. Build first:
//   npx tsc -b && node scripts/bench/mount.mjs [DIRECTORY for the generated repositories]
import { execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { delayProxy } from './lib/delay-proxy.mjs';
import { gitHttp } from './lib/git-http.mjs';
import { DEEP, makeDistant } from './lib/make-distant.mjs';
import { makeRepo } from './lib/make-repo.mjs';

const place = mkdtempSync(join(tmpdir(), 'scorpio-bench-'));
const kept = process.argv[2] ?? place;
const here = (name) => new URL(`lib/${name}`, import.meta.url);
const LIMIT = 300_000;

/** Seconds that a shell command takes, killed should it hang; its output is dropped. The proxies run on meanwhile. */
async function time(command) {
  const start = performance.now();
  const child = spawn('bash', ['-c', `set -o pipefail; ${command} >/dev/null`], {
    cwd: '/',
    timeout: LIMIT,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
  const [code, signal] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${command}: ended with ${signal ?? code}`);
  return (performance.now() - start) / 1000;
}

async function start(script, ...args) {
  const child = fork(here(script), args);
  const [message] = await once(child, 'message');
  return { child, ...message };
}

async function stop({ child }) {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.disconnect();
  await ended;
}

async function ask({ child }) {
  const answer = once(child, 'message');
  child.send('counts');
  return (await answer)[0];
}

/** Resident memory in MB, file-mapped pages counted. */
function resident({ child }) {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024;
}

let mounts = 0;

/** A mount with an empty store, from a server that may be behind a delay. */
async function mounted(url, use) {
  const mountpoint = join(place, `mnt${++mounts}`);
  mkdirSync(mountpoint);
  const daemon = await start('daemon-process.mjs', url, join(place, `store${mounts}`), mountpoint);
  try {
    return await use(mountpoint, daemon);
  } finally {
    await stop(daemon);
    rmSync(join(place, `store${mounts}`), { recursive: true });
  }
}

const rows = [];
function row(what, ours, wanted = '', beside = '') {
  rows.push([what, ours, beside, wanted]);
  console.error(`${what}: ${ours}   ${beside}   ${wanted && `wanted ${wanted}`}`);
}
const s = (seconds) => `${seconds.toFixed(2)} s`;
const ratio = (a, b) => `${(a / b).toFixed(2)} times`;

const FIND = (dir) => `find ${dir} -printf '%s %m\\n'`;
const TAR = (dir) => `tar -C ${dir} -cf - . | cat`;
const GREP = (dir) => `grep -r no-such-text-anywhere ${dir} || test $? = 1`;

try {
  const M = await makeRepo('M', join(kept, 'M'));
  const S = await makeRepo('S', join(kept, 'S'));
  const http = await gitHttp(kept);
  const gitUrl = (name) => `http://127.0.0.1:${http.port}/${name}/.git`;

  // What a person without this program does.
  const clone = join(place, 'clone');
  const cloneTime = await time(`git clone -q --depth 1 ${gitUrl('M')} ${clone}`);
  const cloneFind = await time(FIND(clone));
  const cloneTar = await time(TAR(`${clone} --exclude=./.git`));
  rmSync(join(clone, '.git'), { recursive: true });
  const ext4 = {
    find: await time(FIND(clone)),
    tar: await time(TAR(clone)),
    grep: await time(GREP(clone)),
  };
  for (const [name, command] of [
    ['find', FIND],
    ['tar', TAR],
    ['grep', GREP],
  ])
    ext4[name] = Math.min(ext4[name], await time(command(clone)), await time(command(clone)));
  const bound = join(place, 'bound');
  mkdirSync(bound);
  execFileSync('bindfs', ['--no-allow-other', clone, bound]);
  let bindfs;
  try {
    bindfs = await time(FIND(bound));
  } finally {
    execFileSync('umount', ['-l', bound]);
  }

  const server = await start('server-process.mjs', M);
  // The server reads its repository once; every cold start below is a cold client.
  await mounted(server.url, (dir) => time(`ls ${dir}`));
  await mounted(server.url, async (dir, daemon) => {
    const first = await time(`ls ${dir}`);
    const { source } = await ask(daemon);
    row(
      'mount() to first listing',
      s(daemon.mountMs / 1000 + first),
      '≤ 0.1 s, one request',
      `${source.requests} request(s); ls itself ${s(first)}`,
    );
    const cold = await time(FIND(dir));
    row(
      'find of M, cold',
      s(cold),
      '≤ 2 s or 1.2 times bindfs',
      `bindfs ${s(bindfs)}; clone + find ${s(cloneTime + cloneFind)}`,
    );
    const entries = Number(execFileSync('bash', ['-c', `find ${dir} | wc -l`], { timeout: LIMIT }));
    row('entries seen', String(entries), '55900');
    row('resident after the walk', `${resident(daemon).toFixed(0)} MB`, '≤ 150 MB');
    const before = (await ask(daemon)).requests;
    const warm = Math.min(await time(FIND(dir)), await time(FIND(dir)), await time(FIND(dir)));
    const asked = (await ask(daemon)).requests - before;
    row(
      'find of M, warm',
      `${s(warm)}, ${ratio(warm, ext4.find)} ext4`,
      '≤ 1.4 times',
      `ext4 ${s(ext4.find)}; ${asked} kernel requests in three walks`,
    );
  });
  await mounted(server.url, async (dir, daemon) => {
    const cold = await time(TAR(dir));
    const other = cloneTime + cloneTar;
    row(
      'read all of M, cold',
      `${s(cold)}, ${ratio(cold, other)} clone + tar`,
      '≤ 1.5 times',
      `clone + tar ${s(other)}`,
    );
    const before = (await ask(daemon)).requests;
    const warm = Math.min(await time(TAR(dir)), await time(TAR(dir)));
    const grep = Math.min(await time(GREP(dir)), await time(GREP(dir)));
    const asked = (await ask(daemon)).requests - before;
    row(
      'read all of M, warm',
      `${s(warm)}, ${ratio(warm, ext4.tar)} ext4`,
      '≤ 1.5 times',
      `ext4 ${s(ext4.tar)}; ${asked} kernel requests with grep`,
    );
    row(
      'grep -r of M, warm',
      `${s(grep)}, ${ratio(grep, ext4.grep)} ext4`,
      '≤ 1.3 times',
      `ext4 ${s(ext4.grep)}`,
    );
    row('resident after reading all', `${resident(daemon).toFixed(0)} MB`);
  });
  await mounted(server.url, async (dir) => {
    const list = join(place, 'list');
    execFileSync('bash', ['-c', `find ${dir} -type f -size -8k | head -1000 > ${list}`], {
      timeout: LIMIT,
    });
    row('1,000 small files by cat, cold', s(await time(`xargs cat < ${list}`)), '≤ 1 s');
  });
  await stop(server);

  const small = await start('server-process.mjs', S);
  await mounted(small.url, async (dir, daemon) => {
    await time(FIND(dir));
    row(
      'bytes on the wire to list S',
      `${((await ask(daemon)).source.bytesReceived / 1e6).toFixed(2)} MB`,
      '≤ 0.5 MB',
    );
  });
  const far = await delayProxy(Number(new URL(small.url).port), 20);
  await mounted(`http://127.0.0.1:${far.port}`, async (dir) => {
    row('20 ms: list and grep all of S', s(await time(`${FIND(dir)}; ${GREP(dir)}`)), '≤ 1.5 s');
  });
  await far.close();
  await stop(small);
  const distant = await start('server-process.mjs', makeDistant(join(place, 'distant')));
  const slow = await delayProxy(Number(new URL(distant.url).port), 20);
  const behindDelay = (what, command, wanted) =>
    mounted(`http://127.0.0.1:${slow.port}`, async (dir, daemon) => {
      const took = await time(command(dir));
      row(`20 ms: ${what}`, s(took), wanted, `${(await ask(daemon)).source.requests} requests`);
    });
  await behindDelay('first byte 16 levels deep', (dir) => `head -c 1 ${dir}/${DEEP}`, '≤ 0.25 s');
  await behindDelay('a module of 80 files, cold', (dir) => `cat ${dir}/m77/*`, '≤ 0.3 s');
  await behindDelay('one 50 MB file, cold', (dir) => `cat ${dir}/big | cat`, '≤ 0.7 s');
  await slow.close();
  await stop(distant);
  const plain = await start('server-process.mjs', M, 'plain');
  await mounted(plain.url, async (dir, daemon) => {
    const took = await time(FIND(dir));
    row(
      'find of M, server without the extension',
      s(took),
      'about 25 s',
      `${(await ask(daemon)).source.requests} requests`,
    );
  });
  await stop(plain);
  http.close();
} finally {
  if (existsSync(place)) rmSync(place, { recursive: true, force: true });
}
console.log('| what | here | beside | wanted |\n|---|---|---|---|');
for (const line of rows) console.log(`| ${line.join(' | ')} |`);
