import { isOid, type Oid } from '@scorpiofs/objects';
import { pktLines } from './pkt-line.js';

/** What a repository offers (mega: 2.2): protocol version 0. */
export interface Advertisement {
  readonly refs: ReadonlyMap<string, Oid>;
  readonly capabilities: readonly string[];
}

const ZERO = '0'.repeat(40);

/** Reads the body of `info/refs?service=git-upload-pack`. Throws `Error` on anything else. */
export function parseAdvertisement(body: Buffer): Advertisement {
  const lines = pktLines(body);
  const service = lines.next();
  if (service.done || service.value.flush) throw new Error('the service is not named');
  if (service.value.content.toString().trimEnd() !== '# service=git-upload-pack')
    throw new Error('another service');
  const flush = lines.next();
  if (flush.done || !flush.value.flush) throw new Error('no end after the service');
  const refs = new Map<string, Oid>();
  let capabilities: readonly string[] = [];
  let ended = false;
  for (const line of lines) {
    if (line.flush) {
      ended = true;
      break;
    }
    const text = line.content.toString().replace(/\n$/, '');
    const nul = text.indexOf('\0');
    if (nul >= 0)
      capabilities = text
        .slice(nul + 1)
        .split(' ')
        .filter((word) => word !== '');
    const ref = nul >= 0 ? text.slice(0, nul) : text;
    const oid = ref.slice(0, 40);
    const name = ref.slice(41);
    if (!isOid(oid) || ref[40] !== ' ' || !/^[!-~\u0080-\uffff]+$/.test(name))
      throw new Error('a line that is no ref');
    // An empty repository has one line, for its capabilities.
    if (oid !== ZERO) refs.set(name, oid);
  }
  if (!ended) throw new Error('cut off');
  return { refs, capabilities };
}
