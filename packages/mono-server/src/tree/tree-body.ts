import type { TreeName } from '@scorpiofs/objects';

/** One entry as it stands in a tree object. `mode` is the octal text. */
export interface TreeItem {
  readonly mode: string;
  readonly name: TreeName;
  readonly oid: string;
}

export const DIRECTORY = '40000';
export const FILE = '100644';
export const SYMLINK = '120000';
export const SUBMODULE = '160000';

export function isDirectory(item: { readonly mode: string }): boolean {
  return item.mode === DIRECTORY || item.mode === '040000';
}

/** Parses a tree object's body (without header), keeping order and duplicates; throws on a broken one. */
export function parseTreeBody(body: Buffer): TreeItem[] {
  const items: TreeItem[] = [];
  let at = 0;
  while (at < body.length) {
    const space = body.indexOf(32, at);
    const nul = space < 0 ? -1 : body.indexOf(0, space);
    if (nul < 0 || nul + 21 > body.length) throw new Error('broken tree object');
    items.push({
      mode: body.toString('latin1', at, space),
      name: body.toString('latin1', space + 1, nul) as TreeName,
      oid: body.toString('hex', nul + 1, nul + 21),
    });
    at = nul + 21;
  }
  return items;
}

/** The body of a tree with these entries, in this order. */
export function buildTreeBody(items: readonly TreeItem[]): Buffer {
  const parts: Buffer[] = [];
  for (const item of items) {
    parts.push(Buffer.from(`${item.mode} ${item.name}\0`, 'latin1'), Buffer.from(item.oid, 'hex'));
  }
  return Buffer.concat(parts);
}

/** Git's own order: by name as bytes, a directory as if its name ended in a slash. */
export function gitOrder(a: TreeItem, b: TreeItem): number {
  const left = isDirectory(a) ? `${a.name}/` : a.name;
  const right = isDirectory(b) ? `${b.name}/` : b.name;
  return left < right ? -1 : left > right ? 1 : 0;
}
