import { decodeStruct, getBigU64, getU32 } from '../protocol/layout.js';
import type { Operation } from '../protocol/operations.js';
import { parseArguments } from '../protocol/request.js';
import { IN_HEADER } from '../protocol/structs.js';
import type { KernelRequest } from './kernel-request.js';

/** Sees every request before it is served and every reply before it is sent. Must not throw or keep the buffer. */
export interface Tracer {
  request(op: Operation, b: Buffer, length: number): void;
  reply(r: KernelRequest, error: number, length: number): void;
}

/** One request as a line: operation, unique, node, caller, and the fields of its structure by their names in the table. */
export function describeRequest(op: Operation, b: Buffer, length: number): string {
  const h = IN_HEADER.at;
  const head = `${op.name} #${getBigU64(b, 0, h.unique)} node=${getBigU64(b, 0, h.nodeid)}`;
  const who = `uid=${getU32(b, 0, h.uid)} pid=${getU32(b, 0, h.pid)}`;
  const a = parseArguments(op, b, length);
  if (a === undefined) return `${head} ${who} (${length} bytes)`;
  const fields = op.fixed === undefined ? {} : decodeStruct(op.fixed, b, a.at);
  const shown = Object.entries(fields)
    .filter(([field]) => !/^(padding|unused|dummy|reserved)/.test(field))
    .map(([field, value]) => ` ${field}=${value}`);
  const names = op.names === 0 ? [] : [a.name, a.name2].slice(0, op.names).map(quoted);
  return `${head} ${who}${shown.join('')}${names.join('')}`;
}

function quoted(name: string): string {
  return ` ${JSON.stringify(Buffer.from(name, 'latin1').toString('utf8'))}`;
}

/** Writes one line per request and per reply. */
export function lineTracer(write: (line: string) => void): Tracer {
  return {
    request: (op, b, length) => write(`> ${describeRequest(op, b, length)}`),
    reply: (r, error, length) =>
      write(
        `< ${r.name} #${(BigInt(r.uniqueHigh) << 32n) | BigInt(r.uniqueLow)} ${error} ${length} bytes`,
      ),
  };
}
