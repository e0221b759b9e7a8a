import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readMountTable } from '@scorpiofs/fuse';
import { endMount } from '@scorpiofs/fuse/testing';
import { Program } from './program.js';

/** A folder with everything that one daemon needs, and the programs started in it; all of it goes at the end. */
export class Scratch implements AsyncDisposable {
  readonly dir = realpathSync(mkdtempSync(join(tmpdir(), 'scorpio-app-')));
  readonly mnt = join(this.dir, 'mnt');
  readonly #programs: Program[] = [];

  /** All places of the configuration, in this folder. */
  get env(): Record<string, string> {
    return {
      PATH: process.env['PATH'] ?? '',
      HOME: this.dir,
      SCORPIO_WORKSPACE: this.mnt,
      SCORPIO_STORE_PATH: join(this.dir, 'store'),
      SCORPIO_CONFIG_FILE: join(this.dir, 'config.toml'),
      SCORPIO_ANTARES_UPPER_ROOT: join(this.dir, 'antares/upper'),
      SCORPIO_ANTARES_CL_ROOT: join(this.dir, 'antares/cl'),
      SCORPIO_ANTARES_MOUNT_ROOT: join(this.dir, 'antares/mnt'),
      SCORPIO_ANTARES_STATE_FILE: join(this.dir, 'antares/state.toml'),
      SCORPIO_HTTP_ADDR: '127.0.0.1:0',
      SCORPIO_ANTARES_HTTP_ADDR: '127.0.0.1:0',
    };
  }

  write(name: string, content: string): string {
    const path = join(this.dir, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  /** A Git repository with one commit of these files. */
  repository(files: Record<string, string>, name = 'repo'): string {
    for (const [path, content] of Object.entries(files)) this.write(join(name, path), content);
    const repo = join(this.dir, name);
    const git = (...argv: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', '-C', repo, ...argv], {
        env: { PATH: process.env['PATH'] ?? '', HOME: this.dir, GIT_CONFIG_NOSYSTEM: '1' },
      });
    git('init', '-q', '-b', 'main');
    git('add', '-A');
    git('commit', '-qm', 'all');
    return repo;
  }

  start(
    argv: readonly string[],
    env: Record<string, string> = {},
    wrap: readonly string[] = [],
  ): Program {
    return this.startWith(argv, { ...this.env, ...env }, wrap);
  }

  /** With this environment and nothing of this folder's. */
  startWith(
    argv: readonly string[],
    env: Record<string, string>,
    wrap: readonly string[] = [],
  ): Program {
    const program = new Program(argv, { cwd: this.dir, env, wrap });
    this.#programs.push(program);
    return program;
  }

  /** The program `antares`. */
  startAntares(argv: readonly string[], env: Record<string, string> = {}): Program {
    const options = { cwd: this.dir, env: { ...this.env, ...env }, wrap: [] };
    const program = new Program(argv, { ...options, program: 'antares' });
    this.#programs.push(program);
    return program;
  }

  /** Mount points in this folder, from the mount table: no mount is touched. */
  async mounts(): Promise<string[]> {
    return (await readMountTable()).map((e) => e.mountpoint).filter((m) => m.startsWith(this.dir));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#programs) await program.kill();
    for (const mountpoint of await this.mounts()) await endMount(mountpoint);
    rmSync(this.dir, { recursive: true, force: true });
  }
}
