import { SourceError, type SourceErrorKind } from '@scorpiofs/objects';

/** The server's own words are quoted shortly and without control characters: they end in logs and terminals. */
export function quote(text: string, limit = 200): string {
  // oxlint is right that control characters in a pattern are unusual: taking them out is the point here.
  const plain = Array.from(text.slice(0, limit), (c) => (c < ' ' || c === '\x7f' ? ' ' : c));
  return JSON.stringify(plain.join('').trim());
}

/** The server answered something that cannot be right. */
export function broken(what: string, why: string, cause?: unknown): SourceError {
  return new SourceError('broken', `${what}: ${why}`, cause === undefined ? {} : { cause });
}

export function missing(what: string, why = 'the server does not have it'): SourceError {
  return new SourceError('missing', `${what}: ${why}`);
}

export function refused(what: string, why: string): SourceError {
  return new SourceError('refused', `${what}: ${why}`);
}

export function tooLarge(what: string, limit: number): SourceError {
  return broken(what, `the answer is larger than ${limit} bytes`);
}

export function timedOut(what: string, phase: string, limit: number, cause?: unknown): SourceError {
  return new SourceError('unreachable', `${what}: no ${phase} within ${limit} ms`, {
    timedOut: true,
    ...(cause === undefined ? {} : { cause }),
  });
}

export function closed(what: string): SourceError {
  return new SourceError('cancelled', `${what}: the client was closed`);
}

/**
 * Failure by HTTP status (mega: 1.1, 1.3). `detail` is the answer's text, where it gave any; `own` whether it is the server's
 * word about what was asked for. A 404 that is not, of an unknown route (M03) or of a proxy without its server, does not say that
 * anything is missing (D6).
 */
export function byStatus(
  what: string,
  status: number,
  { detail = '', own = true }: { readonly detail?: string; readonly own?: boolean },
): SourceError {
  const words = detail === '' ? '' : ` ${quote(detail)}`;
  const kind = status === 404 && !own ? 'broken' : kindOfStatus(status);
  return new SourceError(kind, `${what}: HTTP ${status}${words}`, {
    status,
    timedOut: status === 408 || status === 504,
  });
}

function kindOfStatus(status: number): SourceErrorKind {
  if (status === 404) return 'missing';
  // 409: the server knows the object and has lost it (C17); 408 is its failure to hear us.
  if (status === 408 || status === 409 || status >= 500) return 'broken';
  if (status >= 300) return 'refused';
  return 'broken';
}

/** Which errors of the network mean that nobody is there; the rest happened in the middle of a conversation. */
export function unreachable(what: string, error: unknown): SourceError {
  const code = errorCode(error);
  const text = error instanceof Error ? error.message : String(error);
  return new SourceError('unreachable', `${what}: ${code ?? quote(text)}`, {
    cause: error,
    timedOut: code === 'ETIMEDOUT',
  });
}

export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
