// Generated repositories, the same on every run: M (50,000 files, 5,900 directories, about 509 MB)
// and S (2,000 files, about 34 MB). node scripts/bench/lib/make-repo.mjs M|S DIRECTORY
import { spawn, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const SHAPES = {
  M: { files: 50_000, directories: 5_900, bytes: 509e6, seed: 1 },
  S: { files: 2_000, directories: 230, bytes: 34e6, seed: 2 },
};

/** mulberry32: small, seedable, good enough for file contents. */
export function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const WORDS =
  'let fn return match async struct impl value index buffer layer inode error path if else'.split(
    ' ',
  );

export function text(rand, size) {
  // Lines of words and numbers: compresses about as source code does.
  const parts = [];
  for (let n = 0; n < size;) {
    const line = `${WORDS[(rand() * WORDS.length) | 0]} ${WORDS[(rand() * WORDS.length) | 0]}_${(rand() * 1e9) | 0} = ${(rand() * 1e6) | 0};\n`;
    parts.push(line);
    n += line.length;
  }
  return Buffer.from(parts.join('')).subarray(0, size);
}

export function layout({ directories, seed }) {
  const rand = random(seed);
  const dirs = [''];
  while (dirs.length < directories) {
    const parent = dirs[(rand() ** 1.5 * dirs.length) | 0];
    if (parent.split('/').length > 11) continue;
    dirs.push(`${parent}${parent === '' ? '' : '/'}d${dirs.length}`);
  }
  return dirs;
}

/** Most files small, a tail of large ones, scaled to the total. */
export function fileSizes(rand, { files, bytes }) {
  const raw = Array.from({ length: files }, () =>
    Math.exp(7.3 + 1.6 * (rand() + rand() + rand() + rand() - 2) * 1.6),
  );
  const scale = bytes / raw.reduce((a, b) => a + b, 0);
  return raw.map((size) => Math.max(1, Math.round(size * scale)));
}

/** Makes the repository unless it is there; returns its path. */
export async function makeRepo(name, dir) {
  const shape = SHAPES[name];
  if (existsSync(join(dir, '.made'))) return dir;
  execFileSync('git', ['init', '-q', '-b', 'main', dir]);
  const rand = random(shape.seed + 100);
  const dirs = layout(shape);
  const sizes = fileSizes(rand, shape);
  const git = spawn('git', ['fast-import', '--quiet'], {
    cwd: dir,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const put = async (chunk) => {
    if (!git.stdin.write(chunk)) await once(git.stdin, 'drain');
  };
  await put(
    'commit refs/heads/main\ncommitter Bench <bench@example.invalid> 1700000000 +0000\ndata 5\nbench\n',
  );
  for (let i = 0; i < shape.files; i++) {
    // Every directory gets a file first, so that none is empty.
    const in_ = i < dirs.length ? dirs[i] : dirs[(rand() * dirs.length) | 0];
    const body = text(rand, sizes[i]);
    const mode = i % 40 === 7 ? '100755' : '100644';
    await put(`M ${mode} inline ${in_}${in_ === '' ? '' : '/'}f${i}.rs\ndata ${body.length}\n`);
    await put(body);
    await put('\n');
  }
  git.stdin.end('done\n'.slice(5));
  const [code] = await once(git, 'exit');
  if (code !== 0) throw new Error(`git fast-import ended with ${code}`);
  writeFileSync(join(dir, '.made'), 'ok\n');
  return dir;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [name, dir] = process.argv.slice(2);
  console.log(await makeRepo(name, dir));
}
