import type { EntryKind, Oid, TreeEntry, TreeName } from '@scorpiofs/objects';
import { createHash } from 'node:crypto';

/** The id of a git tree whose object, without header, is `body` as received: never sorted before (C05, mega: 4.3). */
export function treeOid(body: Uint8Array): Oid {
  const hex = createHash('sha1').update(`tree ${body.length}\0`).update(body).digest('hex');
  return hex as Oid;
}

/** What a tree's bytes say; `undefined` kinds of entries cannot occur, a body that is no tree throws. */
export interface ParsedTree {
  /** In the order received, without what cannot be a name (C10). */
  readonly entries: readonly TreeEntry[];
  /** For every entry of the body, kept or not: its place in `entries`, or -1. Sizes that follow a body run in its order. */
  readonly places: readonly number[];
}

/** Reads `<mode> <name>\0<20 bytes>` records (mega: 1.8, 4.2). Throws `Error` on anything else. */
export function parseTreeBody(body: Buffer): ParsedTree {
  const entries: TreeEntry[] = [];
  const places: number[] = [];
  const names = new Set<string>();
  let at = 0;
  while (at < body.length) {
    const space = body.indexOf(0x20, at);
    const nul = space < 0 ? -1 : body.indexOf(0, space + 1);
    if (nul < 0 || nul + 21 > body.length) throw new Error(`tree object cut off at byte ${at}`);
    const kind = kindOfMode(body.toString('latin1', at, space));
    const name = body.toString('latin1', space + 1, nul);
    at = nul + 21;
    if (!isName(name) || names.has(name)) {
      places.push(-1);
      continue;
    }
    names.add(name);
    places.push(entries.length);
    entries.push({ name: name as TreeName, kind, oid: body.toString('hex', nul + 1, at) as Oid });
  }
  return { entries, places };
}

/** C10: names that would leave their directory or that no program could open are not shown. */
export function isName(name: string): boolean {
  if (name === '' || name === '.' || name === '..') return false;
  return !name.includes('/') && !name.includes('\0');
}

/** Known texts first; then by file type, as historic trees hold `100664` and padded modes. */
export function kindOfMode(mode: string): EntryKind {
  const known = KINDS.get(mode);
  if (known) return known;
  const bits = /^[0-7]{5,7}$/.test(mode) ? Number.parseInt(mode, 8) : 0;
  switch (bits & 0o170000) {
    case 0o100000:
      return bits & 0o100 ? 'executable' : 'file';
    case 0o120000:
      return 'symlink';
    case 0o160000:
      return 'submodule';
    case 0o040000:
      return 'directory';
    default:
      throw new Error(`tree object with the mode ${JSON.stringify(mode.slice(0, 20))}`);
  }
}

const MODES: Readonly<Record<EntryKind, string>> = {
  file: '100644',
  executable: '100755',
  symlink: '120000',
  submodule: '160000',
  directory: '40000',
};

const KINDS = new Map<string, EntryKind>(
  (['file', 'executable', 'symlink', 'submodule', 'directory'] as const).map((kind) => [
    MODES[kind],
    kind,
  ]),
);

/** The body that git itself would have stored for these entries: sorted as git sorts, directories as if they ended in `/`. */
export function canonicalBody(entries: readonly TreeEntry[]): Buffer {
  const keyed = entries.map((entry) => ({
    entry,
    key: entry.kind === 'directory' ? `${entry.name}/` : entry.name,
  }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return Buffer.concat(
    keyed.flatMap(({ entry }) => [
      Buffer.from(`${MODES[entry.kind]} ${entry.name}\0`, 'latin1'),
      Buffer.from(entry.oid, 'hex'),
    ]),
  );
}
