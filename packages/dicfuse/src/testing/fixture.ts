import { MegaClient } from '@scorpiofs/mega-client';
import { startMonoServer, type MonoServer } from '@scorpiofs/mono-server';
import type { Oid, Revision } from '@scorpiofs/objects';
import { DirectClient } from '@scorpiofs/fuse/testing';
import type { BaseOptions } from '../new-base.js';
import { RevisionBase } from '../revision-base.js';
import { View, type ViewOptions } from '../view.js';
import { MemoryStore } from './memory-store.js';
import { repository, type Files, type Repository } from './repository.js';
import { WatchedSource } from './watched-source.js';

export interface FixtureOptions {
  /** The source answers as a plain Mega server does. */
  readonly plain?: boolean;
  readonly imports?: Readonly<Record<string, string>>;
}

/** A real repository, served by a real server, read by the real client; every request is known. */
export class Fixture implements AsyncDisposable {
  readonly store = new MemoryStore();
  readonly #open: AsyncDisposable[] = [];

  static async start(commits: readonly Files[], options: FixtureOptions = {}): Promise<Fixture> {
    const repo = await repository(...commits);
    const { imports, plain = false } = options;
    const server = await startMonoServer({
      repo: repo.path,
      extension: !plain,
      ...(imports && { imports }),
    });
    const client = new MegaClient({ baseUrl: server.url });
    return new Fixture(repo, server, client, new WatchedSource(client, plain));
  }

  private constructor(
    readonly repo: Repository,
    readonly server: MonoServer,
    readonly client: MegaClient,
    readonly source: WatchedSource,
  ) {}

  revision(index = -1): Revision {
    const commit = this.repo.commits.at(index);
    if (commit === undefined) throw new RangeError(`no commit ${index}`);
    return { commit };
  }

  async view(options: Partial<ViewOptions> = {}): Promise<{ view: View; client: DirectClient }> {
    const view = await View.open({ ...this.#base, revision: this.revision(), ...options });
    this.#open.push(view);
    return { view, client: new DirectClient(view.fileSystem, { uid: 0, gid: 0 }) };
  }

  revisions(options: Partial<BaseOptions> = {}): { base: RevisionBase; client: DirectClient } {
    const base = new RevisionBase({ ...this.#base, ...options });
    this.#open.push(base);
    return { base, client: new DirectClient(base.fileSystem, { uid: 0, gid: 0 }) };
  }

  async blobId(path: string, index = -1): Promise<Oid> {
    const spec = `${this.revision(index).commit}:${path}`;
    return (await this.repo.git('rev-parse', spec)).toString().trim() as Oid;
  }

  /** Calls of the source during `work`. */
  async callsOf(work: () => Promise<unknown>): Promise<number> {
    const before = this.source.calls;
    await work();
    return this.source.calls - before;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#open) await one[Symbol.asyncDispose]();
    await this.client.close();
    await this.server.close();
    await this.repo[Symbol.asyncDispose]();
  }

  get #base() {
    return { source: this.source, store: this.store };
  }
}
