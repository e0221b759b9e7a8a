import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startMonoServer, type MonoServer } from '@scorpiofs/mono-server';

const run = promisify(execFile);

/** A server with `/third-party/small` and `/project/small`, as the recorded traces had it. */
export class Upstream implements AsyncDisposable {
  static async start(options: { readonly extension?: boolean } = {}): Promise<Upstream> {
    const repo = await mkdtemp(join(tmpdir(), 'scorpio-upstream-'));
    const git = async (...args: string[]) => {
      const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.test'];
      return (await run('git', ['-C', repo, ...identity, ...args])).stdout.trim();
    };
    await git('init', '--quiet', '--initial-branch=main');
    for (const top of ['third-party/small', 'project/small']) {
      await mkdir(join(repo, top, 'docs'), { recursive: true });
      await writeFile(join(repo, top, 'README.md'), `# ${top}\n`);
      await writeFile(join(repo, top, 'docs/one.txt'), 'one\n');
      await writeFile(join(repo, top, 'docs/two.txt'), 'two\n');
      await writeFile(join(repo, top, 'run.sh'), '#!/bin/sh\necho ran\n');
      await chmod(join(repo, top, 'run.sh'), 0o755);
      await symlink('README.md', join(repo, top, 'link'));
    }
    await git('add', '--all');
    await git('commit', '--quiet', '-m', 'first');
    const tokens = { secret: 'ada' };
    return new Upstream(repo, git, await startMonoServer({ repo, tokens, ...options }));
  }

  private constructor(
    readonly repo: string,
    readonly git: (...args: string[]) => Promise<string>,
    readonly server: MonoServer,
  ) {}

  get url(): string {
    return this.server.url;
  }

  /** A change list that gives files of a directory new content; its link. */
  async changeList(path: string, content: string): Promise<string> {
    const answer = await fetch(`${this.url}/api/v1/edit/save`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ path, content, commit_message: 'edit', mode: 'force_create' }),
    });
    const text = await answer.text();
    const { data } = JSON.parse(text) as { data: { cl_link: string } | null };
    if (data === null) throw new Error(text);
    return data.cl_link;
  }

  /** A change list of a directory, pushed: what a shell script makes of its working tree; its link. */
  async push(directory: string, script: string): Promise<string> {
    const copy = await mkdtemp(join(tmpdir(), 'scorpio-push-'));
    const git = async (...args: string[]) => {
      const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.test'];
      return (await run('git', ['-C', copy, ...identity, ...args])).stdout.trim();
    };
    const url = this.url.replace('//', '//ada:secret@') + directory;
    try {
      await git('clone', '--quiet', url, '.');
      const links = async () => (await git('ls-remote', url, 'refs/cl/*')).split('\n');
      const before = new Set(await links());
      await run('sh', ['-ec', script], { cwd: copy });
      await git('add', '--all');
      await git('commit', '--quiet', '-m', 'change');
      await git('push', '--quiet', url, 'HEAD:main');
      const line = (await links()).find((one) => !before.has(one)) ?? '';
      return line.replace(/^.*\//, '');
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  }

  /** A change list with an entry of any name: the server does not check names. */
  async entry(path: string, name: string): Promise<string> {
    const answer = await fetch(`${this.url}/api/v1/create-entry`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ path, name, is_directory: false, content: 'x', mode: 'force_create' }),
    });
    return ((await answer.json()) as { data: { cl_link: string } }).data.cl_link;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await rm(this.repo, { recursive: true, force: true });
  }
}
