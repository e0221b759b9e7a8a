import type { ObjectStore } from '../git/object-store.js';
import { pktLine } from './pkt-line.js';
import type { UploadRequest } from './upload-request.js';

export interface Negotiated {
  /** Lines before the pack, or all there is. */
  readonly lines: readonly Buffer[];
  /** Whether a pack follows, and what the client has already. */
  readonly pack: boolean;
  readonly common: readonly string[];
}

const NAK = pktLine('NAK\n');

/** Which of the client's commits are known here, and what to say about it (gitprotocol-pack, "packfile negotiation"). */
export async function negotiate(store: ObjectStore, request: UploadRequest): Promise<Negotiated> {
  const detailed = request.capabilities.has('multi_ack_detailed');
  const noDone = request.capabilities.has('no-done');
  const lines: Buffer[] = [];
  const common: string[] = [];
  for (const group of request.haves) {
    const infos = await store.info(group);
    for (const [i, oid] of group.entries()) {
      if (infos[i]?.type !== 'commit') continue;
      common.push(oid);
      if (detailed) lines.push(pktLine(`ACK ${oid} common\n`));
      else if (common.length === 1) lines.push(pktLine(`ACK ${oid}\n`));
    }
    if (request.done) continue;
    const last = common.at(-1);
    // One common commit is enough here: what is sent too much costs less than another round.
    if (detailed && last !== undefined) lines.push(pktLine(`ACK ${last} ready\n`));
    if (detailed || last === undefined) lines.push(NAK);
    if (detailed && noDone && last !== undefined) {
      lines.push(pktLine(`ACK ${last}\n`));
      return { lines, pack: true, common };
    }
  }
  if (!request.done) return { lines, pack: false, common };
  const last = common.at(-1);
  if (last === undefined) lines.push(NAK);
  else if (detailed) lines.push(pktLine(`ACK ${last}\n`));
  return { lines, pack: true, common };
}
