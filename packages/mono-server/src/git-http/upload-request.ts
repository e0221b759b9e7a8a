import { ProtocolError, readPktLine } from './pkt-line.js';

export interface UploadRequest {
  readonly wants: readonly string[];
  /** Groups of haves, each ended by a flush or the end. */
  readonly haves: readonly (readonly string[])[];
  readonly done: boolean;
  readonly capabilities: ReadonlySet<string>;
}

const OID = /^[0-9a-f]{40}$/;

/** Parses the body of a git-upload-pack request; `deepen`, `shallow` and `filter` are ignored (§2.3). */
export function parseUploadRequest(body: Buffer): UploadRequest {
  const wants: string[] = [];
  const haves: string[][] = [];
  let group: string[] = [];
  let capabilities: ReadonlySet<string> = new Set();
  let done = false;
  let at = 0;
  while (at < body.length && !done) {
    const line = readPktLine(body, at);
    if (line === undefined) throw new ProtocolError('the request ends within a line');
    at = line.next;
    if (line.payload === undefined) {
      if (group.length > 0) haves.push(group);
      group = [];
      continue;
    }
    const [verb = '', oid = '', ...rest] = line.payload.toString('latin1').trimEnd().split(' ');
    if (verb === 'done') done = true;
    else if (verb === 'want' || verb === 'have') {
      if (!OID.test(oid)) throw new ProtocolError(`malformed ${verb} line`);
      if (verb === 'have') group.push(oid);
      else {
        if (wants.length === 0) capabilities = new Set(rest);
        wants.push(oid);
      }
    } else if (!['deepen', 'deepen-since', 'deepen-not', 'shallow', 'filter'].includes(verb))
      throw new ProtocolError('unknown line in the request');
  }
  if (group.length > 0) haves.push(group);
  return { wants, haves, done, capabilities };
}
