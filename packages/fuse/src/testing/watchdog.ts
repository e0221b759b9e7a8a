import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What the watchdog cleans when its time is over, or when this process dies. */
export interface Watched {
  readonly mountpoint: string;
  readonly pid: number;
  /** Milliseconds from now. */
  readonly lifetimeMs: number;
}

/** The built program, from the sources as well as from `dist` itself. */
export function builtProgram(name: string): string {
  return fileURLToPath(new URL(`../../dist/testing/${name}`, import.meta.url));
}

let program: ChildProcess | undefined;
const watched = new Set<string>();

function tell(message: Record<string, unknown>): void {
  program?.stdin?.write(`${JSON.stringify(message)}\n`);
}

/**
 * Hands a mount over to another process, which ends it if this one hangs in it (a call into a mount whose daemon does not
 * answer blocks the whole process, timers and all) or dies.
 */
export function watch(what: Watched): void {
  if (program === undefined) {
    program = spawn(process.execPath, [builtProgram('watchdog-main.js')], {
      stdio: ['pipe', 'ignore', 'inherit'],
      // Not ended by the Ctrl-C that ends us: then its work begins.
      detached: true,
    });
    program.unref();
  }
  watched.add(what.mountpoint);
  tell({ add: what });
}

/** The mount is gone. The watchdog ends with the last one. */
export async function unwatch(mountpoint: string): Promise<void> {
  if (!watched.delete(mountpoint)) return;
  tell({ remove: mountpoint });
  if (watched.size > 0 || program === undefined) return;
  const ending = program;
  program = undefined;
  const ended = new Promise((resolve) => ending.once('exit', resolve));
  ending.ref();
  ending.stdin?.end();
  await ended;
}
