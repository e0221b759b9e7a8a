import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startMonoServer, type MonoServer } from '@scorpiofs/mono-server';

const run = promisify(execFile);
const BUNDLE = fileURLToPath(new URL('../../fixtures/small.bundle', import.meta.url));

/** Where the recorded views were of. */
export const VIEW = '/third-party/small';

/** A server with branch main of `small.bundle` at `VIEW`, as the snapshots were recorded. */
export class SmallServer implements AsyncDisposable {
  static async start(): Promise<SmallServer> {
    const repo = await mkdtemp(join(tmpdir(), 'scorpio-recorded-'));
    const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.test'];
    const git = async (...args: string[]) =>
      (await run('git', ['-C', repo, ...identity, ...args])).stdout.trim();
    await git('init', '--quiet', '--initial-branch=main');
    await git('fetch', '--quiet', BUNDLE, 'main');
    await git('read-tree', `--prefix=${VIEW.slice(1)}/`, 'FETCH_HEAD');
    await git('commit', '--quiet', '-m', 'recorded');
    return new SmallServer(repo, git, await startMonoServer({ repo }));
  }

  private constructor(
    readonly repo: string,
    readonly git: (...args: string[]) => Promise<string>,
    readonly server: MonoServer,
  ) {}

  get url(): string {
    return this.server.url;
  }

  /** A change list that gives a file of the view new content; its link. */
  async changeList(path: string, content: string): Promise<string> {
    const answer = await fetch(`${this.url}/api/v1/edit/save`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        path: `${VIEW}/${path}`,
        content,
        commit_message: 'edit',
        mode: 'force_create',
      }),
    });
    const { data } = (await answer.json()) as { data: { cl_link: string } };
    return data.cl_link;
  }

  async merge(link: string): Promise<void> {
    const answer = await fetch(`${this.url}/api/v1/cl/${link}/merge-no-auth`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    if (answer.status !== 200) throw new Error(`merge: ${answer.status}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await rm(this.repo, { recursive: true });
  }
}
