import type { Attr, AttrReply, Entry, Handle, NodeId, Request, SetAttr } from '@scorpiofs/fuse';
import { copyUp } from './copy-up.js';
import { withData } from './data-handle.js';
import { ENOSYS, fail } from './errno.js';
import { countLinks } from './links.js';
import { blocksOfData } from './metacopy.js';
import { S_IFDIR, S_IFREG } from './mode.js';
import type { OverlayNode } from './node.js';
import { attrTtl } from './opens.js';
import { wait, type Op } from './run.js';
import { OWN_REQUEST, top, type OverlayState } from './state.js';

/**
 * `st_blksize` of a directory: the C library reads listings in pieces of that size. The kernel asks for attributes with the
 * first piece of a listing and, of programs that read all of it before they look at anything (find, ls), only with that one.
 */
const LISTING_SIZE = 128 * 1024;

/** Attributes as the overlay shows them, from those of the topmost layer. */
export function* shown(state: OverlayState, node: OverlayNode, attr: Attr): Op<Attr> {
  const nlink = yield* linkCount(state, node, attr);
  const blksize = node.type === S_IFDIR ? LISTING_SIZE : attr.blksize;
  return { ...attr, ino: node.ino, nlink, blksize, blocks: yield* blocksOfData(state, node, attr) };
}

/**
 * A merged directory cannot know its sub-directories without reading all layers, so it says 1 ("unknown"), as the kernel's
 * overlay does. A copied-up hard link counts what is left below by the mark that copy-up keeps.
 */
function* linkCount(state: OverlayState, node: OverlayNode, attr: Attr): Op<number> {
  if (node.type === S_IFDIR)
    return node.lowers.length + (node.upper === undefined ? 0 : 1) > 1 ? 1 : attr.nlink;
  if (node.upper === undefined) return Math.max(0, attr.nlink - node.linksGone);
  if (state.upper === undefined || (node.lowers.length === 0 && attr.nlink <= 1)) return attr.nlink;
  return yield* countLinks(state.upper, node.upper, attr.nlink);
}

/** Attributes without their lifetime. */
export function* readAttr(state: OverlayState, node: OverlayNode): Op<Attr> {
  const where = top(state, node);
  const { fs } = where.layer;
  if (fs.getattr === undefined) return fail(ENOSYS, 'layer without getattr');
  // An unlinked file may be reachable only through its open handle.
  const fh = node.open?.at === where.layer.at ? node.open.fh : undefined;
  const reply = yield* wait(fs.getattr(OWN_REQUEST, where.node, fh));
  return reply.attr;
}

export function* getattr(state: OverlayState, id: NodeId): Op<AttrReply> {
  const node = state.node(id);
  const attr = yield* readAttr(state, node);
  return { attr: yield* shown(state, node, attr), attrTtl: attrTtl(state, node, id) };
}

export function* setattr(
  state: OverlayState,
  req: Request,
  id: NodeId,
  set: SetAttr,
): Op<AttrReply> {
  const node = state.node(id);
  const { upper } = state.writable();
  const truncating = set.size !== undefined && node.type === S_IFREG;
  // What a truncation throws away need not be copied.
  const target = yield* copyUp(state, node, truncating ? set.size : undefined);
  const apply = (fh: Handle | undefined) => upper.fs.setattr?.(req, target, set, fh);
  const reply =
    node.type === S_IFREG && (truncating || node.unlinked)
      ? yield* withData(state, node, true, ({ fh }) => apply(fh))
      : yield* wait(apply(undefined));
  if (reply === undefined) return fail(ENOSYS, 'upper without setattr');
  return { attr: yield* shown(state, node, reply.attr), attrTtl: attrTtl(state, node, id) };
}

/** Gives the kernel a node: one reference, and its attributes. */
export function* entryOf(state: OverlayState, node: OverlayNode, attr?: Attr): Op<Entry> {
  const raw = attr ?? (yield* readAttr(state, node));
  const reply = yield* shown(state, node, raw);
  node.lookups++;
  return {
    node: node.id,
    generation: 0,
    entryTtl: state.ttl,
    attrTtl: attrTtl(state, node, node.id),
    attr: reply,
  };
}
