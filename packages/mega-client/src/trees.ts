import {
  SourceError,
  TreesError,
  type Oid,
  type RepoPath,
  type RequestOptions,
  type TreeAnswer,
  type TreeWant,
} from '@scorpiofs/objects';
import { concurrent } from './concurrent.js';
import type { Extension } from './extension.js';
import { broken } from './failures.js';
import { plainTree } from './plain-tree.js';
import { scorpioTrees } from './scorpio-trees.js';
import type { Wire } from './wire.js';

export interface TreesOptions extends RequestOptions {
  readonly levels?: number;
  /** Where the server keeps import repositories (mega: 1.4). */
  readonly importDirectory: RepoPath;
}

/** `Source.trees`: in the extension's form where the server has it, else one request for each directory. */
export async function* trees(
  wire: Wire,
  extension: Extension,
  wants: readonly TreeWant[],
  options: TreesOptions,
): AsyncGenerator<TreeAnswer, void, undefined> {
  const failures = new Map<RepoPath, SourceError>();
  // Everything is left where the server turns out to be plain.
  const single = extension.may('treeLevels')
    ? yield* inBatches(wire, extension, wants, options, failures)
    : wants;
  yield* oneByOne(wire, single, options, failures);
  const [first] = failures.values();
  if (first) throw failures.size === 1 && wants.length === 1 ? first : new TreesError(failures);
}

async function* oneByOne(
  wire: Wire,
  wants: readonly TreeWant[],
  options: TreesOptions,
  failures: Map<RepoPath, SourceError>,
): AsyncGenerator<TreeAnswer, void, undefined> {
  const { signal, importDirectory } = options;
  const answers = concurrent(
    wants,
    wire.concurrency,
    (want, inner) => plainTree(wire, want, importDirectory, { signal: inner }),
    signal,
  );
  for await (const [want, outcome] of answers) {
    if ('value' in outcome) yield outcome.value;
    else failures.set(want.path, failureOf(outcome.error, signal));
  }
}

/** Yields answers and returns the wants that the extension cannot serve: all of them on a plain server. */
async function* inBatches(
  wire: Wire,
  extension: Extension,
  wants: readonly TreeWant[],
  options: TreesOptions,
  failures: Map<RepoPath, SourceError>,
): AsyncGenerator<TreeAnswer, readonly TreeWant[], undefined> {
  const open = new Set(wants);
  for (const [commit, group] of groupByCommit(wants)) {
    const todo = new Map(group.map((want) => [want.path, want]));
    let fruitless = 0;
    while (todo.size > 0) {
      const batch = firstOf(todo.values(), extension.maxBatch);
      const before = todo.size;
      const result = yield* oneBatch(wire, extension, commit, batch, todo, options, failures);
      if (result === 'plain') return [...open];
      // Descendants that a break took away are no failure: they were not wanted by themselves, and are asked for when they are.
      // A server may stop, and an answer may break off, before the last want; then the others are asked for again.
      fruitless = todo.size === before ? fruitless + 1 : 0;
      if (fruitless === 0) continue;
      if (!(result instanceof BrokeOff) || fruitless >= wire.retry.attempts) {
        const { failure } = result;
        for (const want of todo.values()) failures.set(want.path, failure);
        break;
      }
    }
    for (const want of group) open.delete(want);
  }
  return [];
}

/** A server takes 2 MiB of JSON (mega: 1.1); this much of paths stays below it. */
const PATH_BYTES = 512 * 1024;

function firstOf(wants: Iterable<TreeWant>, most: number): readonly TreeWant[] {
  const batch: TreeWant[] = [];
  let bytes = 0;
  for (const want of wants) {
    bytes += want.path.length;
    if (batch.length === most || (batch.length > 0 && bytes > PATH_BYTES)) break;
    batch.push(want);
  }
  return batch;
}

class Failed {
  constructor(readonly failure: SourceError) {}
}

/** After its head the answer broke; not repeated yet. */
class BrokeOff extends Failed {}

/** One request; takes from `todo` what it answered or failed. */
async function* oneBatch(
  wire: Wire,
  extension: Extension,
  commit: Oid,
  batch: readonly TreeWant[],
  todo: Map<RepoPath, TreeWant>,
  { signal, levels = 1 }: TreesOptions,
  failures: Map<RepoPath, SourceError>,
): AsyncGenerator<TreeAnswer, 'plain' | Failed, undefined> {
  let parts;
  try {
    const question = { commit, wants: batch.map(stated), levels };
    parts = await scorpioTrees(wire, question, signal ? { signal } : {});
    if (!parts) extension.disproved('treeLevels');
  } catch (error) {
    return new Failed(failureOf(error, signal));
  }
  if (!parts) return 'plain';
  extension.proved('treeLevels');
  try {
    for await (const part of parts) {
      if ('answer' in part) {
        todo.delete(part.answer.path);
        yield part.answer;
      } else if ('failed' in part) {
        todo.delete(part.failed);
        failures.set(part.failed, part.error);
      }
    }
  } catch (error) {
    wire.counters.failed();
    return new BrokeOff(failureOf(error, signal));
  }
  return new Failed(broken('directories', 'the server answers for none of those asked for'));
}

/** The root's id is in the revision, where it is known. */
function stated({ path, oid, revision }: TreeWant): { path: RepoPath; oid: Oid | undefined } {
  return { path, oid: oid ?? (path === '/' ? revision.tree : undefined) };
}

function groupByCommit(wants: readonly TreeWant[]): ReadonlyMap<Oid, readonly TreeWant[]> {
  const groups = new Map<Oid, TreeWant[]>();
  for (const want of wants) {
    const group = groups.get(want.revision.commit);
    if (group) group.push(want);
    else groups.set(want.revision.commit, [want]);
  }
  return groups;
}

/** Cancellation ends the whole call; every other failure belongs to its directory (C25). */
function failureOf(error: unknown, signal: AbortSignal | undefined): SourceError {
  signal?.throwIfAborted();
  if (error instanceof SourceError && error.kind !== 'cancelled') return error;
  throw error;
}
