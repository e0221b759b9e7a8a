import {
  eachInTurns,
  hashInTurns,
  hashObject,
  indexInTurns,
  LARGE_TREE,
  TreeIndex,
  type DroppedEntry,
  type PackedTree,
  type SourceError,
  type Oid,
  type RepoPath,
  type RequestOptions,
  type Revision,
  type TreeAnswer,
  type TreeEntry,
} from '@scorpiofs/objects';
import { askStream } from './ask.js';
import type { Answer } from './exchange.js';
import { broken, missing, quote } from './failures.js';
import { isAddressable, joinPath } from './path-query.js';
import { records } from './records.js';
import { AttemptError } from './retry.js';
import { TREES_TYPE, treesReader, type TreesRecord } from './scorpio-trees-format.js';
import { NO_ROUTE, isExtension } from './scorpio-route.js';
import { readSize } from './size-field.js';
import type { Wire } from './wire.js';

export const TREES_PATH = '/api/v1/scorpio/trees';

/** Entries after which a server may stop and be asked on. */
const MAX_ENTRIES = 200_000;

/** Records below a want that the answer's own trees do not lead to are skipped, but not without end. */
const MAX_STRAY = 1_000;

export interface TreesQuestion {
  /** Absent: the head of `main`. */
  readonly commit: Oid | undefined;
  readonly wants: readonly { readonly path: RepoPath; readonly oid?: Oid | undefined }[];
  readonly levels: number;
}

export type TreesPart =
  | { readonly revision: Required<Revision> }
  | { readonly answer: TreeAnswer }
  | { readonly failed: RepoPath; readonly error: SourceError };

/**
 * One request for many directories. Undefined where the server does not know the route; otherwise the parts in the
 * server's order: the revision, then for every want an answer or a failure, descendants in between. Wants that the
 * server left for later, having sent enough, get neither: ask on for them.
 */
export async function scorpioTrees(
  wire: Wire,
  question: TreesQuestion,
  options: RequestOptions,
): Promise<AsyncGenerator<TreesPart, void, undefined> | undefined> {
  const levels = Math.min(MAX_LEVELS, Math.max(1, Math.trunc(question.levels)));
  const json = JSON.stringify({
    commit: question.commit ?? null,
    wants: question.wants.map(wantOf),
    levels,
    max_entries: MAX_ENTRIES,
  });
  return await askStream(
    wire,
    {
      kind: 'trees',
      slot: 'listing',
      method: 'POST',
      path: TREES_PATH,
      json,
      // Silence, since its length has no bound; but a listing's, so that a server that never answers is heard of as soon as elsewhere.
      limit: { idle: Math.min(wire.limits.idle, wire.limits.listing) },
      compressible: true,
      accept: TREES_TYPE,
      accepts: NO_ROUTE,
    },
    async (answer) => {
      if (!(await isExtension({ path: TREES_PATH }, answer, TREES_TYPE))) return undefined;
      return parts(answer, { ...question, levels });
    },
    options,
  );
}

/** Most levels that the format lets one ask for. */
const MAX_LEVELS = 64;

/** JSON holds text: a path that is not UTF-8 goes as base64 of its bytes. */
function wantOf({ path, oid }: TreesQuestion['wants'][number]): object {
  const bytes = Buffer.from(path, 'latin1');
  if (!isAddressable(path)) return { path_b64: bytes.toString('base64'), oid: oid ?? null };
  return { path: bytes.toString('utf8'), oid: oid ?? null };
}

interface Expected {
  /** What the parent, or the caller, states. */
  readonly oid: Oid | undefined;
  /** Levels of descendants that may follow it. */
  readonly below: number;
  readonly wanted: boolean;
}

async function* parts(
  answer: Answer,
  { commit, wants, levels }: TreesQuestion,
): AsyncGenerator<TreesPart, void, undefined> {
  const expected = new Map<RepoPath, Expected>();
  for (const { path, oid } of wants) expected.set(path, { oid, below: levels - 1, wanted: true });
  const state = { open: expected.size, stray: 0, ended: false, more: false };
  try {
    for await (const record of records(answer.body, treesReader(), TREES_PATH)) {
      if (state.ended) throw broken(TREES_PATH, 'the answer goes on after its end');
      // Its bytes are there until the next record is asked for.
      const large = record.tag === 'tree' && record.body.length > LARGE_TREE;
      const read = large ? await readInTurns(record) : undefined;
      const part = partOf(record, commit, expected, state, read);
      if (part) yield part;
    }
  } catch (error) {
    throw asFailure(error);
  }
  if (!state.ended) throw broken(TREES_PATH, 'the answer is cut off');
  if (state.open > 0 && !state.more)
    throw broken(TREES_PATH, `the answer leaves out ${state.open} directories asked for`);
}

