import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDaemon, type Daemon } from './daemon.js';
import type { DaemonOrder } from './daemon-main.js';

export interface Status {
  readonly mount_id: string;
  readonly mountpoint: string;
  readonly state: unknown;
  readonly cl: string | null;
  readonly ready: boolean;
  readonly error: string;
  readonly code: string;
}

export interface Called {
  readonly status: number;
  readonly body: Status;
}

/** What is being removed is gone after this long, on any machine. */
const REMOVED_MS = 120_000;

/** A daemon over a server, in a folder of its own; nothing of it may be left at the end. */
export class JobRig implements AsyncDisposable {
  #daemon: Daemon | undefined;

  static async start(url: string, order: Partial<DaemonOrder> = {}): Promise<JobRig> {
    const rig = new JobRig(url, await mkdtemp(join(tmpdir(), 'scorpio-rig-')));
    try {
      await rig.restart(order);
    } catch (error) {
      await rm(rig.folder, { recursive: true });
      throw error;
    }
    return rig;
  }

  private constructor(
    readonly server: string,
    readonly folder: string,
  ) {}

  get daemon(): Daemon {
    if (this.#daemon === undefined) throw new Error('no daemon runs');
    return this.#daemon;
  }

  get url(): string {
    return `${this.daemon.url}/antares`;
  }

  async restart(order: Partial<DaemonOrder> = {}): Promise<void> {
    const options = { quiesceMs: 0, ...order.options };
    const url = order.url ?? this.server;
    this.#daemon = await startDaemon({ ...order, url, root: this.folder, options });
  }

  async call(method: string, path: string, body?: unknown): Promise<Called> {
    const answer = await fetch(this.url + path, {
      method,
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    });
    const text = await answer.text();
    return { status: answer.status, body: JSON.parse(text === '' ? '{}' : text) as Status };
  }

  /** A job that is there, or an error with what was answered. */
  async create(job_id: string, more: object = {}): Promise<Status> {
    const { status, body } = await this.call('POST', '/mounts', {
      path: '/project/small',
      job_id,
      ...more,
    });
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** Mount points below a directory of the folder, `mnt` or `base`. */
  async mounts(directory = 'mnt'): Promise<string[]> {
    const table = await readFile('/proc/self/mountinfo', 'utf8');
    const points = table.split('\n').map((line) => line.split(' ')[4] ?? '');
    return points.filter((point) => point.startsWith(join(this.folder, directory)));
  }

  /** What jobs have left: directories of uppers, work, change lists and mount points, and records. */
  async left(): Promise<string[]> {
    const names = await Promise.all(
      ['up', 'up/.work', 'up/.trash', 'cl', 'cl/.new', 'cl/.trash', 'mnt'].map(async (at) =>
        (await readdir(join(this.folder, at)).catch(() => []))
          .filter((name) => !['.work', '.trash', '.new'].includes(name))
          .map((name) => `${at}/${name}`),
      ),
    );
    const state = await readFile(join(this.folder, 'state.toml'), 'utf8').catch(() => '');
    return [...names.flat(), ...(state.match(/mount_id = .*/g) ?? [])];
  }

  /** Waits until `left` is empty, for a minute: removing goes on in the background. */
  async nothingLeft(): Promise<string[]> {
    const end = performance.now() + REMOVED_MS;
    let left = await this.left();
    while (left.length > 0 && performance.now() < end) {
      await new Promise((r) => setTimeout(r, 50));
      left = await this.left();
    }
    return left;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { child } = this.daemon;
    if (child.exitCode === null && child.signalCode === null) await this.daemon.stop();
    const table = await readFile('/proc/self/mountinfo', 'utf8');
    if (table.includes(this.folder)) throw new Error(`mounts are left below ${this.folder}`);
    await rm(this.folder, { recursive: true });
  }
}

/** A process with its directory in a view. */
export async function insider(directory: string): Promise<ChildProcess> {
  const child = spawn('/bin/sh', ['-c', 'echo in; read x'], { cwd: directory, stdio: 'pipe' });
  await once(child.stdout, 'data');
  return child;
}

export async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}
