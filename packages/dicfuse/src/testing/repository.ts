import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseOid, type Oid } from '@scorpiofs/objects';

/** Path (one character per byte) to content, or to a mode and what it needs. */
export type Files = Readonly<Record<string, string | Buffer | FileSpec | null>>;

export interface FileSpec {
  readonly mode: '100644' | '100755' | '120000' | '160000';
  /** Content, target, or commit id. */
  readonly data: string | Buffer;
}

export interface Repository extends AsyncDisposable {
  readonly path: string;
  /** One for each member of `commits`, oldest first. */
  readonly commits: readonly Oid[];
  git(...args: string[]): Promise<Buffer>;
}

/** A real bare repository. Each commit changes what the one before had; null deletes. */
export async function repository(...commits: Files[]): Promise<Repository> {
  const path = await mkdtemp(join(tmpdir(), 'scorpio-dicfuse-repo-'));
  await git(path, ['init', '--quiet', '--bare', '--initial-branch=main', '.']);
  const input: (string | Buffer)[] = [];
  for (const [i, files] of commits.entries()) {
    const when = `Ada <ada@example.test> ${1_700_000_000 + i} +0000`;
    input.push(`commit refs/heads/main\nmark :${i + 1}\ncommitter ${when}\ndata 1\nx\n`);
    if (i > 0) input.push(`from :${i}\n`);
    for (const [name, spec] of Object.entries(files)) input.push(...change(name, spec));
    input.push('\n');
  }
  await git(path, ['fast-import', '--quiet', '--export-marks=marks'], toBuffer(input));
  const log = await git(path, ['log', '--reverse', '--format=%H', 'main']);
  return {
    path,
    commits: log
      .toString()
      .trim()
      .split('\n')
      .map((line) => parseOid(line)),
    git: (...args) => git(path, args),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

function toBuffer(pieces: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat(
    pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)),
  );
}

function change(name: string, spec: Files[string]): (string | Buffer)[] {
  const path = `"${name.replace(/["\\\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`;
  if (spec === null || spec === undefined) return [`D ${path}\n`];
  const { mode, data } =
    typeof spec === 'string' || Buffer.isBuffer(spec)
      ? ({ mode: '100644', data: spec } as const)
      : spec;
  if (mode === '160000') return [`M ${mode} ${String(data)} ${path}\n`];
  const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
  return [`M ${mode} inline ${path}\ndata ${bytes.length}\n`, bytes, '\n'];
}

async function git(cwd: string, args: readonly string[], input?: Buffer): Promise<Buffer> {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  const child = spawn('git', args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(input);
  const exit = once(child, 'exit');
  const pieces: Buffer[] = [];
  const [, errors] = await Promise.all([
    (async () => {
      for await (const piece of child.stdout) pieces.push(piece as Buffer);
    })(),
    text(child.stderr),
  ]);
  const [code] = (await exit) as [number | null];
  if (code !== 0) throw new Error(`git ${args.join(' ')}: ${errors}`);
  return Buffer.concat(pieces);
}
