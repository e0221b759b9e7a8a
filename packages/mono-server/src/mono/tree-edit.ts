import type { TreeName } from '@scorpiofs/objects';
import type { ObjectStore } from '../git/object-store.js';
import { DIRECTORY, gitOrder, isDirectory, type TreeItem } from '../tree/tree-body.js';

/** Writes changed trees and remembers what it wrote, for the record of arrivals. */
export class TreeEditor {
  readonly written: string[] = [];

  constructor(readonly store: ObjectStore) {}

  async blob(content: string | Uint8Array): Promise<string> {
    const oid = await this.store.write('blob', Buffer.from(content));
    this.written.push(oid);
    return oid;
  }

  async tree(items: readonly TreeItem[]): Promise<string> {
    const oid = await this.store.writeTree(items);
    this.written.push(oid);
    return oid;
  }

  /**
   * A tree like `tree` with the entry at `parts` set, or removed when `entry` is undefined. Missing directories are made;
   * one that becomes empty vanishes, which is what undefined as a result means. Everything else keeps its place.
   */
  async put(
    tree: string | undefined,
    parts: readonly TreeName[],
    entry: { readonly mode: string; readonly oid: string } | undefined,
  ): Promise<string | undefined> {
    const [name, ...rest] = parts;
    if (name === undefined) return entry?.oid;
    const items = tree === undefined ? [] : await this.store.entries(tree);
    if (rest.length === 0) return this.#replace(items, name, entry);
    const child = items.find((item) => item.name === name && isDirectory(item));
    const inner = await this.put(child?.oid, rest, entry);
    return this.#replace(
      items,
      name,
      inner === undefined ? undefined : { mode: DIRECTORY, oid: inner },
    );
  }

  async #replace(
    items: readonly TreeItem[],
    name: TreeName,
    entry: { readonly mode: string; readonly oid: string } | undefined,
  ): Promise<string | undefined> {
    const at = items.findIndex((item) => item.name === name);
    if (entry === undefined) {
      const left = items.filter((item) => item.name !== name);
      return left.length === 0 ? undefined : this.tree(left);
    }
    const item = { mode: entry.mode, name, oid: entry.oid };
    if (at >= 0 && isDirectory(item) === isDirectory(items[at] ?? item))
      return this.tree(items.map((old, i) => (i === at ? item : old)));
    return this.tree(
      withAdded(
        items.filter((old) => old.name !== name),
        item,
      ),
    );
  }
}

/** A tree in git's order stays so; one that is not (a Mega root, §4.3) gets the new entry at its end (M25). */
export function withAdded(items: readonly TreeItem[], item: TreeItem): TreeItem[] {
  const sorted = items.every((one, i) => {
    const next = items[i + 1];
    return next === undefined || gitOrder(one, next) < 0;
  });
  const all = [...items, item];
  return sorted ? all.toSorted(gitOrder) : all;
}
