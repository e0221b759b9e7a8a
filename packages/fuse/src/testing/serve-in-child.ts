import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync } from 'node:fs';
import type { MountOptions } from '../mount/options.js';
import type { MountStats } from '../transport.js';
import { endMount } from './end-mount.js';
import { OWN_MOUNTS } from './own-folder.js';
import type { ServeOrder } from './serve-main.js';
import { builtProgram, unwatch, watch } from './watchdog.js';

export interface ServeOptions {
  /** What the child imports: a package name or a file URL, built. */
  readonly module: string;
  /** Name of the export that makes the file system: a function, also of a promise. */
  readonly export: string;
  /** Its arguments; they travel as JSON. */
  readonly args?: readonly unknown[];
  /** As JSON too: a transport by name. */
  readonly mountOptions?: Omit<MountOptions, 'transport'> & {
    readonly transport?: 'auto' | 'kernel' | 'fuse-native';
  };
  /** Then the mount is ended, whatever hangs. Default 600,000. */
  readonly lifetimeMs?: number;
}

/** A file system served by a process of its own, at a fresh folder below the temporary one. */
export interface Served extends AsyncDisposable {
  readonly mountpoint: string;
  readonly pid: number;
  /** The session's counters and the calls of the file system's methods since the mount. */
  stats(): Promise<{
    readonly stats: MountStats;
    readonly calls: Readonly<Record<string, number>>;
  }>;
  /** Unmounts. Afterwards child, mount and folder are gone, by force if need be; rejects if force was needed. */
  stop(): Promise<void>;
  /** Kills the child at once; the dead mount stays, until `stop`. */
  kill9(): Promise<void>;
}

/** Both only for what hangs. */
const STOP_MS = 60_000;
const READY_MS = 120_000;

/**
 * Mounts a file system made by a module's export, in a child process, so that this process can use the mount. Whatever
 * happens (a hang in the mount, a killed test), a watchdog process ends it after its lifetime.
 */
export async function serveInChild(options: ServeOptions): Promise<Served> {
  const mountpoint = mkdtempSync(OWN_MOUNTS);
  chmodSync(mountpoint, 0o755);
  const lifetimeMs = options.lifetimeMs ?? 600_000;
  const order: ServeOrder = {
    module: options.module,
    export: options.export,
    args: options.args ?? [],
    mountpoint,
    mountOptions: options.mountOptions ?? {},
    lifetimeMs,
  };
  const child = spawn(
    process.execPath,
    ['--no-warnings', builtProgram('serve-main.js'), JSON.stringify(order)],
    { stdio: ['ignore', 'inherit', 'pipe', 'ipc'], cwd: '/' },
  );
  const served = new ServedChild(mountpoint, child);
  // Longer than the child's own limit: first it gets the chance to end well.
  watch({ mountpoint, pid: child.pid ?? 0, lifetimeMs: lifetimeMs + 60_000 });
  try {
    await served.ready();
    return served;
  } catch (error) {
    await served.force();
    throw error;
  }
}

class ServedChild implements Served {
  #stderr = '';
  readonly #exited: Promise<unknown>;
  #stopped: Promise<void> | undefined;

  constructor(
    readonly mountpoint: string,
    readonly child: ChildProcess,
  ) {
    this.#exited = once(child, 'exit');
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-10_000);
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async ready(): Promise<void> {
    const answer = await this.#within(READY_MS, once(this.child, 'message'));
    if (answer === undefined) throw new Error(`the child did not mount: ${this.#stderr}`);
  }

  /** Undefined when the child ended first or time ran out. */
  async #within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => {
        resolve(undefined);
      }, ms);
    });
    const ended = this.#exited.then(() => undefined);
    return Promise.race([work, ended, late]).finally(() => clearTimeout(timer));
  }

  async stats(): ReturnType<Served['stats']> {
    this.child.send('stats');
    const answer = await this.#within(STOP_MS, once(this.child, 'message'));
    if (answer === undefined) throw new Error(`the child does not answer: ${this.#stderr}`);
    return answer[0] as Awaited<ReturnType<Served['stats']>>;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const killed = this.child.signalCode !== null;
    if (this.child.connected) this.child.send('stop');
    if (this.#alive) await this.#within(STOP_MS, this.#exited);
    const hung = this.#alive;
    await this.force();
    const { exitCode } = this.child;
    if (hung) throw new Error(`the child had to be killed: ${this.#stderr}`);
    if (!killed && exitCode !== 0)
      throw new Error(`the child ended with ${exitCode}: ${this.#stderr}`);
  }

  get #alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Leaves nothing. */
  async force(): Promise<void> {
    if (this.#alive) this.child.kill('SIGKILL');
    await endMount(this.mountpoint);
    await this.#exited;
    await endMount(this.mountpoint);
    await unwatch(this.mountpoint);
  }

  async kill9(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.#exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
