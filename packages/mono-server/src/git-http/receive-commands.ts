import type { Readable } from 'node:stream';
import { ProtocolError, readPktLine } from './pkt-line.js';

export interface RefCommand {
  readonly oldOid: string;
  readonly newOid: string;
  readonly ref: string;
}

export interface ReceiveRequest {
  readonly commands: readonly RefCommand[];
  readonly capabilities: ReadonlySet<string>;
  /** The pack: what came along with the commands, then the rest of the body. */
  readonly pack: AsyncIterable<Buffer>;
}

export const ZERO = '0'.repeat(40);

const LIMIT = 4 * 1024 * 1024;
const COMMAND = /^([0-9a-f]{40}) ([0-9a-f]{40}) ([^\0\n]+)(?:\0([^\n]*))?\n?$/;
/** The rules of git check-ref-format, for branches and tags only. */
export function isGoodRef(ref: string): boolean {
  if (ref.length >= 1000 || !/^refs\/(?:heads|tags)\/./.test(ref)) return false;
  if (/[\s~^:?*[\\]|\.\.|@\{/.test(ref) || /\p{Cc}/u.test(ref)) return false;
  return ref.split('/').every((part) => part !== '' && !/^\.|\.$|\.lock$/.test(part));
}

/** Reads the command list and leaves the pack unread. */
export async function readReceiveRequest(body: Readable): Promise<ReceiveRequest> {
  const chunks = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const commands: RefCommand[] = [];
  let capabilities: ReadonlySet<string> = new Set();
  let data: Buffer = Buffer.alloc(0);
  let at = 0;
  for (;;) {
    const line = readPktLine(data, at);
    if (line === undefined) {
      const next = await chunks.next();
      if (next.done === true) {
        if (data.length === 0) break;
        throw new ProtocolError('the request ends within the command list');
      }
      data = Buffer.concat([data.subarray(at), next.value]);
      at = 0;
      if (data.length > LIMIT) throw new ProtocolError('the command list is too long');
      continue;
    }
    at = line.next;
    if (line.payload === undefined) break;
    const [, oldOid, newOid, ref, caps] = COMMAND.exec(line.payload.toString('utf8')) ?? [];
    if (oldOid === undefined || newOid === undefined || ref === undefined)
      throw new ProtocolError('malformed command');
    if (commands.length === 0) capabilities = new Set((caps ?? '').split(' '));
    commands.push({ oldOid, newOid, ref });
  }
  const rest = data.subarray(at);
  async function* pack(): AsyncGenerator<Buffer> {
    if (rest.length > 0) yield rest;
    for (;;) {
      const next = await chunks.next();
      if (next.done === true) return;
      yield next.value;
    }
  }
  return { commands, capabilities, pack: pack() };
}
