import {
  nameFromBytes,
  ROOT_NODE,
  type Attr,
  type Entry,
  type FileSystem,
  type Handle,
  type Name,
  type NodeId,
  type Notifier,
  type Request,
  type SessionInfo,
} from '@scorpiofs/fuse';

export interface Heard {
  readonly kind: 'inode' | 'entry';
  readonly node: NodeId;
  readonly name?: Name;
}

/** Asks as the kernel does, and keeps its references, as the kernel does until memory is short. */
export class Kernel {
  /** What the file system told it to forget. */
  readonly heard: Heard[] = [];
  readonly fh = 0 as Handle;

  constructor(readonly fs: FileSystem) {
    const notify: Notifier = {
      invalInode: (node) => void this.heard.push({ kind: 'inode', node }),
      invalEntry: (node, name) => void this.heard.push({ kind: 'entry', node, name }),
      expireEntry: (node, name) => void this.heard.push({ kind: 'entry', node, name }),
      deleteEntry: (node, _child, name) => void this.heard.push({ kind: 'entry', node, name }),
      settled: () => Promise.resolve(),
    };
    const info: SessionInfo = {
      transport: 'direct',
      protocolMinor: 45,
      maxWrite: 1 << 20,
      maxRead: 1 << 20,
      passthrough: false,
      writebackCache: false,
      noOpen: true,
      noOpendir: true,
      readdirPlus: true,
      notify,
    };
    fs.init?.(info);
  }

  request(signal = new AbortController().signal): Request {
    return { uid: 0, gid: 0, pid: 1, interrupted: signal.aborted, signal };
  }

  /** The entry at a path, by one lookup for each name. Undefined: there is none. */
  async entry(path: string, signal?: AbortSignal): Promise<Entry | undefined> {
    let node = ROOT_NODE;
    let entry: Entry | undefined;
    for (const name of path.split('/').filter((part) => part !== '')) {
      entry = await this.lookup(node, name, signal);
      if (entry === undefined) return undefined;
      node = entry.node;
    }
    return entry;
  }

  async lookup(parent: NodeId, name: string, signal?: AbortSignal): Promise<Entry | undefined> {
    const bytes = nameFromBytes(Buffer.from(name, 'latin1'));
    const answer = await this.fs.lookup?.(this.request(signal), parent, bytes);
    return answer !== undefined && 'attr' in answer ? answer : undefined;
  }

  async node(path: string): Promise<NodeId> {
    if (path === '/') return ROOT_NODE;
    const entry = await this.entry(path);
    if (entry === undefined) throw new Error(`no ${path}`);
    return entry.node;
  }

  async attr(node: NodeId): Promise<Attr> {
    const reply = await this.fs.getattr?.(this.request(), node, undefined);
    if (reply === undefined) throw new Error('no getattr');
    return reply.attr;
  }

  async read(node: NodeId, size = 1 << 20, offset = 0, signal?: AbortSignal): Promise<Buffer> {
    const into = Buffer.alloc(size);
    const length = await this.fs.read?.(this.request(signal), node, this.fh, offset, into, 0);
    return into.subarray(0, length ?? 0);
  }

  /** Names of a directory, without "." and "..", a few entries at a time. */
  async list(node: NodeId, plus = true, room = 20): Promise<Map<string, Entry | undefined>> {
    const found = new Map<string, Entry | undefined>();
    for (let offset = 0; ;) {
      const before = offset;
      let left = room;
      const take = (name: Name, entry: Entry | undefined, next: number): boolean => {
        if (left-- <= 0) return false;
        offset = next;
        if (name === '.' || name === '..') return true;
        if (found.has(name)) throw new Error(`${name} twice`);
        found.set(name, entry && { ...entry });
        return true;
      };
      await this.fs.readdir?.(this.request(), node, this.fh, offset, {
        plus,
        add: (name, _ino, _type, next) => take(name, undefined, next),
        addEntry: (name, entry, next) => take(name, entry, next),
      });
      if (offset === before) return found;
    }
  }

  /** All paths below a directory, depth first, with what `visit` makes of each file. */
  async walk(
    top: string,
    visit?: (path: string, entry: Entry) => Promise<void>,
  ): Promise<string[]> {
    const paths: string[] = [];
    const below = async (path: string, node: NodeId): Promise<void> => {
      for (const [name, entry] of await this.list(node)) {
        const here = `${path}/${name}`;
        paths.push(here);
        const known = entry ?? (visit && (await this.lookup(node, name)));
        if (known === undefined) continue;
        if ((known.attr.mode & 0o170000) === 0o040000) await below(here, known.node);
        else await visit?.(here, known);
      }
    };
    await below(top === '/' ? '' : top, await this.node(top));
    return paths;
  }
}
