import { fail } from '../errno.js';
import {
  ROOT_NODE,
  type Entry,
  type FileSystem,
  type NodeId,
  type Request,
} from '../filesystem.js';
import { NAME_MAX, nameFromUtf8, type Name } from '../name.js';

/**
 * A name that was looked up. It owns the lookup reference of that answer and gives it back when it is neither part of the
 * tree nor used.
 */
export class Dentry {
  readonly children = new Map<Name, Dentry>();
  users = 0;
  attached = true;

  constructor(
    readonly node: NodeId,
    readonly name: Name,
    readonly parent: Dentry | undefined,
  ) {}
}

const REPLACEMENT = '\ufffd';

/**
 * The name's bytes. The package hands names over as text and puts U+FFFD for what is not UTF-8: which file was meant is
 * then unknown.
 */
export function nameOf(text: string): Name {
  if (text.includes(REPLACEMENT)) throw fail('EILSEQ');
  const name = nameFromUtf8(text);
  if (name.length > NAME_MAX) throw fail('ENAMETOOLONG');
  return name;
}

/** Names that were looked up, from paths to nodes: libfuse 2 knows paths only. */
export class Tree {
  readonly root = new Dentry(ROOT_NODE, '' as Name, undefined);
  #size = 0;

  constructor(
    readonly fs: FileSystem,
    /** Names kept; with more, those not in use go. */
    readonly limit = 10_000,
  ) {}

  /** Lookup references held. */
  references = 0;

  /** The dentry of a path, held until `release`. ENOENT where there is none. */
  async hold(req: Request, path: string): Promise<Dentry> {
    let at = this.root;
    at.users += 1;
    for (const text of path.split('/')) {
      if (text === '') continue;
      try {
        const next = await this.#child(req, at, nameOf(text));
        next.users += 1;
        this.release(at);
        at = next;
      } catch (error) {
        this.release(at);
        throw error;
      }
    }
    if (this.#size > this.limit) this.#shrink();
    return at;
  }

  release(dentry: Dentry): void {
    dentry.users -= 1;
    this.#settle(dentry);
  }

  async #child(req: Request, parent: Dentry, name: Name): Promise<Dentry> {
    const known = parent.children.get(name);
    if (known !== undefined) return known;
    if (this.fs.lookup === undefined) throw fail('ENOSYS');
    const entry = await this.fs.lookup(req, parent.node, name);
    if (!('attr' in entry)) throw fail('ENOENT');
    return this.add(parent, name, entry);
  }

  /** Takes over the reference of an answer. Another request may have found the same name meanwhile. */
  add(parent: Dentry, name: Name, entry: Entry): Dentry {
    const known = parent.children.get(name);
    if (known?.node === entry.node) {
      this.fs.forget?.(entry.node, 1);
      return known;
    }
    if (known !== undefined) this.drop(parent, name);
    const dentry = new Dentry(entry.node, name, parent);
    this.references += 1;
    dentry.attached = parent.attached;
    if (dentry.attached) {
      parent.children.set(name, dentry);
      this.#size += 1;
    } else dentry.users = 0;
    return dentry;
  }

  /** The name, and all below it, may mean something else from now on. */
  drop(parent: Dentry, name: Name): void {
    const dentry = parent.children.get(name);
    if (dentry !== undefined) this.#detach(dentry);
  }

  /** By node, for a file system that says itself that a name changed. */
  dropByNode(parent: NodeId, name: Name): void {
    const visit = (dentry: Dentry): void => {
      for (const child of dentry.children.values()) visit(child);
      if (dentry.node === parent) this.drop(dentry, name);
    };
    visit(this.root);
  }

  dropAll(): void {
    for (const child of this.root.children.values()) this.#detach(child);
  }

  #detach(dentry: Dentry): void {
    for (const child of dentry.children.values()) this.#detach(child);
    dentry.parent?.children.delete(dentry.name);
    dentry.attached = false;
    this.#size -= 1;
    this.#settle(dentry);
  }

  #settle(dentry: Dentry): void {
    if (dentry.attached || dentry.users > 0 || dentry === this.root) return;
    this.references -= 1;
    this.fs.forget?.(dentry.node, 1);
  }

  /** Leaves and what is above nothing in use go, until half of the limit is free. */
  #shrink(): void {
    const visit = (dentry: Dentry): void => {
      for (const child of dentry.children.values()) visit(child);
      const idle = dentry.users === 0 && dentry.children.size === 0 && dentry !== this.root;
      if (idle && this.#size > this.limit / 2) this.#detach(dentry);
    };
    visit(this.root);
  }
}
