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

/** Names of a directory, one character per byte; none where there is no such directory. */
export async function namesIn(fs: FileSystem, path: string): Promise<string[]> {
  const { signal } = new AbortController();
  const found = await withEntry(fs, path, signal, async (node) => {
    const names: string[] = [];
    let offset = 0;
    for (let before = -1; before !== offset;) {
      before = offset;
      const take = (name: string, next: number): boolean => {
        offset = next;
        if (name !== '.' && name !== '..') names.push(name);
        return true;
      };
      await fs.readdir?.(request(signal), node, 0 as Handle, offset, {
        plus: false,
        add: (name, _ino, _type, next) => take(name, next),
        addEntry: (name, _entry, next) => take(name, next),
      });
    }
    return names;
  });
  return found ?? [];
}

async function withEntry<T>(
  fs: FileSystem,
  path: string,
  signal: AbortSignal,
  use: (node: NodeId, attr: Attr) => Promise<T>,
): Promise<T | undefined> {
  const held: NodeId[] = [];
  let node: NodeId = ROOT_NODE;
  let attr: Attr | undefined;
  try {
    for (const part of path.split('/').filter((p) => p !== '')) {
      const answer = await fs.lookup?.(
        request(signal),
        node,
        nameFromBytes(Buffer.from(part, 'latin1')),
      );
      if (answer === undefined || !('attr' in answer)) return undefined;
      held.push(answer.node);
      ({ node, attr } = answer);
    }
    return attr === undefined ? undefined : await use(node, attr);
  } finally {
    for (const one of held) fs.forget?.(one, 1);
  }
}

function request(signal: AbortSignal) {
  return { uid: 0, gid: 0, pid: process.pid, interrupted: signal.aborted, signal };
}
