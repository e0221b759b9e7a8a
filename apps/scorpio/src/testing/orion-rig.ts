import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Program } from './program.js';
import type { Scratch } from './scratch.js';

/** The monorepo that the build runner's tests mount. */
export const MONOREPO = {
  '.buckconfig': '[cells]\nroot = .\n',
  'README.md': '# monorepo\n',
  'project/app/BUCK': 'genrule(name = "app")\n',
  'project/app/main.sh': '#!/bin/sh\necho app\n',
  'project/lib/lib.txt': 'lib\n',
  'third-party/dep/dep.txt': 'dep\n'.repeat(1000),
};

/** A server and a daemon in processes of their own, configured as the runner does it (mega-server §8.2): every value quoted, the file by `SCORPIO_CONFIG`. */
export class OrionRig {
  readonly #scratch: Scratch;
  readonly #env: Record<string, string>;
  daemon: Program | undefined;
  url = '';

  static async start(scratch: Scratch): Promise<OrionRig> {
    const repo = scratch.repository(MONOREPO);
    const mono = scratch.start(['mono', '--repo', repo, '--bind', '127.0.0.1:0']);
    const [, server = ''] = await mono.said(/^mono server running on (http:\S+)$/m);
    const rig = new OrionRig(scratch, server, mono);
    await rig.startDaemon();
    return rig;
  }

  private constructor(
    scratch: Scratch,
    readonly server: string,
    readonly mono: Program,
  ) {
    this.#scratch = scratch;
    const at = (name: string): string => join(scratch.dir, 'data', name);
    const values = {
      base_url: server,
      lfs_url: server,
      load_dir_depth: 5,
      antares_load_dir_depth: 3,
      fetch_file_thread: 20,
      dicfuse_stat_mode: 'accurate',
      antares_dicfuse_stat_mode: 'fast',
      workspace: join(scratch.dir, 'workspace'),
      store_path: at('store'),
      antares_upper_root: at('antares/upper'),
      antares_cl_root: at('antares/cl'),
      antares_mount_root: at('antares/mnt'),
      antares_state_file: at('antares/state.toml'),
      config_file: at('works.toml'),
    };
    const lines = Object.entries(values).map(([key, value]) => `${key} = "${value}"\n`);
    this.#env = { SCORPIO_CONFIG: scratch.write('runner.toml', lines.join('')) };
  }

  get mountRoot(): string {
    return join(this.#scratch.dir, 'data/antares/mnt');
  }

  async startDaemon(): Promise<void> {
    const { PATH = '', HOME = '' } = this.#scratch.env;
    // Nothing of the scratch's environment: what counts is the file.
    this.daemon = this.#scratch.startWith(['--http-addr', '127.0.0.1:0'], {
      PATH,
      HOME,
      ...this.#env,
    });
    this.url = await this.daemon.url();
  }

  /** A change list with one edited file; its link. */
  async changeList(path: string, content: string): Promise<string> {
    const answer = await fetch(`${this.server}/api/v1/edit/save`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ path, content, commit_message: 'edit', mode: 'force_create' }),
    });
    const { data } = (await answer.json()) as { data: { cl_link: string } };
    return data.cl_link;
  }

  /** Directories of jobs that are there, below upper, CL and mount root. */
  async left(): Promise<string[]> {
    const roots = ['upper', 'cl', 'mnt'].map((name) => `data/antares/${name}`);
    const names = await Promise.all(
      roots.map(async (root) =>
        (await readdir(join(this.#scratch.dir, root)).catch(() => [])).map((n) => `${root}/${n}`),
      ),
    );
    return names.flat().filter((name) => !/\/\.[a-z]+$/.test(name));
  }
}
