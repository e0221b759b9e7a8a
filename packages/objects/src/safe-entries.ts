import type { TreeEntry } from './tree.js';
import { type NameProblem, nameProblem } from './tree-name.js';

/** An entry that the listing does not show, and why: one line of a warning. */
export interface DroppedEntry {
  /** Place in the received order, counted from 0. */
  readonly index: number;
  /** As received, one character per byte; may hold anything. */
  readonly name: string;
  readonly problem: NameProblem;
}

export interface SafeEntries<E extends TreeEntry = TreeEntry> {
  /** In received order, every name usable and once. */
  readonly entries: E[];
  readonly dropped: DroppedEntry[];
}

/**
 * Keeps what a directory can show (C10): drops empty names, `.`, `..`, names with a slash or NUL, and later duplicates.
 * For listings that did not come as a binary tree; `parseTree` does it by itself.
 */
export function safeEntries<E extends TreeEntry>(received: Iterable<E>): SafeEntries<E> {
  const collector = new SafeCollector<E>();
  for (const entry of received) collector.add(entry);
  return collector;
}

/**
 * Detects duplicates without remembering names as long as they rise strictly, which most trees' names do (git sorts a
 * directory as if its name ended in a slash, so not all): a set of 100,000 names costs more than all the rest of the parsing.
 */
export class SafeCollector<E extends TreeEntry> implements SafeEntries<E> {
  readonly entries: E[] = [];
  readonly dropped: DroppedEntry[] = [];
  #last = '';
  #seen: Set<string> | undefined;
  #index = 0;

  add(entry: E): void {
    const problem = this.#problem(entry.name);
    if (problem === undefined) this.entries.push(entry);
    else this.dropped.push({ index: this.#index, name: entry.name, problem });
    this.#index += 1;
  }

  #problem(name: string): NameProblem | undefined {
    const alone = nameProblem(name);
    if (alone !== undefined) return alone;
    if (this.#seen === undefined) {
      if (name > this.#last) {
        this.#last = name;
        return undefined;
      }
      this.#seen = new Set(this.entries.map((entry) => entry.name));
    }
    if (this.#seen.has(name)) return 'duplicate';
    this.#seen.add(name);
    return undefined;
  }
}
