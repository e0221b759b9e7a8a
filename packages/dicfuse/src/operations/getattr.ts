import type { AttrReply, Maybe, NodeId, Request } from '@scorpiofs/fuse';
import { directoryAttr, fileAttr } from '../entries.js';
import { isDirectory, nodeOf } from '../nodes.js';
import { isRevisionsTop, revisionsAttr } from '../revisions.js';
import type { Base } from '../state.js';
import { settled } from './lookup.js';

export function getattr(base: Base, req: Request, node: NodeId): Maybe<AttrReply> {
  if (isRevisionsTop(base, node)) return revisionsAttr(base);
  return settled(nodeOf(base, node, req), (found) =>
    isDirectory(found) ? directoryAttr(base, found) : fileAttr(base, found, req),
  );
}
