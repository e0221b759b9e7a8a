import type { NodeId, OpenReply, Request } from '@scorpiofs/fuse';
import { readAttr, setattr } from './attr.js';
import { copyUp } from './copy-up.js';
import { borrow, giveBack, type Borrowed } from './data-handle.js';
import { ESTALE, fail } from './errno.js';
import type { OverlayNode } from './node.js';
import { READER, WRITER } from './opens.js';
import type { Op } from './run.js';
import type { OverlayState } from './state.js';

const O_ACCMODE = 3;
const O_RDWR = 2;
const O_TRUNC = 0o1000;
const SET_ID = 0o6000;

function isForWriting(flags: number): boolean {
  return (flags & O_ACCMODE) !== 0 || (flags & O_TRUNC) !== 0;
}

/** Only in mode `passthrough`. To open for writing copies a file up, as the kernel's overlay does. */
export function* open(
  state: OverlayState,
  req: Request,
  id: NodeId,
  flags: number,
  killSuidgid: boolean,
): Op<OpenReply> {
  const node = state.node(id);
  const writes = isForWriting(flags);
  const truncates = (flags & O_TRUNC) !== 0;
  if (writes) yield* copyUp(state, node, truncates ? 0 : undefined);
  if (truncates) yield* setattr(state, req, id, { size: 0, killSuidgid });
  const mayPass = !writes || (yield* keepsSetId(state, req, node));
  const file = yield* borrow(state, node, writes);
  try {
    // Nothing may wait between this decision and its entry in `opens`: the next open must see it.
    const reply = grant(state, id, node, file, flags, mayPass);
    // Times that the kernel believes now would stay when the host file is written through a mapping.
    if (state.opens.get(id)?.backed !== undefined && (flags & O_ACCMODE) === O_RDWR)
      state.notify?.invalInode(id, -1, 0);
    return reply;
  } finally {
    giveBack(state, node, file);
  }
}

/** Written past us by somebody else than root, a set-id program would stay one: the kernel leaves clearing the bits to us. */
function* keepsSetId(state: OverlayState, req: Request, node: OverlayNode): Op<boolean> {
  return req.uid === 0 || ((yield* readAttr(state, node)).mode & SET_ID) === 0;
}

/**
 * Answers one open. The kernel serves all opens of an inode from one host file, or none (fuse-transport §3). A file that is
 * open with its lower host file when it is copied up therefore becomes a new inode for whoever opens it from now on: ESTALE
 * makes the kernel look the name up again, where it finds the new node id. Who had it open goes on reading the lower file.
 */
export function grant(
  state: OverlayState,
  id: NodeId,
  node: OverlayNode,
  { layer, open: file }: Pick<Borrowed, 'layer' | 'open'>,
  flags: number,
  mayPass: boolean,
): OpenReply {
  const known = state.opens.get(id);
  if (known?.backed !== undefined && known.backed !== layer.at && id === node.id)
    retire(state, node);
  // Also when nobody has the old inode open any more: locks are kept by inode, and must exclude those taken on the new one.
  if (id !== node.id) fail(ESTALE, `node ${id} is ${node.id} now`);
  const writes = isForWriting(flags);
  // A metacopy's lower file may be longer than the file is: only requests are cut at its size.
  const backingFd = mayPass && node.dataAt === undefined ? file?.backingFd : undefined;
  const passes = known === undefined ? backingFd !== undefined : known.backed !== undefined;
  const opens = known ?? { count: 0, writers: 0, backed: undefined };
  if (known === undefined) {
    // Only with a kernel that can: elsewhere nobody takes the file.
    if (passes && state.passthrough) opens.backed = layer.at;
    state.opens.set(id, opens);
  }
  opens.count++;
  if (writes) opens.writers++;
  const keepCache = !node.bypassed;
  const plain = () => {
    opens.backed = undefined;
    node.bypassed = false;
  };
  const reply = { fh: writes ? WRITER : READER, keepCache, noFlush: true };
  if (passes && backingFd !== undefined) return { ...reply, backingFd, onPlain: plain };
  if (opens.backed === undefined) plain();
  return reply;
}

/** The node gets another id for the kernel; the old one stays valid for those who hold it. */
function retire(state: OverlayState, node: OverlayNode): void {
  const old = node.id;
  (node.retired ??= []).push(old);
  node.id = state.newId();
  state.nodes.set(node.id, node);
  state.notify?.invalInode(old, -1, 0);
}
