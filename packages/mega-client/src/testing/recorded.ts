import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';

/** One question to a real Mega server and its answer, from `fixtures/answers.json` (its README is the project's spec). */
export interface Recorded {
  readonly id: string;
  readonly request: { readonly method: string; readonly path: string };
  readonly answer: {
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly json?: unknown;
    readonly text?: string;
    readonly base64?: string;
    readonly sha256?: string;
    readonly length?: number;
    /** The connection was closed without an answer. */
    readonly error?: string;
  };
  readonly fault?: string;
}

interface Recording {
  readonly vars: Readonly<Record<string, string>>;
  readonly answers: readonly Recorded[];
}

const file = new URL('../../fixtures/answers.json', import.meta.url);

export const { vars, answers } = JSON.parse(readFileSync(file, 'utf8')) as Recording;

export function recorded(id: string): Recorded {
  const found = answers.find((answer) => answer.id === id);
  if (!found) throw new Error(`nothing recorded as ${id}`);
  return found;
}

/** Bodies that were too long to keep are only known by hash; tests leave them out. */
export function bodyOf({ answer }: Recorded): Buffer | undefined {
  if (answer.json !== undefined) return Buffer.from(JSON.stringify(answer.json));
  if (answer.text !== undefined) return Buffer.from(answer.text);
  if (answer.base64 !== undefined) return Buffer.from(answer.base64, 'base64');
  return undefined;
}

export function replay(item: Recorded, response: ServerResponse): void {
  const { status, headers = {} } = item.answer;
  const body = bodyOf(item);
  if (status === undefined || body === undefined) {
    response.destroy();
    return;
  }
  const length = item.request.method === 'HEAD' ? headers['content-length'] : body.length;
  const type = headers['content-type'];
  response.writeHead(status, {
    ...(length === undefined ? {} : { 'content-length': length }),
    ...(type === undefined ? {} : { 'content-type': type }),
  });
  response.end(item.request.method === 'HEAD' ? undefined : body);
}
