import { STATUS_CODES } from 'node:http';
import { SourceError } from '@scorpiofs/objects';
import { AntaresError, internal, messageOf } from '../error.js';

const HINT = 'Check the link and that the server is well; nothing was changed.';

function status(error: SourceError): string | undefined {
  return error.status === undefined
    ? undefined
    : `HTTP ${error.status} ${STATUS_CODES[error.status] ?? ''}`.trim();
}

/** The texts of 0.2.x (spec 1.4), which clients match on. */
export function listFailed(error: unknown): Error {
  if (error instanceof AntaresError) return error;
  if (error instanceof SourceError) {
    const http = status(error);
    if (http !== undefined) return internal(`failed to fetch CL files: ${http}`, HINT, error);
    const refused = /the server refuses: ("(?:[^"\\]|\\.)*")/.exec(error.message)?.[1];
    if (refused !== undefined)
      return internal(`CL files response error: ${String(JSON.parse(refused))}`, HINT, error);
    if (error.kind === 'broken')
      return internal(`failed to parse CL files response: ${error.message}`, HINT, error);
  }
  return internal(`failed to fetch CL files: ${messageOf(error)}`, HINT, error);
}

export function blobFailed(oid: string, error: unknown): Error {
  const http = error instanceof SourceError ? status(error) : undefined;
  return internal(`failed to download blob ${oid}: ${http ?? messageOf(error)}`, HINT, error);
}