function partOf(
  record: TreesRecord,
  commit: Oid | undefined,
  expected: Map<RepoPath, Expected>,
  state: { open: number; stray: number; ended: boolean; more: boolean },
  read?: Read,
): TreesPart | undefined {
  switch (record.tag) {
    case 'head':
      if (commit !== undefined && record.commit !== commit)
        throw broken(TREES_PATH, `asked for commit ${commit}, answered for ${record.commit}`);
      return { revision: { commit: record.commit, tree: record.tree } };
    case 'end':
      state.ended = true;
      return undefined;
    case 'more':
      state.more = true;
      return undefined;
    default:
  }
  const place = expected.get(record.path);
  if (!place) {
    // A directory whose name was dropped (C10), or one twice.
    state.stray += 1;
    if (state.stray > MAX_STRAY) throw broken(TREES_PATH, 'the answer is about other directories');
    return undefined;
  }
  expected.delete(record.path);
  if (place.wanted) state.open -= 1;
  // Made when something is wrong with it: there are thousands in an answer.
  const what = (): string => `directory ${quote(record.path)}`;
  // Of a descendant nothing is said here: whoever wants it asks for it, and gets its failure then (C25).
  if (record.tag === 'missing')
    return place.wanted ? { failed: record.path, error: missing(what()) } : undefined;
  if (record.tag === 'error') {
    const error = broken(what(), `the server says ${quote(record.text)}`);
    return place.wanted ? { failed: record.path, error } : undefined;
  }
  if (place.oid !== undefined && place.oid !== record.oid) {
    const error = broken(what(), `it is ${place.oid}, answered was ${record.oid}`);
    return place.wanted ? { failed: record.path, error } : undefined;
  }
  return readTree(record, place, expected, what, read);
}

type TreeRecord = Extract<TreesRecord, { tag: 'tree' }>;

/** What a record's tree is, or why it is none. */
type Read =
  | { readonly tree: TreeIndex; readonly oid: Oid; readonly sizes: number[] | undefined }
  | { readonly cause: unknown };

function readNow({ body, sizes: raw }: TreeRecord): Read {
  try {
    const tree = new TreeIndex(body);
    return { tree, oid: hashObject('tree', body), sizes: raw && sizesOf(raw, tree) };
  } catch (cause) {
    return { cause };
  }
}

/** The same for a large one, some entries at a time (D13). */
async function readInTurns({ body, sizes: raw }: TreeRecord): Promise<Read> {
  try {
    const tree = await indexInTurns(body);
    const sizes: number[] | undefined = raw && [];
    const size = raw && sizeReader(raw, tree);
    if (size) await eachInTurns(tree.length, (i) => sizes?.push(size(i)));
    return { tree, oid: await hashInTurns('tree', body), sizes };
  } catch (cause) {
    return { cause };
  }
}

function readTree(
  record: TreeRecord,
  place: Expected,
  expected: Map<RepoPath, Expected>,
  what: () => string,
  read = readNow(record),
): TreesPart | undefined {
  const { path, oid } = record;
  if ('cause' in read) {
    const error = broken(what(), 'it is no tree object', read.cause);
    return place.wanted ? { failed: path, error } : undefined;
  }
  const { tree, sizes } = read;
  if (place.below > 0) {
    const below = place.below - 1;
    for (let i = 0; i < tree.length; i++) {
      if (tree.kindAt(i) !== 'directory') continue;
      expected.set(joinPath(path, tree.nameAt(i)), { oid: tree.oidAt(i), below, wanted: false });
    }
  }
  return {
    answer: new PackedAnswer(path, oid, read.oid === oid, { tree, ...(sizes && { sizes }) }),
  };
}

/** Thousands of directories come in an answer, and most readers want them packed: the rest is made when it is asked for. */
class PackedAnswer implements TreeAnswer {
  readonly modesKnown = true;
  #entries: readonly TreeEntry[] | undefined;

  constructor(
    readonly path: RepoPath,
    readonly oid: Oid,
    readonly verified: boolean,
    readonly packed: PackedTree,
  ) {}

  get entries(): readonly TreeEntry[] {
    return (this.#entries ??= [...this.packed.tree]);
  }

  get dropped(): readonly DroppedEntry[] {
    return this.packed.tree.dropped;
  }

  get sizes(): ReadonlyMap<Oid, number> | undefined {
    const { tree, sizes } = this.packed;
    return sizes && byId(tree, sizes);
  }
}

/**
 * Reads the size of each entry, one after the other; -1 where it is not known or there is none. Sizes run in the order of the body, in
 * which entries that were dropped have their places.
 */
function sizeReader(raw: Buffer, tree: TreeIndex): (index: number) => number {
  const { dropped } = tree;
  let before = 0;
  return (index) => {
    while (dropped[before]?.index === index + before) before += 1;
    const kind = tree.kindAt(index);
    const none = kind === 'directory' || kind === 'submodule';
    return (none ? undefined : readSize(raw, (index + before) * 8)) ?? -1;
  };
}

function sizesOf(raw: Buffer, tree: TreeIndex): number[] {
  const size = sizeReader(raw, tree);
  const sizes: number[] = [];
  for (let i = 0; i < tree.length; i++) sizes.push(size(i));
  return sizes;
}

function byId(tree: TreeIndex, sizes: readonly number[]): ReadonlyMap<Oid, number> {
  const known = new Map<Oid, number>();
  for (const [index, size] of sizes.entries()) if (size >= 0) known.set(tree.oidAt(index), size);
  return known;
}

/** Outside of a retry loop the failure itself is thrown. */
function asFailure(error: unknown): unknown {
  if (error instanceof AttemptError) return error.failure;
  return error;
}
