import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { readMountTable } from '@scorpiofs/fuse';
import type { Output } from '../output.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { startDaemon, type DaemonProcess } from './daemon-process.js';
import { figures, figuresAtRest, type Figures } from './metrics.js';
import { readAll, walk, type FoundFile, type Walked } from './walk.js';
import { count, duration, size } from './words.js';

/** Files read in the tour, and bytes of them. */
const READ_FILES = 20;
const READ_BYTES = 4 << 20;

export interface DemoOptions {
  readonly repo: string;
  /** The program whose `serve` is started. */
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
  readonly output: Output;
  /** Somebody watches, and may want to look around: progress, and the mount stays until Ctrl-C. */
  readonly interactive: boolean;
  /** One JSON object at the end, and no words. */
  readonly json: boolean;
  readonly signal: AbortSignal;
}

/** What one step took and cost. */
interface Step extends Figures {
  readonly step: string;
  readonly ms: number;
}

interface Tour {
  readonly options: DemoOptions;
  readonly daemon: DaemonProcess;
  say(text: string): void;
  /** A line that replaces itself, on a terminal only. */
  progress(text: string): void;
  readonly steps: Step[];
}

function teller({ output, interactive, json }: DemoOptions): Pick<Tour, 'say' | 'progress'> {
  if (json) return { say: () => undefined, progress: () => undefined };
  let last = 0;
  const clear = interactive ? '\r\u001b[K' : '';
  return {
    say: (text) => output.out(`${clear}${text}\n`),
    progress: (text) => {
      const now = performance.now();
      if (!interactive || now - last < 100) return;
      last = now;
      output.out(`${clear}  … ${text}`);
    },
  };
}

function difference(after: Figures, before: Figures): Figures {
  return {
    requests: after.requests - before.requests,
    received: after.received - before.received,
    contents: after.contents - before.contents,
    contentBytes: after.contentBytes - before.contentBytes,
    kernel: after.kernel - before.kernel,
  };
}

/** Runs a step and tells what it cost. */
async function measured<T>(tour: Tour, step: string, work: () => Promise<T>) {
  const before = await figures(tour.daemon.url);
  const start = performance.now();
  const value = await work();
  const ms = performance.now() - start;
  const cost = difference(await figuresAtRest(tour.daemon.url), before);
  tour.steps.push({ step, ms: Math.round(ms), ...cost });
  return { value, ms, cost };
}

const downloaded = (cost: Figures): string =>
  `downloaded ${count(cost.requests, 'request')}, ${size(cost.received)}`;

async function look(tour: Tour): Promise<FoundFile[]> {
  const { signal } = tour.options;
  const top = tour.daemon.mountpoint;
  const at = (so: Walked) =>
    tour.progress(
      `${count(so.directories, 'directory', 'directories')}, ${count(so.files, 'file')}`,
    );
  const first = await measured(tour, 'walk', () => walk(top, { signal, progress: at }));
  const all = first.value;
  const names = `${count(all.directories, 'directory', 'directories')}, ${count(all.files, 'file')} and ${count(all.links, 'link')}`;
  tour.say(
    `Walked it all, with sizes and modes: ${names}, ${size(all.bytes)} of contents, in ${duration(first.ms)}`,
  );
  tour.say(`  ${downloaded(first.cost)}; contents: ${count(first.cost.contents, 'file')}`);
  const again = await measured(tour, 'walk again', () => walk(top, { signal, progress: at }));
  tour.say(`Walked it again in ${duration(again.ms)}`);
  tour.say(
    `  ${downloaded(again.cost)}; the kernel asked the daemon ${count(again.cost.kernel, 'time')}`,
  );
  return all.found;
}

/** A few files that one would look at first: those nearest to the top, within a budget. */
function choose(found: readonly FoundFile[]): FoundFile[] {
  const depth = ({ path }: FoundFile) => path.filter((byte) => byte === 0x2f).length;
  let left = READ_BYTES;
  return [...found]
    .sort((a, b) => depth(a) - depth(b) || Buffer.compare(a.path, b.path))
    .filter((file) => file.size > 0 && (left -= file.size) >= 0)
    .slice(0, READ_FILES);
}

