/** Longest line of the protocol, length included (gitprotocol-common). */
export const MAX_LINE = 65_520;

export const FLUSH = Buffer.from('0000');

export function pktLine(payload: string | Uint8Array): Buffer {
  const body = Buffer.from(payload);
  const length = (body.length + 4).toString(16).padStart(4, '0');
  return Buffer.concat([Buffer.from(length), body]);
}

/** Lines of side band 1 for data of any length. */
export function* sideBand(band: 1 | 2 | 3, data: Uint8Array): Generator<Buffer> {
  const room = MAX_LINE - 5;
  for (let at = 0; at < data.length; at += room) {
    const part = data.subarray(at, at + room);
    const head = Buffer.from(`${(part.length + 5).toString(16).padStart(4, '0')}\0`, 'latin1');
    head[4] = band;
    yield head;
    yield Buffer.from(part.buffer, part.byteOffset, part.length);
  }
}

export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** One parsed line, `undefined` for a flush; `next` is where the next one begins. */
export interface PktLine {
  readonly payload: Buffer | undefined;
  readonly next: number;
}

/** The line at `at`; undefined while it is not there completely. */
export function readPktLine(data: Buffer, at: number): PktLine | undefined {
  if (data.length < at + 4) return undefined;
  const text = data.toString('latin1', at, at + 4);
  const length = /^[0-9a-fA-F]{4}$/.test(text) ? parseInt(text, 16) : -1;
  if (length === 0) return { payload: undefined, next: at + 4 };
  if (length < 4 || length > MAX_LINE) throw new ProtocolError('malformed pkt-line');
  if (data.length < at + length) return undefined;
  return { payload: data.subarray(at + 4, at + length), next: at + length };
}
