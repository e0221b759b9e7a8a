import { parseTreeBody } from '../tree/tree-body.js';
import { createHash } from 'node:crypto';
import type { Answer } from './recorded.js';

/** Members that depend on the clock or on chance: only their type is compared. */
const BY_KIND = new Set([
  'id',
  'open_timestamp',
  'merge_timestamp',
  'closed_at',
  'updated_at',
  'created_at',
  'expires_at',
  'href',
]);
const LINKS = new Set(['cl_link', 'link']);
/** An id after the length of its line, and perhaps a flush before that. */
const HEX = /(?<=^(?:0000)?[0-9a-f]{4})[0-9a-f]{40}(?= )/gm;
const LINK = /refs\/cl\/([A-Z0-9]{8})/g;

/** Compares a recorded answer with ours; what varies must at least vary consistently: same recorded id, same id here. */
export class Comparison {
  readonly #here = new Map<string, string>();
  readonly #recorded = new Map<string, string>();

  constructor(private readonly isFixed: (oid: string) => boolean) {}

  answer(expected: Answer, actual: Answer): string[] {
    const problems: string[] = [];
    const note = (what: string, a: unknown, b: unknown): void => {
      problems.push(`${what}: recorded ${JSON.stringify(a)}, here ${JSON.stringify(b)}`);
    };
    if (expected.status !== actual.status) note('status', expected.status, actual.status);
    const isJson = expected.json !== undefined;
    const varies = isJson || /json|text\/plain/.test(expected.headers['content-type'] ?? '');
    for (const [name, value] of Object.entries(expected.headers)) {
      const mine = actual.headers[name];
      const loose = name === 'x-request-id' || (name === 'content-length' && varies);
      if (loose ? mine === undefined : mine !== value) note(name, value, mine);
    }
    for (const name of ['vary', 'x-request-id', 'content-type', 'etag', 'server'])
      if (!(name in expected.headers) && name in actual.headers)
        note(name, undefined, actual.headers[name]);
    if (isJson) this.#json('', expected.json, actual.json, note);
    else this.#body(expected, actual, note);
    return problems;
  }

  #body(expected: Answer, actual: Answer, note: Note): void {
    if (expected.sha256 !== undefined) {
      const hash = createHash('sha256').update(Buffer.from(actual.base64 ?? '', 'base64'));
      const digest = hash.digest('hex');
      if (digest !== expected.sha256) note('sha256', expected.sha256, digest);
    } else if (expected.base64 !== undefined)
      this.#tree(expected.base64, actual.base64 ?? '', note);
    else if ((expected.headers['content-type'] ?? '').startsWith('text/plain')) {
      if ((actual.text ?? '') === '') note('text', expected.text, actual.text);
    } else this.#text(expected.text ?? '', actual.text ?? '', note);
  }

  #tree(expected: string, actual: string, note: Note): void {
    const [left, right] = [expected, actual].map((text) => {
      const items = parseTreeBody(Buffer.from(text, 'base64'));
      return items.map(({ mode, name, oid }) => ({ mode, name, oid }));
    });
    this.#json('tree', left, right, note);
  }

  /** An advertisement: lines are sorted by names that differ, so they are compared as sets of shapes. */
  #text(expected: string, actual: string, note: Note): void {
    const shape = (text: string): string =>
      text
        .replaceAll(HEX, (oid) => (this.isFixed(oid) || /^0+$/.test(oid) ? oid : 'OID'))
        .replaceAll(LINK, 'refs/cl/LINK');
    const left = shape(expected).split('\n').toSorted();
    const right = shape(actual).split('\n').toSorted();
    if (left.join('\n') !== right.join('\n')) note('text', expected, actual);
    const ids = (text: string): Map<string, string> =>
      new Map(
        [...text.matchAll(/^(?:0000)?[0-9a-f]{4}([0-9a-f]{40}) (HEAD|refs\/[^\s\0]+)/gm)].map(
          ([, oid = '', ref = '']) => [ref, oid],
        ),
      );
    const mine = ids(actual);
    for (const [ref, oid] of ids(expected)) {
      const link = /^refs\/cl\/(.*)$/.exec(ref)?.[1];
      const known = link === undefined ? undefined : this.#here.get(link);
      const name = link === undefined ? ref : known === undefined ? undefined : `refs/cl/${known}`;
      if (name !== undefined) this.#same(`id of ${ref}`, oid, mine.get(name), note);
    }
  }

  #json(path: string, expected: unknown, actual: unknown, note: Note): void {
    const member = path.split('.').at(-1) ?? '';
    if (typeof expected !== typeof actual || (expected === null) !== (actual === null))
      return note(path, expected, actual);
    if (Array.isArray(expected)) {
      const other = actual as unknown[];
      if (expected.length !== other.length) return note(`${path} length`, expected, actual);
      expected.forEach((one, i) => this.#json(`${path}[${i}]`, one, other[i], note));
    } else if (typeof expected === 'object' && expected !== null) {
      const left = expected as Record<string, unknown>;
      const right = actual as Record<string, unknown>;
      const names = (one: object): string => Object.keys(one).toSorted().join();
      if (names(left) !== names(right)) return note(`${path} members`, names(left), names(right));
      for (const name of Object.keys(left))
        this.#json(`${path}.${name}`, left[name], right[name], note);
    } else if (BY_KIND.has(member) || isClock(member, expected)) return;
    else if (member === 'err_message' && expected !== '') {
      if (actual === '') note(path, expected, actual);
    } else if (
      typeof expected === 'string' &&
      (LINKS.has(member) || /^[0-9a-f]{40}$/.test(expected))
    )
      this.#same(path, expected, actual, note);
    else if (expected !== actual) note(path, expected, actual);
  }

  #same(path: string, expected: string, actual: unknown, note: Note): void {
    if (typeof actual !== 'string') return note(path, expected, actual);
    if (this.isFixed(expected)) {
      if (expected !== actual) note(path, expected, actual);
      return;
    }
    const here = this.#here.get(expected);
    const back = this.#recorded.get(actual);
    if (here === undefined && back === undefined) {
      this.#here.set(expected, actual);
      this.#recorded.set(actual, expected);
    } else if (here !== actual || back !== expected) note(path, expected, actual);
  }
}

type Note = (what: string, expected: unknown, actual: unknown) => void;

/** Dates after the bundle's own are those of the recording. */
function isClock(member: string, value: unknown): boolean {
  return member === 'date' && Number(value) > 1_767_000_000;
}