async function read(tour: Tour, found: readonly FoundFile[]): Promise<void> {
  const { signal } = tour.options;
  const chosen = choose(found);
  const progress = (files: number, bytes: number) =>
    tour.progress(`${count(files, 'file')}, ${size(bytes)}`);
  const first = await measured(tour, 'read', () => readAll(chosen, { signal, progress }));
  tour.say(
    `Read ${count(chosen.length, 'file')} near the top, ${size(first.value)}, in ${duration(first.ms)}`,
  );
  tour.say(
    `  ${downloaded(first.cost)}; contents: ${count(first.cost.contents, 'file')}, ${size(first.cost.contentBytes)} (small neighbours come along)`,
  );
  const again = await measured(tour, 'read again', () => readAll(chosen, { signal, progress }));
  tour.say(`Read them again in ${duration(again.ms)}`);
  tour.say(`  ${downloaded(again.cost)}`);
  const all = await figures(tour.daemon.url);
  const total = found.reduce((bytes, file) => bytes + file.size, 0);
  tour.say(
    `In all: ${count(all.contents, 'file')} of ${found.length.toLocaleString('en')} were downloaded, ` +
      `${size(all.contentBytes)} of ${size(total)}; the others come when somebody looks at them.`,
  );
}

async function tourOf(tour: Tour): Promise<void> {
  await read(tour, await look(tour));
}

/** Keeps the mount for the person at the terminal, until Ctrl-C or the daemon's end. */
async function stay(tour: Tour): Promise<void> {
  const { signal } = tour.options;
  tour.say(`\nThe mount is yours: cd ${tour.daemon.mountpoint}\nCtrl-C ends it.`);
  await Promise.race([
    tour.daemon.ended,
    new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    }),
  ]);
}

function places(directory: string): NodeJS.ProcessEnv {
  const at = (name: string) => join(directory, name);
  return {
    SCORPIO_WORKSPACE: at('mnt'),
    SCORPIO_STORE_PATH: at('store'),
    SCORPIO_CONFIG_FILE: at('config.toml'),
    SCORPIO_ANTARES_UPPER_ROOT: at('antares/upper'),
    SCORPIO_ANTARES_CL_ROOT: at('antares/cl'),
    SCORPIO_ANTARES_MOUNT_ROOT: at('antares/mnt'),
    SCORPIO_ANTARES_STATE_FILE: at('antares/state.toml'),
  };
}

async function run(options: DemoOptions, directory: string): Promise<ExitCode> {
  const { say, progress } = teller(options);
  say(`Starting a Mega-compatible server over ${options.repo} and mounting it …`);
  const start = performance.now();
  const argv = ['serve', '--repo', options.repo, '--http-addr', '127.0.0.1:0'];
  const env = { ...options.env, ...places(directory), SCORPIO_LOG: 'info' };
  const daemon = await startDaemon(options.program, argv, env, (text) =>
    options.json ? options.output.err(`note: ${text}\n`) : say(`  note: ${text}`),
  );
  const tour: Tour = { options, daemon, say, progress, steps: [] };
  let failed: unknown;
  try {
    const cost = await figures(daemon.url);
    const ms = performance.now() - start;
    tour.steps.push({ step: 'mount', ms: Math.round(ms), ...cost });
    say(
      `Mounted revision ${daemon.revision.slice(0, 12)} at ${daemon.mountpoint} after ${duration(ms)}`,
    );
    say(`  ${downloaded(cost)}; contents: ${count(cost.contents, 'file')}`);
    await tourOf(tour);
    if (options.interactive) await stay(tour);
  } catch (error) {
    if (!options.signal.aborted) failed = error;
  }
  const code = await daemon.stop();
  const left = (await readMountTable()).some((e) => e.mountpoint === daemon.mountpoint);
  if (failed !== undefined) throw failed;
  if (options.json) {
    const { revision, mountpoint } = daemon;
    const told = { repo: options.repo, revision, mountpoint, steps: tour.steps, left };
    options.output.out(`${JSON.stringify(told, null, 2)}\n`);
  }
  say(
    left
      ? `The mount at ${daemon.mountpoint} could not be taken away.`
      : 'Unmounted; nothing is left behind.',
  );
  return left || code !== 0 ? EXIT.other : EXIT.ok;
}

/** The main job, for somebody who sees it for the first time: mounts a repository, walks it, reads in it, and says what was downloaded and what was not. */
export async function demo(options: DemoOptions): Promise<ExitCode> {
  const directory = await mkdtemp(
    join(tmpdir(), `scorpio-${basename(options.repo).replaceAll(/[^\w.-]/g, '') || 'demo'}-`),
  );
  try {
    return await run(options, directory);
  } finally {
    const mounts = await readMountTable();
    // Never into a mount: what is left of one is for a person to look at.
    if (!mounts.some((e) => e.mountpoint.startsWith(directory)))
      await rm(directory, { recursive: true, force: true });
  }
}
