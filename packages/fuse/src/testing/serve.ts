import { fork, type ChildProcess } from 'node:child_process';

import type { MountOptions } from '../mount/options.js';
import type { SessionInfo } from '../filesystem.js';
import type { MountStats, UnmountOptions } from '../transport.js';
import type { Answer, Logged, Order } from './serve-child.js';

/** Why a served mount failed, as it was in the child. */
export class ServeError extends Error {
  override readonly name = 'ServeError';

  constructor(
    message: string,
    readonly code: string | undefined,
    readonly hint: string | undefined,
  ) {
    super(message);
  }
}

export interface ServeRequest {
  /** URL of a built module that exports `create(argument)`, see `Fixture`. */
  readonly fixture: string | URL;
  readonly argument?: unknown;
  readonly mountpoint: string;
  /** Only what survives JSON. */
  readonly options?: MountOptions;
  readonly uid?: number;
  readonly gid?: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** A file system mounted by a process of its own, so that the test may touch the mount without waiting for itself. */
export interface ServedMount {
  readonly pid: number;
  readonly mountpoint: string;
  readonly info: Omit<SessionInfo, 'notify'>;
  readonly events: readonly Logged[];
  /** The exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  stats(): Promise<MountStats>;
  control(command: string, argument?: unknown): Promise<unknown>;
  /** Unmounts and waits until the process has ended by itself. */
  unmount(options?: UnmountOptions): Promise<void>;
  signal(signal: NodeJS.Signals): void;
}

const CHILD = new URL('../../dist/testing/serve-child.js', import.meta.url);

/** Starts the child and mounts. The child runs what is built (`dist`). */
export async function serve(request: ServeRequest): Promise<ServedMount> {
  const { uid, gid, env } = request;
  const child = fork(CHILD, {
    cwd: '/',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: [],
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(env === undefined ? {} : { env }),
  });
  const link = new Link(child);
  const { fixture, argument, mountpoint, options = {} } = request;
  const ready = (await link.ask({
    kind: 'mount',
    fixture: String(fixture),
    argument,
    mountpoint,
    options,
  })) as { mountpoint: string; info: Omit<SessionInfo, 'notify'> };
  return {
    pid: child.pid ?? 0,
    ...ready,
    events: link.events,
    exited: link.exited,
    stats: () => link.ask({ kind: 'stats' }) as Promise<MountStats>,
    control: (command, value) => link.ask({ kind: 'control', command, argument: value }),
    async unmount(unmountOptions = {}) {
      if (link.ended || !child.connected) return void (await link.exited);
      await link.ask({ kind: 'unmount', options: unmountOptions });
      await link.exited;
    },
    signal: (signal) => void child.kill(signal),
  };
}

class Link {
  readonly events: Logged[] = [];
  readonly exited: Promise<number | string>;
  ended = false;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(e: Error): void }>();
  #last = 0;

  constructor(readonly child: ChildProcess) {
    child.on('message', (message) => this.#receive(message as Answer | Logged));
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.ended = true;
        const error = new ServeError(`the child ended (${code ?? signal})`, undefined, undefined);
        for (const each of this.#waiting.values()) each.reject(error);
        this.#waiting.clear();
        resolve(code ?? signal ?? -1);
      });
    });
  }

  ask(order: Order): Promise<unknown> {
    const id = (this.#last += 1);
    return new Promise((resolve, reject) => {
      if (this.ended || !this.child.connected)
        return reject(new ServeError('the child has ended', undefined, undefined));
      this.#waiting.set(id, { resolve, reject });
      this.child.send({ id, order });
    });
  }

  #receive(message: Answer | Logged): void {
    if ('event' in message) {
      this.events.push(message);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.error === undefined) waiting?.resolve(message.value);
    else {
      const { message: text, code, hint } = message.error;
      waiting?.reject(new ServeError(text, code, hint));
    }
  }
}
