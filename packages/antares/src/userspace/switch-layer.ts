import {
  FsError,
  ROOT_NODE,
  type Attr,
  type AttrReply,
  type DirSink,
  type Entry,
  type Handle,
  type Layer,
  type Maybe,
  type Name,
  type NegativeEntry,
  type NodeId,
  type Request,
} from '@scorpiofs/fuse';
import type { Lower } from './lower.js';
import { newPlace, named, unnamed, type Place } from './place.js';

const S_IFDIR = 0o040000;
const ESTALE = 116;
const ENOSYS = 38;
const NONE: NegativeEntry = { node: 0, entryTtl: Infinity };

type Listener = (node: NodeId, name: Name | undefined) => void;

/**
 * All that lies below a job's upper as one layer, that another tree can take the place of while programs are inside (`switchTo`). Nodes have numbers of
 * their own here: a directory keeps its number in the new tree, and so does a file that did not change; a file that did keeps
 * its number and its old bytes for whoever has it open, and its name leads to a new one.
 */
export class SwitchLayer implements Layer {
  readonly root: Place;
  /** Lookups under way: they end in the tree in which they began. */
  looking = 0;
  /** While trees change places, new lookups wait. */
  gate: Promise<void> | undefined;
  /** Files that another tree has no more or otherwise, by where they were found: somebody may have them open. */
  readonly left = new Map<Place, Place['names']>();
  readonly #places = new Map<NodeId, Place>();
  readonly #listeners = new Set<Listener>();
  #drained: (() => void) | undefined;
  #next = ROOT_NODE + 1;

  constructor(public current: Lower) {
    this.root = newPlace(ROOT_NODE, {
      mode: S_IFDIR,
      number: 1n,
      lower: current,
      node: current.root,
    });
    this.#places.set(ROOT_NODE, this.root);
  }

  /** Nodes that somebody knows, for tests. */
  get known(): number {
    return this.#places.size;
  }

  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  changed(directory: Place, name: Name | undefined): void {
    for (const listener of this.#listeners) listener(directory.id, name);
  }

  /** Somebody writes to a file that was left, which makes it the job's: its names may lead to the new tree's file in the kernel's cache. */
  leftWritten(): void {
    for (const names of this.left.values())
      for (const { parent, name } of names) this.changed(parent, name);
  }

  /** Resolves when no lookup is under way. */
  async drained(): Promise<void> {
    while (this.looking > 0)
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
  }

  lookup(req: Request, parent: NodeId, name: Name): Maybe<Entry | NegativeEntry> {
    return this.#look(() => {
      const place = this.#place(parent);
      const { lower } = place;
      if (lower === undefined || lower.fs.lookup === undefined) return NONE;
      const answer = lower.fs.lookup(req, place.node, name);
      if (answer instanceof Promise)
        return answer.then((found) => this.#adopt(place, lower, name, found));
      return this.#adopt(place, lower, name, answer);
    });
  }

  forget(node: NodeId, count: number): void {
    const place = this.#places.get(node);
    if (place === undefined || place === this.root) return;
    place.lookups -= count;
    this.collect(place);
  }

  /** Drops what nobody knows and nothing known lies below: else a tree that takes this one's place could not be compared with it. */
  collect(place: Place): void {
    if (place.lookups > 0 || place.kids.size > 0 || this.#places.get(place.id) !== place) return;
    if (place === this.root) return;
    this.#places.delete(place.id);
    this.left.delete(place);
    const parents = place.names.map(({ parent }) => parent);
    unnamed(place);
    const { lower } = place;
    if (lower !== undefined) {
      lower.places.delete(place.node);
      lower.fs.forget?.(place.node, 1);
      lower.settle();
    }
    for (const parent of parents) this.collect(parent);
  }

  getattr(req: Request, node: NodeId): Maybe<AttrReply> {
    const place = this.#place(node);
    const { fs } = lowerOf(place);
    const shown = ({ attr }: AttrReply): AttrReply => ({
      attr: numbered(attr, place),
      attrTtl: Infinity,
    });
    const reply = fs.getattr?.(req, place.node, undefined) ?? missing();
    return reply instanceof Promise ? reply.then(shown) : shown(reply);
  }

  readlink(req: Request, node: NodeId): Maybe<Uint8Array> {
    const place = this.#place(node);
    return lowerOf(place).fs.readlink?.(req, place.node) ?? missing();
  }

  read(
    req: Request,
    node: NodeId,
    fh: Handle,
    offset: number,
    into: Buffer,
    flags: number,
  ): Maybe<number> {
    const place = this.#place(node);
    return lowerOf(place).fs.read?.(req, place.node, fh, offset, into, flags) ?? missing();
  }

  readdir(req: Request, node: NodeId, fh: Handle, offset: number, sink: DirSink): Maybe<void> {
    return this.#look(() => {
      const place = this.#place(node);
      const { lower } = place;
      if (lower === undefined) return;
      return lower.fs.readdir?.(req, place.node, fh, offset, {
        plus: false,
        add: (name, ino, type, next) => sink.add(name, lower.number(ino), type, next),
        addEntry: () => false,
      });
    });
  }

  /** The base has no attributes, which must not end the questions for those of the upper. */
  getxattr(req: Request, node: NodeId, name: Name): Maybe<Uint8Array | undefined> {
    const place = this.#place(node);
    return place.lower?.fs.getxattr?.(req, place.node, name);
  }
  listxattr(req: Request, node: NodeId): Maybe<readonly Name[]> {
    const place = this.#place(node);
    return place.lower?.fs.listxattr?.(req, place.node) ?? [];
  }

  inoOfOrigin(origin: Uint8Array): bigint | undefined {
    return this.current.numberOfOrigin(origin);
  }

  #place(node: NodeId): Place {
    return this.#places.get(node) ?? stale(node);
  }

  #look<T>(work: () => Maybe<T>): Maybe<T> {
    if (this.gate !== undefined) return this.gate.then(() => this.#look(work));
    this.looking += 1;
    let result: Maybe<T>;
    try {
      result = work();
    } catch (error) {
      this.#looked();
      throw error;
    }
    if (result instanceof Promise) return result.finally(() => this.#looked());
    this.#looked();
    return result;
  }

  #looked(): void {
    this.looking -= 1;
    if (this.looking > 0) return;
    this.#drained?.();
    this.#drained = undefined;
  }

  #adopt(
    parent: Place,
    lower: Lower,
    name: Name,
    answer: Entry | NegativeEntry,
  ): Entry | NegativeEntry {
    if (answer.node === 0) return NONE;
    const { node, generation, attr } = answer as Entry;
    let place = lower.places.get(node);
    // One reference on each known node is enough.
    if (place !== undefined) lower.fs.forget?.(node, 1);
    else {
      const id = this.#next++ as NodeId;
      const number = lower.number(attr.ino);
      place = newPlace(id, { mode: attr.mode, number, lower, node });
      this.#places.set(id, place);
      lower.places.set(node, place);
    }
    named(place, parent, name);
    place.lookups += 1;
    return {
      node: place.id,
      generation,
      attr: numbered(attr, place),
      attrTtl: Infinity,
      entryTtl: Infinity,
    };
  }
}

function numbered(attr: Attr, place: Place): Attr {
  return { ...attr, ino: place.number };
}

function lowerOf(place: Place): Lower {
  return place.lower ?? stale(place.id);
}

function stale(node: NodeId): never {
  throw FsError.of(ESTALE, `node ${node} is no more`);
}

function missing(): never {
  throw FsError.of(ENOSYS, 'the lower layer cannot do this');
}
