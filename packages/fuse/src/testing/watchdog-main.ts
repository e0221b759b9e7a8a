import { createInterface } from 'node:readline';
import { endMount } from './end-mount.js';

interface Add {
  readonly mountpoint: string;
  readonly pid: number;
  readonly lifetimeMs: number;
}

const timers = new Map<string, { readonly add: Add; readonly timer: NodeJS.Timeout }>();

async function end(add: Add): Promise<void> {
  timers.delete(add.mountpoint);
  try {
    process.kill(add.pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
  await endMount(add.mountpoint);
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const message = JSON.parse(line) as { readonly add?: Add; readonly remove?: string };
  if (message.add !== undefined) {
    const { add } = message;
    const timer = setTimeout(() => void end(add), add.lifetimeMs);
    timers.set(add.mountpoint, { add, timer });
  }
  if (message.remove !== undefined) {
    clearTimeout(timers.get(message.remove)?.timer);
    timers.delete(message.remove);
  }
});
// The one whose mounts these are has ended or died.
lines.on('close', () => {
  for (const { add, timer } of timers.values()) {
    clearTimeout(timer);
    void end(add);
  }
});
