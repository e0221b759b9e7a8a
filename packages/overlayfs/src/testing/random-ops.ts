import fc from 'fast-check';

import { FsError, type FileSystem } from '@scorpiofs/fuse';
import { DirectClient, MountedClient, type Client } from '@scorpiofs/fuse/testing';

/** For tests: one operation on a small tree, the same for an overlay and for a model of it. */
export type RandomOp =
  | { readonly kind: 'write' | 'append'; readonly path: string; readonly text: string }
  | { readonly kind: 'mkdir' | 'rmdir' | 'unlink'; readonly path: string }
  | { readonly kind: 'rename'; readonly path: string; readonly to: string; readonly flags: number }
  | { readonly kind: 'link' | 'symlink'; readonly path: string; readonly to: string }
  | { readonly kind: 'chmod' | 'truncate'; readonly path: string; readonly value: number }
  | { readonly kind: 'setxattr'; readonly path: string; readonly text: string }
  | { readonly kind: 'remount' | 'newLayer' };

const name = fc.constantFrom('a', 'b', 'c');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => `/${names.join('/')}`);
const text = fc.string({ maxLength: 6 });

/** Changes alone. Hard links are apart: a new layer on top breaks those of a lower file, as with the kernel's overlay. */
export function randomOps(links: boolean): fc.Arbitrary<RandomOp>[] {
  const ops: fc.Arbitrary<RandomOp>[] = [
    fc.record({ kind: fc.constantFrom('write', 'append'), path, text }),
    fc.record({ kind: fc.constantFrom('mkdir', 'mkdir', 'rmdir', 'unlink'), path }),
    fc.record({
      kind: fc.constant('rename'),
      path,
      to: path,
      flags: fc.constantFrom(0, 0, 0, 1, 2),
    }),
    fc.record({ kind: fc.constant('symlink'), path, to: path }),
    fc.record({ kind: fc.constant('chmod'), path, value: fc.constantFrom(0o600, 0o755, 0o1777) }),
    fc.record({ kind: fc.constant('truncate'), path, value: fc.constantFrom(0, 2, 9) }),
    fc.record({ kind: fc.constant('setxattr'), path, text }),
  ];
  // More of them, since most find no file.
  const link = fc.record({ kind: fc.constant('link' as const), path, to: path });
  if (links) ops.push(link, link, link);
  return ops;
}

export const mounts: fc.Arbitrary<RandomOp> = fc.record({
  kind: fc.constantFrom('remount', 'remount', 'newLayer'),
});

/** A file system, or a mount of one. */
export type View = FileSystem | MountedClient;

function clientOf(view: View): Client {
  return view instanceof MountedClient ? view : new DirectClient(view, { uid: 0, gid: 0 });
}

/** The errno, 0 for success. */
export async function apply(fs: View, op: RandomOp): Promise<number> {
  const client = clientOf(fs);
  try {
    switch (op.kind) {
      case 'write':
        await client.writeFile(op.path, op.text);
        break;
      case 'append':
        await client.appendFile(op.path, op.text);
        break;
      case 'mkdir':
        await client.mkdir(op.path, 0o755);
        break;
      case 'rmdir':
        await client.rmdir(op.path);
        break;
      case 'unlink':
        await client.unlink(op.path);
        break;
      case 'rename':
        await client.rename(op.path, op.to, op.flags);
        break;
      case 'link':
        await client.link(op.path, op.to);
        break;
      case 'symlink':
        await client.symlink(op.path, op.to);
        break;
      case 'chmod':
        await client.chmod(op.path, op.value);
        break;
      case 'truncate':
        await client.truncate(op.path, op.value);
        break;
      case 'setxattr':
        await client.setxattr(op.path, 'user.x', op.text);
        break;
      default:
    }
    return 0;
  } catch (error) {
    if (error instanceof FsError) return error.errno;
    throw error;
  }
}

/** Everything that a program can see of a tree, but for numbers and times; link counts if wanted. */
export async function snapshot(fs: View, counts = true): Promise<Record<string, string>> {
  const client = clientOf(fs);
  const seen: Record<string, string> = {};
  const walk = async (directory: string): Promise<void> => {
    for (const { name: entry, type, ino } of await client.list(directory)) {
      const at = `${directory === '/' ? '' : directory}/${entry}`;
      const attr = await client.lstat(at);
      if (ino !== attr.ino) throw new Error(`${at}: d_ino ${ino}, st_ino ${attr.ino}`);
      if (type !== (attr.mode & 0o170000)) throw new Error(`${at}: d_type ${type}`);
      const xattrs = await client.listxattr(at);
      const values = await Promise.all(
        xattrs.map(async (x) => `${x}=${(await client.getxattr(at, x)).toString()}`),
      );
      const what =
        type === 0o120000
          ? (await client.readlink(at)).toString()
          : type === 0o100000
            ? `${counts ? attr.nlink : ''} ${await client.text(at)}`
            : '';
      seen[at] = `${attr.mode.toString(8)} ${values.join()} ${what}`;
      if (type === 0o040000) await walk(at);
    }
  };
  await walk('/');
  return seen;
}

export async function inodeNumbers(fs: View): Promise<Record<string, string>> {
  const client = clientOf(fs);
  const seen: Record<string, string> = {};
  for (const at of Object.keys(await snapshot(fs))) seen[at] = String((await client.lstat(at)).ino);
  return seen;
}
