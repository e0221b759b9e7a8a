import type { Oid, RepoPath } from '@scorpiofs/objects';
import type { BaseStore } from '../base-store.js';
import type { Directory } from '../directory.js';
import { childPath, pathOf } from '../directory.js';
import type { PlacedTree } from '../ids/places.js';
import type { Sizes } from '../sizes.js';
import type { Listing } from '../trees/listing.js';
import type { Trees } from '../trees/trees.js';
import type { Contents, WantedContent } from './contents.js';

const LEAST_WINDOW = 256 * 1024;
const MOST_WINDOW = 8 * 1024 * 1024;
/** A window is so many times what the program has read: what it may never read is bounded by that. */
const AHEAD = 4;
const MOST_FILES = 512;
const STREAMS = 8;
/** Entries looked at in one turn: a walk past what is here, or past a full window, must not hold up others (D13). */
const MOST_LOOKS = 1024;

/** A program that reads the files of a directory, and perhaps of the directories after it, one after the other. */
interface Stream {
  tree: PlacedTree;
  /** Where to go on; undefined until a second file of a directory was read. */
  next: Iterator<WantedContent | undefined> | undefined;
  /** Came next and did not fit beside what is unread. */
  held: WantedContent | undefined;
  /** Bytes that it has read, and bytes brought ahead that it has not. */
  read: number;
  unread: number;
  /** Files that it has read in its present directory, and how often it went on to another one. */
  inDirectory: number;
  crossed: number;
}

/**
 * Brings contents before they are read, for programs that read file after file (`grep -r`, `cat *`). The first file of a
 * directory brings nothing else. The second one says that the others will follow; going on in the next directory, that
 * those after it will too. What is brought stays below a multiple of what was really read.
 */
export class ContentAhead {
  /** Latest last. */
  readonly #streams: Stream[] = [];
  readonly #unread = new Map<Oid, { readonly stream: Stream; readonly size: number }>();

  constructor(
    readonly store: BaseStore,
    readonly trees: Trees,
    readonly sizes: Sizes,
    readonly contents: Contents,
    /** The directory of a listing, where it is known. */
    readonly directoryAt: (place: number) => Directory | undefined,
  ) {}

  /** A file that must be waited for: what to ask for with it. */
  miss({ tree, index }: { readonly tree: PlacedTree; readonly index: number }): WantedContent[] {
    const oid = tree.listing.oid(index);
    if (this.#unread.has(oid)) {
      // Brought ahead and still on its way.
      this.hit(oid, tree);
      return [];
    }
    // Another reader of the same file, or another part of it.
    if (this.contents.coming(oid)) return [];
    const size = this.sizes.known(tree.listing, index) ?? 0;
    const known = this.#streams.find((stream) => stream.tree.listing === tree.listing);
    const last = this.#streams.at(-1);
    const crossing = known === undefined && last !== undefined && this.#follows(last, tree);
    const stream = known ?? (crossing ? last : this.#start(tree));
    // Going on elsewhere after one file each time is a walk only when it goes on.
    const walk = crossing && (stream.inDirectory > 1 || stream.crossed > 1);
    stream.crossed += crossing ? 1 : 0;
    stream.inDirectory = known === undefined ? 1 : stream.inDirectory + 1;
    stream.read += size;
    stream.tree = tree;
    this.#touch(stream);
    if (known === undefined && !walk) return [];
    stream.next = this.#files(tree, index, walk || stream.crossed > 1);
    stream.held = undefined;
    return this.#take(stream);
  }

  /** The beginning of a file that was brought ahead is read. */
  hit(oid: Oid, tree: PlacedTree): void {
    const ahead = this.#unread.get(oid);
    if (ahead === undefined) return;
    this.#unread.delete(oid);
    const { stream, size } = ahead;
    stream.unread -= size;
    stream.read += size;
    stream.inDirectory = stream.tree === tree ? stream.inDirectory + 1 : 1;
    stream.tree = tree;
    this.#touch(stream);
    if (stream.unread * 2 < window(stream)) this.contents.bring(this.#take(stream));
  }

  #start(tree: PlacedTree): Stream {
    const stream: Stream = {
      tree,
      next: undefined,
      held: undefined,
      read: 0,
      unread: 0,
      inDirectory: 0,
      crossed: 0,
    };
    this.#streams.push(stream);
    if (this.#streams.length > STREAMS) {
      const oldest = this.#streams.shift();
      for (const [oid, ahead] of this.#unread)
        if (ahead.stream === oldest) this.#unread.delete(oid);
    }
    return stream;
  }

  #touch(stream: Stream): void {
    if (this.#streams.at(-1) === stream) return;
    const at = this.#streams.indexOf(stream);
    if (at >= 0) this.#streams.splice(at, 1);
    this.#streams.push(stream);
  }

  /** Onwards in the order of a walk: a directory further on, or back up in one above. */
  #follows(stream: Stream, tree: PlacedTree): boolean {
    const from = this.directoryAt(stream.tree.place);
    const to = this.directoryAt(tree.place);
    if (from === undefined || to === undefined || from.root !== to.root) return false;
    const [a, b] = [walkOrder(pathOf(from)), walkOrder(pathOf(to))];
    return b > a || a.startsWith(b);
  }

  #take(stream: Stream): WantedContent[] {
    const taken: WantedContent[] = [];
    for (let looks = 0; looks < MOST_LOOKS && taken.length < MOST_FILES; looks++) {
      if (stream.unread >= window(stream)) break;
      const wanted = stream.held ?? this.#look(stream);
      stream.held = undefined;
      if (wanted === 'end') break;
      if (wanted?.size === undefined || this.#unread.has(wanted.oid)) continue;
      const { oid, size } = wanted;
      // What no window holds is left for when it is read.
      if (size > window(stream)) continue;
      if (stream.unread + size > window(stream)) {
        stream.held = wanted;
        break;
      }
      this.#unread.set(oid, { stream, size });
      stream.unread += size;
      taken.push(wanted);
    }
    return taken;
  }

  #look(stream: Stream): WantedContent | undefined | 'end' {
    if (stream.next === undefined) return 'end';
    const step: IteratorResult<WantedContent | undefined, unknown> = stream.next.next();
    if (step.done !== true) return step.value;
    stream.next = undefined;
    return 'end';
  }

