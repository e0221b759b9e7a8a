import { S } from '@scorpiofs/posix';
import { fail } from '../errno.js';
import {
  ROOT_NODE,
  type Attr,
  type Entry,
  type FileSystem,
  type NodeId,
  type Request,
} from '../filesystem.js';
import { FsError } from '../fs-error.js';
import { NAME_MAX, type Name } from '../name.js';
import { checkAccess, MAY_EXEC } from '../permissions.js';
import { pathBytes, type Path } from './client.js';
import type { References } from './references.js';

/** A node on the way. The root is its own parent. */
export interface Spot {
  readonly node: NodeId;
  readonly attr: Attr;
  readonly parent: Spot | undefined;
}

/** Where a path leads: the last name, the directory it is in, and what has that name. */
export interface Found {
  readonly dir: Spot;
  /** "." and ".." stay; undefined for the root itself. */
  readonly name: Name | undefined;
  readonly spot: Spot | undefined;
  /** The path ended in a slash: it must mean a directory. */
  readonly mustBeDirectory: boolean;
}

const MAX_SYMLINKS = 40;
const PATH_MAX = 4096;

export function isDirectory(spot: Spot): boolean {
  return (spot.attr.mode & S.IFMT) === S.IFDIR;
}

/** One path walk, as the kernel does it; gives back its references at the end, except those kept. */
export class Walk {
  readonly #taken: NodeId[] = [];
  #symlinks = 0;

  constructor(
    readonly fs: FileSystem,
    readonly references: References,
    readonly req: Request,
    readonly checks: boolean,
    /** Stands before every path. */
    readonly base: string,
  ) {}

  took(entry: Entry): Entry {
    this.references.take(entry);
    this.#taken.push(entry.node);
    return entry;
  }

  /** Leaves one reference of `node` to the caller. */
  keep(node: NodeId): void {
    const at = this.#taken.lastIndexOf(node);
    if (at >= 0) this.#taken.splice(at, 1);
  }

  end(): void {
    for (const node of this.#taken.splice(0).reverse()) this.references.forget(node);
  }

  async resolve(path: Path, follow: boolean): Promise<Found> {
    const bytes = `${this.base}/${pathBytes(path)}`;
    if (bytes.length >= PATH_MAX) throw fail('ENAMETOOLONG');
    return this.#from(await this.#root(), bytes, follow);
  }

  /** What must be there. */
  async existing(path: Path, follow: boolean): Promise<Spot> {
    const { spot, mustBeDirectory } = await this.resolve(path, follow);
    if (spot === undefined) throw fail('ENOENT');
    if (mustBeDirectory && !isDirectory(spot)) throw fail('ENOTDIR');
    return spot;
  }

  async #root(): Promise<Spot> {
    if (this.fs.getattr === undefined) throw fail('ENOSYS');
    const { attr } = await this.fs.getattr(this.req, ROOT_NODE, undefined);
    return { node: ROOT_NODE, attr, parent: undefined };
  }

  async #from(start: Spot, path: string, follow: boolean): Promise<Found> {
    const names = path.split('/').filter((part) => part !== '');
    const slash = path.endsWith('/');
    let dir = start;
    let found: Found = { dir, name: undefined, spot: dir, mustBeDirectory: slash };
    for (const [i, part] of names.entries()) {
      if (found.spot === undefined) throw fail('ENOENT');
      if (!isDirectory(found.spot)) throw fail('ENOTDIR');
      dir = found.spot;
      if (this.checks) checkAccess(this.req, dir.attr, MAY_EXEC);
      const last = i === names.length - 1;
      const mustBeDirectory = last && slash;
      const spot = await this.#step(dir, part as Name);
      found = { dir, name: part as Name, spot, mustBeDirectory };
      const isLink = spot !== undefined && (spot.attr.mode & S.IFMT) === S.IFLNK;
      if (isLink && (!last || follow || slash)) found = await this.#link(dir, spot, slash && last);
    }
    return found;
  }

  async #link(dir: Spot, link: Spot, slash: boolean): Promise<Found> {
    if (++this.#symlinks > MAX_SYMLINKS) throw fail('ELOOP');
    const target = await (this.fs.readlink?.(this.req, link.node) ?? throwing('ENOSYS'));
    const text = Buffer.from(target).toString('latin1');
    const found = await this.#from(text.startsWith('/') ? await this.#root() : dir, text, true);
    return slash ? { ...found, mustBeDirectory: true } : found;
  }

  async #step(dir: Spot, name: Name): Promise<Spot | undefined> {
    if (name === '.') return dir;
    if (name === '..') return dir.parent ?? dir;
    if (name.length > NAME_MAX) throw fail('ENAMETOOLONG');
    const entry = await this.lookup(dir.node, name);
    return entry && { node: entry.node, attr: entry.attr, parent: dir };
  }

  async lookup(parent: NodeId, name: Name): Promise<Entry | undefined> {
    try {
      const entry = await (this.fs.lookup?.(this.req, parent, name) ?? throwing('ENOSYS'));
      return 'attr' in entry ? this.took(entry) : undefined;
    } catch (error) {
      if (error instanceof FsError && error.errno === 2) return undefined;
      throw error;
    }
  }
}

/** In an expression. */
export function throwing(...of: Parameters<typeof fail>): never {
  throw fail(...of);
}
