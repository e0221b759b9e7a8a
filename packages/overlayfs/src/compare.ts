import type { Attr, Handle, Name, NodeId } from '@scorpiofs/fuse';
import { EOPNOTSUPP, ENOSYS, fail, isErrno } from './errno.js';
import type { LayerState } from './layers.js';
import { getMark, getXattr } from './marks.js';
import { S_IFLNK, S_IFREG, typeOf } from './mode.js';
import { wait, type Op } from './run.js';
import { OWN_REQUEST } from './state.js';
import { unescape } from './xattr.js';

/** An entry of one layer. */
export interface LayerEntry {
  readonly layer: LayerState;
  readonly node: NodeId;
  readonly attr: Attr;
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
  const [own, below] = [yield* attributes(upper), yield* attributes(lower)];
  if (own.size !== below.size) return false;
  for (const [name, value] of own) if (below.get(name)?.equals(value) !== true) return false;
  return true;
}

/** Labels that a security module gives by itself say nothing about what was changed. */
const BY_ITSELF = 'security.selinux' as Name;

/** Without the overlay's marks. */
function* attributes({ layer, node }: LayerEntry): Op<Map<Name, Buffer>> {
  const found = new Map<Name, Buffer>();
  if (layer.fs.listxattr === undefined) return found;
  let names: readonly Name[];
  try {
    names = yield* wait(layer.fs.listxattr(OWN_REQUEST, node));
  } catch (error) {
    if (isErrno(error, EOPNOTSUPP, ENOSYS)) return found;
    throw error;
  }
  for (const name of names) {
    const shown = unescape(layer, name);
    if (shown === undefined || shown === BY_ITSELF) continue;
    const value = yield* getXattr(layer, OWN_REQUEST, node, name);
    if (value !== undefined) found.set(shown, Buffer.from(value));
  }
  return found;
}
