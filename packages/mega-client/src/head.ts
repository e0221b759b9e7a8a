import type { RequestOptions, Revision, TreeAnswer, TreeWant } from '@scorpiofs/objects';
import type { Extension } from './extension.js';
import { broken } from './failures.js';
import { plainHead, type PlainHead } from './plain-head.js';
import { scorpioTrees } from './scorpio-trees.js';
import type { Wire } from './wire.js';

/**
 * The head of `main`. Whoever asks for it lists its root next; that listing comes along and is kept for the next question
 * about it, so that on a server with the extension a mount's first listing costs one request in all.
 */
export class Head {
  readonly #wire: Wire;
  readonly #extension: Extension;
  #kept: PlainHead | undefined;

  constructor(wire: Wire, extension: Extension) {
    this.#wire = wire;
    this.#extension = extension;
  }

  async ask(options: RequestOptions): Promise<Revision> {
    const found = (await this.#extended(options)) ?? (await plainHead(this.#wire, options));
    this.#kept = found;
    return found.revision;
  }

  /** The root's listing that came with the head; once, so that it is not held for ever. */
  take({ path, oid, revision }: TreeWant, levels: number): TreeAnswer | undefined {
    const kept = this.#kept;
    if (!kept || path !== '/' || revision.commit !== kept.revision.commit) return undefined;
    if (levels > 1 && this.#extension.may('treeLevels')) return undefined;
    if (oid !== undefined && oid !== kept.root.oid) return undefined;
    this.#kept = undefined;
    return kept.root;
  }

  async #extended(options: RequestOptions): Promise<PlainHead | undefined> {
    if (!this.#extension.may('treeLevels')) return undefined;
    const question = { commit: undefined, wants: [{ path: '/' }], levels: 1 };
    const parts = await scorpioTrees(this.#wire, question, options);
    if (!parts) {
      this.#extension.disproved('treeLevels');
      return undefined;
    }
    this.#extension.proved('treeLevels');
    let revision: Required<Revision> | undefined;
    let root: TreeAnswer | undefined;
    for await (const part of parts) {
      if ('revision' in part) ({ revision } = part);
      else if ('failed' in part) throw part.error;
      else root = part.answer;
    }
    if (!revision || !root) throw broken('head of main', 'the server does not answer for its root');
    if (root.oid !== revision.tree)
      throw broken('head of main', `the root is ${revision.tree}, answered was ${root.oid}`);
    return { revision, root };
  }
}
