import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { localGitEnv } from '../git/env.js';
import type { ObjectStore } from '../git/object-store.js';

/** What old histories hold and every git server takes; everything else that fsck finds is refused. */
const TOLERATED = [
  'treeNotSorted',
  'zeroPaddedFilemode',
  'zeroPaddedDate',
  'missingSpaceBeforeDate',
  'missingSpaceBeforeEmail',
  'missingNameBeforeEmail',
  'missingEmail',
  'badDate',
  'badTimezone',
  'badEmail',
  'badName',
];

/**
 * A pushed pack on its way in. Its objects lie apart from the repository's until everything about them has been checked;
 * then they are moved over, or go with the quarantine.
 */
export class Quarantine implements AsyncDisposable {
  private constructor(
    readonly store: ObjectStore,
    readonly dir: string,
  ) {}

  static async create(store: ObjectStore): Promise<Quarantine> {
    const dir = await mkdtemp(join(store.objectsDir, 'incoming-'));
    await mkdir(join(dir, 'pack'));
    return new Quarantine(store, dir);
  }

  get #env(): NodeJS.ProcessEnv {
    return {
      ...localGitEnv(),
      GIT_OBJECT_DIRECTORY: this.dir,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: this.store.objectsDir,
      GIT_QUARANTINE_PATH: this.dir,
    };
  }

  /** Takes the pack in; rejects with what git says where it is broken or holds names like `..` or `.git`. */
  async unpack(pack: AsyncIterable<Buffer>): Promise<void> {
    const { git, gitDir } = this.store;
    const strict = `--strict=${TOLERATED.map((id) => `${id}=ignore`).join(',')}`;
    const args = [`--git-dir=${gitDir}`, 'index-pack', '--stdin', '--fix-thin', strict];
    const child = git.spawn(args, { env: this.#env });
    let stderr = '';
    child.stderr
      .setEncoding('utf8')
      .on('data', (text: string) => (stderr = (stderr + text).slice(-4000)));
    child.stdout.resume();
    const ended = new Promise<number | null>((resolve) => {
      child.once('close', resolve);
      child.once('error', () => resolve(null));
    });
    try {
      for await (const chunk of pack) {
        if (child.stdin.destroyed) break;
        if (!child.stdin.write(chunk)) await Promise.race([once(child.stdin, 'drain'), ended]);
      }
      child.stdin.end();
    } catch (error) {
      // The client went away in the middle.
      child.kill('SIGKILL');
      await ended;
      throw error;
    }
    if ((await ended) !== 0) throw new Error(lastLine(stderr) || 'index-pack failed');
  }

  /** Whether everything that these reach is here, as far as `known` does not reach it already. */
  async isConnected(oids: readonly string[], known: readonly string[]): Promise<boolean> {
    const partial = this.store.missing === undefined ? [] : ['--missing=allow-any'];
    return this.#revList(['--objects', '--quiet', ...partial], oids, known).then(
      () => true,
      () => false,
    );
  }

  /** How many commits of `oid`'s history are not in that of `known`. */
  async newCommits(oid: string, known: readonly string[]): Promise<number> {
    return Number(await this.#revList(['--count'], [oid], known));
  }

  async #revList(
    args: readonly string[],
    oids: readonly string[],
    known: readonly string[],
  ): Promise<string> {
    const input = [...oids, ...known.map((oid) => `^${oid}`), ''].join('\n');
    const { git, gitDir } = this.store;
    const all = [`--git-dir=${gitDir}`, 'rev-list', ...args, '--stdin'];
    return git.text(all, { input, env: this.#env });
  }

  /** Ids of all objects in the pack. */
  async objects(): Promise<string[]> {
    const index = (await readdir(join(this.dir, 'pack'))).find((name) => name.endsWith('.idx'));
    if (index === undefined) return [];
    const { git } = this.store;
    const chunks: Buffer[] = [];
    for await (const chunk of createReadStream(
      join(this.dir, 'pack', index),
    ) as AsyncIterable<Buffer>)
      chunks.push(chunk);
    const text = await git.text(['show-index'], { input: Buffer.concat(chunks) });
    return text.split('\n').flatMap((line) => line.split(' ')[1] ?? []);
  }

  /** Moves the pack into the repository; the index last, as only then git sees the pack. */
  async release(): Promise<void> {
    const from = join(this.dir, 'pack');
    const to = join(this.store.objectsDir, 'pack');
    await mkdir(to, { recursive: true });
    const names = await readdir(from);
    const last = (name: string): number => (name.endsWith('.idx') ? 1 : 0);
    for (const name of names.toSorted((a, b) => last(a) - last(b)))
      await rename(join(from, name), join(to, name));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.dir, { recursive: true, force: true });
  }
}

function lastLine(text: string): string {
  return (text.trim().split('\n').at(-1) ?? '').replace(/^(?:fatal|error): /, '').slice(0, 300);
}