  /** Files in the order in which a walk comes to them; undefined in the place of each that need not be brought. */
  *#files(tree: PlacedTree, index: number, walk: boolean): Generator<WantedContent | undefined> {
    const directory = this.directoryAt(tree.place);
    yield* this.#in(tree.listing, index + 1, tree.listing.length, walk ? directory : undefined);
    if (!walk || directory === undefined) {
      yield* this.#in(tree.listing, 0, index, undefined);
      return;
    }
    for (let one = directory; one.parent !== undefined; one = one.parent) {
      const above = one.parent.tree?.listing;
      if (above === undefined) return;
      yield* this.#in(above, above.indexOf(one.name) + 1, above.length, one.parent);
    }
  }

  *#in(
    listing: Listing,
    from: number,
    to: number,
    below: Directory | undefined,
  ): Generator<WantedContent | undefined> {
    const path = below && pathOf(below);
    for (let i = from; i < to; i++) {
      const kind = listing.kind(i);
      if (kind === 'file' || kind === 'executable') {
        const oid = listing.oid(i);
        const size = this.sizes.known(listing, i);
        const here =
          size === undefined || this.contents.coming(oid) || this.store.hasContent(oid, size);
        yield here ? undefined : { oid, size };
      } else if (kind === 'directory' && below !== undefined && path !== undefined) {
        yield* this.#below(below, childPath(path, listing.name(i)), listing.oid(i));
      }
    }
  }

  /** Only through listings that are here: contents never cause a question for a directory. */
  *#below(top: Directory, path: string, oid: Oid): Generator<WantedContent | undefined> {
    const listing = this.trees.peek({ revision: top.root.revision, path, oid });
    if (listing === undefined) return;
    for (let i = 0; i < listing.length; i++) {
      const kind = listing.kind(i);
      if (kind === 'directory')
        yield* this.#below(top, childPath(path, listing.name(i)), listing.oid(i));
      else if (kind !== 'submodule') yield* this.#in(listing, i, i + 1, undefined);
    }
  }
}

/** A directory's descendants come before its next sibling. */
function walkOrder(path: RepoPath): string {
  return path === '/' ? '\0' : `${path.replaceAll('/', '\0')}\0`;
}

function window(stream: Stream): number {
  return Math.min(MOST_WINDOW, Math.max(LEAST_WINDOW, AHEAD * stream.read));
}
