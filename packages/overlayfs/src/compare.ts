import type { Attr, Handle, Maybe, Name, NodeId } from '@scorpiofs/fuse';
import { ENOSYS, fail } from './errno.js';
import type { LayerState } from './layers.js';
import { attributeNames, getMark, getXattr } from './marks.js';
import { S_IFLNK, S_IFREG, typeOf } from './mode.js';
import { wait, type Op } from './run.js';
import { OWN_REQUEST } from './state.js';
import { unescape } from './xattr.js';

/** An entry of one layer. */
export interface LayerEntry {
  readonly layer: LayerState;
  readonly node: NodeId;
  readonly attr: Attr;
  /** Of its attributes, where somebody has asked already. */
  readonly names?: readonly Name[] | undefined;
}

const O_RDONLY = 0;
const NO_HANDLE = 0 as Handle;
const CHUNK = 1 << 18;

/**
 * Whether both hold the same: bytes of a file, target of a link, number of a device. Times say nothing: a file that was only
 * touched has a new one, and one that an archive wrote may have the old.
 */
export function* sameContent(upper: LayerEntry, lower: LayerEntry): Op<boolean> {
  const type = typeOf(upper.attr);
  if (type !== typeOf(lower.attr)) return false;
  if (type === S_IFLNK) return (yield* target(upper)).equals(yield* target(lower));
  if (type !== S_IFREG) return upper.attr.rdev === lower.attr.rdev;
  if (upper.attr.size !== lower.attr.size) return false;
  // Its data is still that of the lower (the kernel's overlay with metacopy=on).
  if ((yield* getMark(upper.layer, OWN_REQUEST, upper.node, 'metacopy')) !== undefined) return true;
  return yield* sameBytes(upper, lower);
}

function* target({ layer, node }: LayerEntry): Op<Buffer> {
  if (layer.fs.readlink === undefined) return fail(ENOSYS, 'layer without readlink');
  return Buffer.from(yield* wait(layer.fs.readlink(OWN_REQUEST, node)));
}

function* sameBytes(a: LayerEntry, b: LayerEntry): Op<boolean> {
  const { size } = a.attr;
  if (size === 0) return true;
  const [one, two] = [Buffer.allocUnsafe(CHUNK), Buffer.allocUnsafe(CHUNK)];
  return yield* opened(a, function* (readOne) {
    return yield* opened(b, function* (readTwo) {
      for (let at = 0; at < size;) {
        const got = yield* readOne(at, one);
        const other = yield* readTwo(at, two);
        if (got !== other || !one.subarray(0, got).equals(two.subarray(0, other))) return false;
        // Both ended early: changed while being read, and still the same.
        if (got === 0) return true;
        at += got;
      }
      return true;
    });
  });
}

type Reader = (at: number, into: Buffer) => Op<number>;

function* opened<T>({ layer, node }: LayerEntry, work: (read: Reader) => Op<T>): Op<T> {
  const { fs } = layer;
  if (fs.read === undefined) return fail(ENOSYS, 'layer without read');
  const fh = yield* openIn(fs, node);
  try {
    return yield* work(function* (start, into) {
      let done = 0;
      while (done < into.length) {
        const rest = into.subarray(done);
        const got = yield* wait(
          fs.read?.(OWN_REQUEST, node, fh, start + done, rest, 0) ?? fail(ENOSYS, 'no read'),
        );
        if (got === 0) break;
        done += got;
      }
      return done;
    });
  } finally {
    if (fs.open !== undefined && fs.release !== undefined)
      yield* wait(fs.release(OWN_REQUEST, node, fh, 0));
  }
}

/** A layer whose files need no handle has no `open`. */
function* openIn(fs: LayerState['fs'], node: NodeId): Op<Handle> {
  if (fs.open === undefined) return NO_HANDLE;
  return (yield* wait(fs.open(OWN_REQUEST, node, O_RDONLY))).fh;
}

/** Owner, mode and attributes; for what is no directory, whose time changes with its entries, the time too. */
export function* sameMetadata(upper: LayerEntry, lower: LayerEntry, times: boolean): Op<boolean> {
  const [a, b] = [upper.attr, lower.attr];
  if (a.mode !== b.mode || a.uid !== b.uid || a.gid !== b.gid) return false;
  if (times && a.mtimeNs !== b.mtimeNs) return false;
  const one = namesOf(upper);
  const own = shownNames(upper.layer, one instanceof Promise ? yield* wait(one) : one);
  const two = namesOf(lower);
  const below = shownNames(lower.layer, two instanceof Promise ? yield* wait(two) : two);
  if (own.size !== below.size) return false;
  for (const [shown, name] of own) {
    const other = below.get(shown);
    if (other === undefined || !(yield* sameValue(upper, name, lower, other))) return false;
  }
  return true;
}

function namesOf({ layer, node, names }: LayerEntry): Maybe<readonly Name[] | undefined> {
  return names ?? attributeNames(layer, OWN_REQUEST, node);
}

/** Labels that a security module gives by itself say nothing about what was changed. */
const BY_ITSELF = 'security.selinux' as Name;
const NONE: ReadonlyMap<Name, Name> = new Map();

/** Without the overlay's marks: the name that an attribute is stored under, by the one that is shown. */
function shownNames(
  layer: LayerState,
  names: readonly Name[] | undefined,
): ReadonlyMap<Name, Name> {
  let found: Map<Name, Name> | undefined;
  for (const name of names ?? []) {
    const shown = unescape(layer, name);
    if (shown !== undefined && shown !== BY_ITSELF) (found ??= new Map()).set(shown, name);
  }
  return found ?? NONE;
}

function* sameValue(a: LayerEntry, nameInA: Name, b: LayerEntry, nameInB: Name): Op<boolean> {
  const one = yield* getXattr(a.layer, OWN_REQUEST, a.node, nameInA);
  const two = yield* getXattr(b.layer, OWN_REQUEST, b.node, nameInB);
  if (one === undefined || two === undefined) return one === two;
  return Buffer.compare(one, two) === 0;
}
