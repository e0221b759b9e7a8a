import {
  nameFromBytes,
  ROOT_NODE,
  type Attr,
  type FileSystem,
  type Handle,
  type NodeId,
} from '@scorpiofs/fuse';

/**
 * Asks the base itself, never through the kernel: this process serves the mount, and would wait for itself. Each lookup counts
 * a reference, which is given back.
 */
export async function lookUp(
  fs: FileSystem,
  path: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<Attr | undefined> {
  return await withEntry(fs, path, signal, (_node, attr) => Promise.resolve(attr));
}

/** Whether the listing of a directory can be served: the first answer of `readdir` has come. Undefined: no such entry. */
export async function listable(
  fs: FileSystem,
  path: string,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  return await withEntry(fs, path, signal, async (node, attr) => {
    if ((attr.mode & 0o170000) !== 0o040000) return false;
    let room = 1;
    const take = (): boolean => room-- > 0;
    await fs.readdir?.(request(signal), node, 0 as Handle, 0, {
      plus: false,
      add: take,
      addEntry: take,
    });
    return true;
  });
}

/** An entry that stays until `release`: there is one reference on each step to it. */
export interface HeldEntry {
  readonly node: NodeId;
  readonly attr: Attr;
  readonly release: () => void;
}

/** Undefined: no such entry, or the root of all. */
export async function hold(
  fs: FileSystem,
  path: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<HeldEntry | undefined> {
  const held: NodeId[] = [];
  const release = (): void => {
    for (const one of held.splice(0)) fs.forget?.(one, 1);
  };
  let node: NodeId = ROOT_NODE;
  let attr: Attr | undefined;
  try {
    for (const part of path.split('/').filter((p) => p !== '')) {
      const name = nameFromBytes(Buffer.from(part, 'latin1'));
      const answer = await fs.lookup?.(request(signal), node, name);
      if (answer === undefined || !('attr' in answer)) {
        release();
        return undefined;
      }
      held.push(answer.node);
      ({ node, attr } = answer);
    }
  } catch (error) {
    release();
    throw error;
  }
  return attr && { node, attr, release };
}

async function withEntry<T>(
  fs: FileSystem,
  path: string,
  signal: AbortSignal,
  use: (node: NodeId, attr: Attr) => Promise<T>,
): Promise<T | undefined> {
  const held = await hold(fs, path, signal);
  if (held === undefined) return undefined;
  try {
    return await use(held.node, held.attr);
  } finally {
    held.release();
  }
}

function request(signal: AbortSignal) {
  return { uid: 0, gid: 0, pid: process.pid, interrupted: signal.aborted, signal };
}
