import type {
  Attr,
  AttrReply,
  Entry,
  Handle,
  Maybe,
  NodeId,
  Request,
  SetAttr,
} from '@scorpiofs/fuse';
import { copyUp } from './copy-up.js';
import { withData } from './data-handle.js';
import { ENOSYS, fail } from './errno.js';
import type { LayerState } from './layers.js';
import { countLinks } from './links.js';
import { blocksOfData, hasOwnBlocks } from './metacopy.js';
import { S_IFDIR, S_IFREG } from './mode.js';
import type { OverlayNode } from './node.js';
import { attrTtl } from './opens.js';
import { run, wait, type Op } from './run.js';
import { OWN_REQUEST, top, type OverlayState } from './state.js';

/**
 * `st_blksize` of a directory: the C library reads listings in pieces of that size. The kernel asks for attributes with the
 * first piece of a listing and, of programs that read all of it before they look at anything (find, ls), only with that one.
 */
const LISTING_SIZE = 128 * 1024;

/** Attributes as the overlay shows them, from those of the topmost layer. */
export function* shown(state: OverlayState, node: OverlayNode, attr: Attr): Op<Attr> {
  const now = shownNow(node, attr);
  if (now !== undefined) return now;
  const nlink = yield* linkCount(state, node, attr);
  return { ...attr, ino: node.ino, nlink, blocks: yield* blocksOfData(state, node, attr) };
}

/** The same where no layer must be asked: for all but copied-up hard links and files whose data is below. */
export function shownNow(node: OverlayNode, attr: Attr): Attr | undefined {
  const { ino, type, lowers } = node;
  if (type === S_IFDIR) {
    // A merged directory cannot know its sub-directories without reading all layers, so it says 1 ("unknown"), as the
    // kernel's overlay does.
    const merged = lowers.length + (node.upper === undefined ? 0 : 1) > 1;
    // A removed directory that is below is still one there.
    const nlink = node.unlinked ? 0 : merged ? 1 : attr.nlink;
    return { ...attr, ino, nlink, blksize: LISTING_SIZE };
  }
  if (!hasOwnBlocks(node, attr)) return undefined;
  if (node.upper !== undefined) {
    if (lowers.length > 0 || attr.nlink > 1) return undefined;
    return ino === attr.ino ? attr : { ...attr, ino };
  }
  const nlink = Math.max(0, attr.nlink - node.linksGone);
  return ino === attr.ino && nlink === attr.nlink ? attr : { ...attr, ino, nlink };
}

/** A copied-up hard link counts what is left below by the mark that copy-up keeps. */
function* linkCount(state: OverlayState, node: OverlayNode, attr: Attr): Op<number> {
  if (node.upper === undefined) return Math.max(0, attr.nlink - node.linksGone);
  if (state.upper === undefined || (node.lowers.length === 0 && attr.nlink <= 1)) return attr.nlink;
  return yield* countLinks(state.upper, node.upper, attr.nlink);
}

/** Attributes without their lifetime. */
export function* readAttr(state: OverlayState, node: OverlayNode): Op<Attr> {
  const where = top(state, node);
  const { fs } = where.layer;
  if (fs.getattr === undefined) return fail(ENOSYS, 'layer without getattr');
  const reply = yield* wait(fs.getattr(OWN_REQUEST, where.node, handleIn(node, where.layer)));
  return reply.attr;
}

/** An unlinked file may be reachable only through its open handle. */
function handleIn({ open }: OverlayNode, layer: LayerState): Handle | undefined {
  return open?.at === layer.at ? open.fh : undefined;
}

export function* getattr(state: OverlayState, id: NodeId): Op<AttrReply> {
  const node = state.node(id);
  return yield* replyOf(state, node, id, yield* readAttr(state, node));
}

/** As `getattr`, mostly without steps. */
export function getattrNow(state: OverlayState, id: NodeId): Maybe<AttrReply> {
  const node = state.node(id);
  const { layer, node: at } = top(state, node);
  const reply = layer.fs.getattr?.(OWN_REQUEST, at, handleIn(node, layer));
  return answer(state, node, id, reply ?? fail(ENOSYS, 'layer without getattr'));
}

function* replyOf(state: OverlayState, node: OverlayNode, id: NodeId, attr: Attr): Op<AttrReply> {
  return attrNow(state, node, id, yield* shown(state, node, attr));
}

function attrNow(state: OverlayState, node: OverlayNode, id: NodeId, attr: Attr): AttrReply {
  const ttl = attrTtl(state, node, id);
  node.told = ttl === Infinity;
  return { attr, attrTtl: ttl };
}

/** What the kernel gets for a layer's answer. */
function answer(
  state: OverlayState,
  node: OverlayNode,
  id: NodeId,
  reply: Maybe<AttrReply>,
): Maybe<AttrReply> {
  if (reply instanceof Promise)
    return reply.then(({ attr }) => run(replyOf(state, node, id, attr)));
  const attr = shownNow(node, reply.attr);
  if (attr === undefined) return run(replyOf(state, node, id, reply.attr));
  return attrNow(state, node, id, attr);
}

/** As `setattr`; what needs no copy and no open file is done without steps. */
export function setattrNow(
  state: OverlayState,
  req: Request,
  id: NodeId,
  set: SetAttr,
): Maybe<AttrReply> {
  const node = state.node(id);
  const fs = state.upper?.fs;
  const direct = node.type !== S_IFREG || (node.whole && !node.unlinked && set.size === undefined);
  if (node.upper === undefined || fs?.setattr === undefined || !direct)
    return run(setattr(state, req, id, set));
  return answer(state, node, id, fs.setattr(req, node.upper, set, undefined));
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
  return yield* replyOf(state, node, id, reply.attr);
}

/** Gives the kernel a node: one reference, and its attributes. */
export function* entryOf(state: OverlayState, node: OverlayNode, attr?: Attr): Op<Entry> {
  const raw = attr ?? (yield* readAttr(state, node));
  const reply = yield* shown(state, node, raw);
  node.lookups++;
  return entryNow(state, node, reply);
}

/** What the kernel is told of a node on which it has a reference already. */
export function entryNow(state: OverlayState, node: OverlayNode, attr: Attr): Entry {
  const ttl = attrTtl(state, node, node.id);
  node.told = ttl === Infinity;
  return { node: node.id, generation: 0, entryTtl: state.ttl, attrTtl: ttl, attr };
}
