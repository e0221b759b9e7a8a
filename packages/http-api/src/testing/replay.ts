import { readFileSync } from 'node:fs';

/** A recorded request and its answer; see the fixtures' origin in `fixtures/README.md`. */
export interface Step {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly json?: unknown;
  readonly raw?: string;
  readonly req_headers?: Readonly<Record<string, string>>;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly text?: string;
  readonly empty?: boolean;
}

export function steps(file: string): Step[] {
  const text = readFileSync(new URL(`../../fixtures/${file}.json`, import.meta.url), 'utf8');
  const { trace, cases } = JSON.parse(text) as { trace?: Step[]; cases?: Step[] };
  return trace ?? cases ?? [];
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Sends recorded requests and compares answers; `$ID…` are bound when they first come back. */
export class Replay {
  readonly #bound = new Map<string, string>();

  constructor(
    readonly url: string,
    /** What stands for what in the recording: `$D`, links of change lists. */
    readonly words: Readonly<Record<string, string>>,
  ) {}

  bind(id: string, value: string): void {
    this.#bound.set(id, value);
  }

  async send(step: Step): Promise<Answer> {
    const body =
      step.raw === undefined
        ? step.json === undefined
          ? undefined
          : this.#filled(JSON.stringify(step.json))
        : Buffer.from(step.raw, 'latin1');
    const headers =
      step.req_headers ?? (step.json === undefined ? {} : { 'content-type': 'application/json' });
    const answer = await fetch(this.url + this.#filled(step.path), {
      method: step.method,
      headers,
      ...(body !== undefined && { body }),
    });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  }

  /** What differs from the recording, for a matcher: both sides with placeholders filled in. */
  compare(step: Step, answer: Answer): { readonly seen: unknown; readonly recorded: unknown } {
    const { status, headers, text } = answer;
    const allow = step.headers?.['allow'];
    const seen: Record<string, unknown> = { status, allow: headers.get('allow') };
    const recorded: Record<string, unknown> = { status: step.status, allow: allow ?? null };
    if (step.empty === true)
      return { seen: { ...seen, text }, recorded: { ...recorded, text: '' } };
    if (step.text !== undefined) {
      // H-07: the recorded text is the message of an error body here.
      const start = step.text.split(':')[0] ?? '';
      const { error, code } = JSON.parse(text) as Record<string, string>;
      return {
        seen: { ...seen, code, error: error?.slice(0, start.length) },
        recorded: { ...recorded, code: 'BAD_PAYLOAD', error: start },
      };
    }
    if (step.body === undefined || step.method === 'HEAD') return { seen, recorded };
    const body: unknown = JSON.parse(text);
    return {
      seen: { ...seen, body: this.#only(body, step.body) },
      recorded: { ...recorded, body: this.#expected(step.body, body) },
    };
  }

  /** Without members that the recording does not have: additions are allowed. */
  #only(seen: unknown, recorded: unknown): unknown {
    if ((recorded === '$MS' || recorded === '$SECS') && Number.isInteger(seen)) return recorded;
    if (Array.isArray(seen) && Array.isArray(recorded)) {
      const byId = (item: unknown) => JSON.stringify(item);
      return seen
        .map((item) => this.#only(item, recorded[0]))
        .sort((a, b) => (byId(a) < byId(b) ? -1 : 1));
    }
    if (!isObject(seen) || !isObject(recorded)) return seen;
    const members = Object.entries(seen).filter(([name]) => name in recorded);
    return Object.fromEntries(
      members.map(([name, value]) => [name, this.#only(value, recorded[name])]),
    );
  }

  #expected(recorded: unknown, seen: unknown): unknown {
    if (Array.isArray(recorded)) {
      const byId = (item: unknown) => JSON.stringify(item);
      return recorded
        .map((item, i) => this.#expected(item, Array.isArray(seen) ? seen[i] : undefined))
        .sort((a, b) => (byId(a) < byId(b) ? -1 : 1));
    }
    if (isObject(recorded))
      return Object.fromEntries(
        Object.entries(recorded).map(([name, value]) => [
          name,
          this.#expected(value, isObject(seen) ? seen[name] : undefined),
        ]),
      );
    if (typeof recorded !== 'string') return recorded;
    const id = /^\$ID\d+$/.exec(recorded)?.[0];
    if (id !== undefined && !this.#bound.has(id) && typeof seen === 'string')
      this.#bound.set(id, seen);
    return this.#filled(recorded);
  }

  #filled(text: string): string {
    let filled = text.replace(/\$ID\d+/g, (id) => {
      const bound = this.#bound.get(id) ?? '6317c26d-2353-422f-9a8e-52667c1aad2c';
      return bound;
    });
    for (const [from, to] of Object.entries(this.words)) filled = filled.replaceAll(from, to);
    return filled;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A row of `failures.json`: an upstream's fault, a race, or a process's end. */
export interface RecordedFailure {
  readonly upstream?: string;
  readonly requests?: string;
  readonly process?: string;
  readonly status?: number;
  readonly statuses?: Readonly<Record<string, number>>;
  readonly body?: Readonly<Record<string, string>>;
  readonly error?: string;
  readonly state?: string;
}

export function recordedFailures(): RecordedFailure[] {
  const text = readFileSync(new URL('../../fixtures/failures.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { cases: RecordedFailure[] }).cases;
}
