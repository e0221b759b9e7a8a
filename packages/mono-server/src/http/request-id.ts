import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const WELL_FORMED = /^[A-Za-z0-9\-_.:/]{1,128}$/;

/** The client's own id where it is well-formed, else a fresh one (mega-server §1.2, M04). */
export function requestId(incoming: IncomingMessage): string {
  const given = incoming.headers['x-request-id'] ?? incoming.headers['x-trace-id'];
  return typeof given === 'string' && WELL_FORMED.test(given) ? given : randomUUID();
}
