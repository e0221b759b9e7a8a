import type { FileSystem } from '../filesystem.js';
import { FuseMountError } from '../mount/errors.js';
import { mount } from '../mount/mount.js';
import type { MountOptions } from '../mount/options.js';
import type { Mounted, UnmountOptions } from '../transport.js';

/** What a fixture's `create` returns: a file system, and perhaps levers for the test. */
export interface Fixture {
  readonly fs: FileSystem;
  /** Called by the parent's `control`. What it returns must survive JSON. */
  control?(command: string, argument: unknown, mounted: Mounted): unknown;
}

export type Order =
  | {
      readonly kind: 'mount';
      /** URL of a module that exports `create(argument): Fixture | Promise<Fixture>`. */
      readonly fixture: string;
      readonly argument: unknown;
      readonly mountpoint: string;
      readonly options: MountOptions;
    }
  | { readonly kind: 'stats' }
  | { readonly kind: 'unmount'; readonly options: UnmountOptions }
  | { readonly kind: 'control'; readonly command: string; readonly argument: unknown };

export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly message: string; readonly code?: string; readonly hint?: string };
}

/** Events logged by the session, sent as they come. */
export interface Logged {
  readonly event: string;
  readonly fields: string;
}

let mounted: Mounted | undefined;
let fixture: Fixture | undefined;
let ended = false;
let open = 0;

async function follow(order: Order): Promise<unknown> {
  if (order.kind === 'mount') {
    const module = (await import(order.fixture)) as {
      create(argument: unknown): Fixture | Promise<Fixture>;
    };
    fixture = await module.create(order.argument);
    const log = (event: string, fields: object) =>
      process.send?.({ event, fields: String(Object.values(fields)) } satisfies Logged);
    mounted = await mount(fixture.fs, order.mountpoint, { log, ...order.options });
    // Nothing must keep this process after the end: that it exits by itself is part of the tests.
    void mounted.closed.then((end) => {
      process.send?.({ event: 'closed', fields: end.reason } satisfies Logged);
      ended = true;
      leave();
    });
    const { notify, ...info } = mounted.info;
    void notify;
    return { mountpoint: mounted.mountpoint, info };
  }
  if (mounted === undefined) throw new Error('not mounted');
  if (order.kind === 'stats') return mounted.stats;
  if (order.kind === 'unmount') return mounted.unmount(order.options);
  return fixture?.control?.(order.command, order.argument, mounted);
}

process.on('message', (message: { id: number; order: Order }) => {
  const { id, order } = message;
  open += 1;
  void follow(order)
    .then(
      (value): Answer => ({ id, value }),
      (error: unknown): Answer => {
        if (order.kind === 'mount') ended = true;
        return { id, error: describe(error) };
      },
    )
    .then((answer) => {
      open -= 1;
      process.send?.(answer);
      leave();
    });
});

/** Lets the process end once all is said: after the session, when no order waits for its answer. */
function leave(): void {
  if (ended && open === 0 && process.connected) process.disconnect();
}

function describe(error: unknown): NonNullable<Answer['error']> {
  if (error instanceof FuseMountError) {
    return { message: error.message, code: error.code, hint: error.hint };
  }
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
