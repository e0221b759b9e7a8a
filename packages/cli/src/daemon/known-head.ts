import { parseOid, type Revision } from '@scorpiofs/objects';
import type { Store } from '@scorpiofs/store';

/** The last revision that was shown of a server, so that what is stored can be served while it cannot be reached. */
export class KnownHead {
  readonly #key: string;

  constructor(
    private readonly store: Store,
    /** The server, or the repository that an embedded one serves. */
    origin: string,
  ) {
    this.#key = `head/${Buffer.from(origin).toString('base64url').slice(0, 1024)}`;
  }

  read(): Revision | undefined {
    const bytes = this.store.fact(this.#key);
    if (bytes === undefined) return undefined;
    const { commit, tree } = JSON.parse(Buffer.from(bytes).toString()) as Record<string, string>;
    if (commit === undefined) return undefined;
    return { commit: parseOid(commit), ...(tree !== undefined && { tree: parseOid(tree) }) };
  }

  write(revision: Revision): void {
    const { commit, tree } = revision;
    this.store.putFact(this.#key, Buffer.from(JSON.stringify({ commit, tree })));
  }
}
