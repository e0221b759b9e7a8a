import type { TreeName } from '@scorpiofs/objects';
import { objectId } from '../git/loose-object.js';
import type { Monorepo } from '../mono/monorepo.js';
import { missingRecord, MORE, treeErrorRecord, treeRecord } from './tree-records.js';

/** A directory to be sent: where, what its parent states, and the tree to send for it. */
interface Node {
  readonly path: string;
  readonly stated: string;
  readonly tree: string;
  readonly level: number;
}

interface Parsed {
  readonly children: Node[];
  /** Per entry: id of a blob, or undefined. */
  readonly blobs: (string | undefined)[];
}

const SLICE = 512;
/** Slices whose sizes may still be on their way while the next ones are read. */
const AHEAD = 2;
const DIRECTORY = 0x34; // '4' begins only "40000"
const SUBMODULE = 0x36; // "160000": second digit '6'

/**
 * Directories breadth first, parents before children, as records. Tree bodies of one slice are read while git still looks up
 * the sizes of the slice before.
 */
export async function* walkTrees(
  mono: Monorepo,
  roots: readonly (Node | { readonly missing: string })[],
  levels: number,
  maxEntries: number,
): AsyncGenerator<Buffer[]> {
  const queue: Node[] = [];
  const early: Buffer[] = [];
  for (const root of roots) {
    if ('missing' in root) early.push(missingRecord(root.missing));
    else queue.push(root);
  }
  if (early.length > 0) yield early;
  let entries = 0;
  let at = 0;
  const pending: Promise<Buffer[]>[] = [];
  try {
    while (at < queue.length) {
      if (entries >= maxEntries) {
        while (pending.length > 0) yield await (pending.shift() ?? []);
        yield [MORE];
        return;
      }
      const slice = queue.slice(at, at + SLICE);
      at += slice.length;
      const bodies = await mono.store.trees(slice.map((node) => node.tree));
      const parsed = slice.map((node, i) => {
        const body = bodies[i];
        if (body === undefined) return undefined;
        try {
          return parse(mono, node, body);
        } catch {
          return undefined;
        }
      });
      for (const [i, node] of slice.entries()) {
        entries += parsed[i]?.blobs.length ?? 0;
        if (node.level + 1 < levels)
          for (const child of parsed[i]?.children ?? []) queue.push(child);
      }
      if (at > 65_536) {
        queue.splice(0, at);
        at = 0;
      }
      const records = encode(mono, slice, bodies, parsed);
      // Looked at when its turn comes; until then a failure must not count as unhandled.
      records.catch(() => undefined);
      pending.push(records);
      if (pending.length > AHEAD) yield await (pending.shift() ?? []);
    }
    while (pending.length > 0) yield await (pending.shift() ?? []);
  } finally {
    await Promise.allSettled(pending);
  }
}

async function encode(
  mono: Monorepo,
  slice: readonly Node[],
  bodies: readonly (Buffer | undefined)[],
  parsed: readonly (Parsed | undefined)[],
): Promise<Buffer[]> {
  const wanted: string[] = [];
  for (const one of parsed)
    for (const blob of one?.blobs ?? []) if (blob !== undefined) wanted.push(blob);
  const sizes = await mono.store.sizes(wanted, false);
  let next = 0;
  return slice.map((node, i) => {
    const body = bodies[i];
    const one = parsed[i];
    if (body === undefined) return missingRecord(node.path);
    if (one === undefined) return treeErrorRecord(node.path, 'the tree object is broken');
    const own = one.blobs.map((blob) => (blob === undefined ? -1 : (sizes[next++] ?? -1)));
    const hashes = node.stated === node.tree || node.stated === objectId('tree', body);
    return treeRecord(node.path, node.stated, hashes, body, own);
  });
}

function parse(mono: Monorepo, node: Node, body: Buffer): Parsed {
  const children: Node[] = [];
  const blobs: (string | undefined)[] = [];
  const base = node.path === '/' ? '/' : `${node.path}/`;
  let at = 0;
  while (at < body.length) {
    const space = body.indexOf(32, at);
    const nul = space < 0 ? -1 : body.indexOf(0, space);
    if (nul < 0 || nul + 21 > body.length) throw new Error('broken tree object');
    const oid = body.toString('hex', nul + 1, nul + 21);
    const isDirectory = body[at] === DIRECTORY || body[at] === 0x30;
    if (isDirectory) {
      blobs.push(undefined);
      const path = base + body.toString('latin1', space + 1, nul);
      if (path.length <= 0xffff)
        children.push({
          path,
          stated: oid,
          tree: mono.boundary(path) ?? oid,
          level: node.level + 1,
        });
    } else blobs.push(body[at + 1] === SUBMODULE ? undefined : oid);
    at = nul + 21;
  }
  return { children, blobs };
}

/** Where a wanted path leads at a commit; see `postTrees`. */
export async function wantedNode(
  mono: Monorepo,
  rootTree: string,
  path: string,
  stated: string | undefined,
): Promise<Node | { readonly missing: string }> {
  const parts = path === '/' ? [] : (path.slice(1).split('/') as TreeName[]);
  const node = (tree: string): Node => ({ path, stated: stated ?? tree, tree, level: 0 });
  const place = mono.place(parts);
  if (place.importPath !== undefined && place.parts.length === 0) {
    const tree = mono.boundary(path);
    if (tree === undefined) return { missing: path };
    if (stated !== undefined) return node(tree);
    const parent = await mono.directory(rootTree, parts);
    return { path, stated: parent ?? tree, tree, level: 0 };
  }
  // The client has the id from a listing; ids do not change, so the way down need not be walked again.
  if (stated !== undefined && (await mono.store.tree(stated)) !== undefined) return node(stated);
  const root = place.importPath === undefined ? rootTree : mono.boundary(place.importPath);
  const found = root === undefined ? undefined : await mono.directory(root, place.parts);
  return found === undefined ? { missing: path } : node(found);
}
