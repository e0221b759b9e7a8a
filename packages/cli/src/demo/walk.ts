import { lstat, open, readdir } from 'node:fs/promises';

export interface Walked {
  directories: number;
  files: number;
  links: number;
  /** Sizes of files as `stat` shows them. */
  bytes: number;
}

export interface FoundFile {
  /** A path is bytes: a repository may have names that are not UTF-8. */
  readonly path: Buffer;
  readonly size: number;
}

const SLASH = Buffer.from('/');
/** `lstat`s under way at once. */
const TOGETHER = 32;

/** Looks at every name below a directory, as `find -printf %s` does, and at no content. */
export async function walk(
  top: string,
  options: { readonly signal: AbortSignal; readonly progress: (so: Walked) => void },
): Promise<Walked & { readonly found: FoundFile[] }> {
  const so: Walked = { directories: 0, files: 0, links: 0, bytes: 0 };
  const found: FoundFile[] = [];
  const todo: Buffer[] = [Buffer.from(top)];
  for (let directory = todo.pop(); directory !== undefined; directory = todo.pop()) {
    options.signal.throwIfAborted();
    so.directories += 1;
    const here = directory;
    const entries = await readdir(here, { encoding: 'buffer', withFileTypes: true });
    for (let i = 0; i < entries.length; i += TOGETHER) {
      const some = entries.slice(i, i + TOGETHER);
      const stats = await Promise.all(
        some.map(async ({ name }) => {
          const path = Buffer.concat([here, SLASH, name]);
          return { path, stat: await lstat(path) };
        }),
      );
      for (const { path, stat } of stats) {
        if (stat.isDirectory()) todo.push(path);
        else if (stat.isSymbolicLink()) so.links += 1;
        else {
          so.files += 1;
          so.bytes += stat.size;
          found.push({ path, size: stat.size });
        }
      }
      options.progress(so);
    }
  }
  return { ...so, found };
}

/** Reads files from begin to end; gives the bytes read. */
export async function readAll(
  files: readonly FoundFile[],
  options: {
    readonly signal: AbortSignal;
    readonly progress: (files: number, bytes: number) => void;
  },
): Promise<number> {
  const buffer = Buffer.alloc(1 << 20);
  let bytes = 0;
  for (const [i, { path }] of files.entries()) {
    options.signal.throwIfAborted();
    await using file = await open(path, 'r');
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) break;
      bytes += bytesRead;
    }
    options.progress(i + 1, bytes);
  }
  return bytes;
}
