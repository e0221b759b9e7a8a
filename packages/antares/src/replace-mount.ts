import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  errno,
  errnoName,
  MNT,
  mountAsync,
  MOVE_MOUNT,
  moveMountAsync,
  MS,
  umount2Async,
} from '@scorpiofs/posix';
import type { Layers, Process, Replaced } from './engine.js';
import { fuseError } from './error.js';
import { exchangeUppers } from './exchange-uppers.js';
import { forkUpper } from './fork-upper.js';
import { processesInside } from './processes-inside.js';
import type { SuperblockWatch } from './superblock-watch.js';
import type { Limited } from './take-out.js';

export interface ReplaceSteps {
  readonly limited: Limited;
  readonly watch: (mountpoint: string) => Promise<SuperblockWatch | undefined>;
  /** Mounts the new view at a place of its own. @throws AntaresError */
  readonly mountAt: (place: string, upper: string, work: string) => Promise<void>;
}

/** What a change makes below the job's work directory. */
export const PREFIX = 'next-';
const STAGE = 'stage';
const PLACES = ['stand-in', 'old', 'new'] as const;
/** How often it is tried to find a view at rest: a program that only looks something up is inside for a moment too. */
const TRIES = 12;
const FLAGS = MS.NOSUID | MS.NODEV;

/**
 * A new view in the place of the old one, whose path always answers (Linux 6.5: a mount can be put under another).
 *
 * 1. A read-only stand-in of the old view, the same file system, takes its place. The kernel itself says whether somebody is inside: then the old one comes back, or with
 *    `force` it goes on living for those alone.
 * 2. Nothing is made in the upper any more, but by those. A second one is made of it (`forkUpper`) and the new view mounted on that, for two overlays on one upper,
 *    even where one only reads, are undefined (fuse-transport §8).
 * 3. The new upper takes the name of the old one, the new view the place of the stand-in.
 *
 * A kill in between leaves one of the two uppers at the job's name, both whole; the rest lies in the job's work directory.
 */
export async function replaceMount(
  layers: Layers,
  steps: ReplaceSteps,
  force: boolean,
): Promise<Replaced | undefined> {
  const own = join(layers.work, `${PREFIX}${randomUUID()}`);
  const replacing = new Replacing(layers, steps, own);
  if (!force) {
    const inside = await replacing.whoStays();
    if (inside !== undefined) return { gone: false, inside };
  }
  const earlier = await nextOnes(layers.work);
  await mkdir(join(own, STAGE), { recursive: true, mode: 0o700 });
  try {
    const done = await replacing.run(force);
    return done?.gone === true ? { ...done, leftOver: [...done.leftOver, ...earlier] } : done;
  } finally {
    const empty = await replacing.leaveStage();
    if (empty && !replacing.exchanged) await rm(own, { recursive: true, force: true });
  }
}

/** Directories that earlier changes have made below a job's work directory. */
export async function nextOnes(work: string): Promise<string[]> {
  const names = await readdir(work).catch(() => []);
  return names.filter((name) => name.startsWith(PREFIX)).map((name) => join(work, name));
}

class Replacing {
  readonly #mountpoint: string;
  readonly #upper: string;
  readonly #steps: ReplaceSteps;
  readonly #own: string;
  /** Whether the new upper has the name of the old one. */
  exchanged = false;

  constructor({ mountpoint, upper }: Layers, steps: ReplaceSteps, own: string) {
    this.#mountpoint = mountpoint;
    this.#upper = upper;
    this.#steps = steps;
    this.#own = own;
  }

  /** Undefined: there is a moment in which nobody is inside. */
  async whoStays(): Promise<readonly Process[] | undefined> {
    return (await this.#isAtRest()) ? undefined : await processesInside(this.#mountpoint);
  }

  async run(force: boolean): Promise<Replaced | undefined> {
    await this.#openStage();
    if (!(await this.#putStandIn())) return undefined;
    const inside = await this.#takeOld(force);
    if (inside !== undefined && !force) return { gone: false, inside };
    try {
      const entered = await this.#mountNew(force);
      if (entered !== undefined) {
        await this.#thaw();
        return { gone: false, inside: entered };
      }
    } catch (error) {
      // The stand-in is the old view.
      await this.#thaw();
      throw error;
    }
    const late = await this.#takeStandIn();
    const { watched, processes } = late;
    return {
      gone: true,
      detachedFrom: [...(inside ?? []), ...processes],
      ...(watched !== undefined && { ended: watched.ended() }),
      leftOver: [this.#at('upper')],
    };
  }

  /** Where mounts are shared, as on hosts with systemd, only what lies on a private one can be moved. */
  async #openStage(): Promise<void> {
    const stage = this.#at(STAGE);
    await this.#must('staging', stage, () => this.#mount(stage, stage, MS.BIND));
    await this.#must('staging', stage, () => this.#mount('none', stage, MS.PRIVATE));
    for (const name of PLACES) await mkdir(this.#at(STAGE, name));
  }

  /** Whether nothing is mounted there any more: only then may anything be removed. */
  async leaveStage(): Promise<boolean> {
    const stage = this.#at(STAGE);
    await this.#call('clearing', stage, () => umount2Async(Buffer.from(stage), MNT.DETACH));
    try {
      for (const name of PLACES) await rmdir(join(stage, name)).catch(unlessGone);
      await rmdir(stage);
      return true;
    } catch {
      return false;
    }
  }

  /** False: this kernel cannot. */
  async #putStandIn(): Promise<boolean> {
    const place = this.#at(STAGE, 'stand-in');
    const path = this.#mountpoint;
    await this.#must('cloning', path, () => this.#mount(path, place, MS.BIND));
    await this.#must('freezing', place, () =>
      this.#mount('none', place, MS.REMOUNT | MS.BIND | MS.RDONLY | FLAGS),
    );
    return (await this.#moveBeneath(place)) === 0;
  }

  /** Who is inside; undefined: nobody is, or is any more. */
  async #takeOld(force: boolean): Promise<readonly Process[] | undefined> {
    const path = this.#mountpoint;
    if (await this.#unmountedAtRest(force ? 1 : TRIES)) return undefined;
    const inside = await processesInside(path);
    if (force) {
      // Refused while somebody has a file open for writing: what that one writes there is in both uppers.
      const flags = MS.REMOUNT | MS.BIND | MS.RDONLY | FLAGS;
      await this.#call('freezing', path, () => this.#mount('none', path, flags));
      await this.#must('detaching', path, () => this.#unmount(MNT.DETACH));
      return inside;
    }
    // Aside, and back under the stand-in, which shows the same meanwhile and then goes.
    const aside = this.#at(STAGE, 'old');
    await this.#must('moving', path, () =>
      moveMountAsync(Buffer.from(path), Buffer.from(aside), 0),
    );
    await this.#must('moving back', path, () => this.#moveBeneath(aside));
    await this.#must('detaching', path, () => this.#unmount(MNT.DETACH));
    return inside;
  }

  /** Under the stand-in. Who has entered that one meanwhile and stays, if it is not to be: then there is no new one. */
  async #mountNew(force: boolean): Promise<readonly Process[] | undefined> {
    const place = this.#at(STAGE, 'new');
    const path = this.#mountpoint;
    await forkUpper(this.#upper, this.#at('upper'));
    await this.#steps.mountAt(place, this.#at('upper'), this.#at('work'));
    if (!force && !(await this.#isAtRest())) return await processesInside(path);
    this.#exchange();
    try {
      await this.#must('moving under', path, () => this.#moveBeneath(place));
    } catch (error) {
      this.#exchange();
      throw error;
    }
    return undefined;
  }

  #exchange(): void {
    exchangeUppers(this.#at('upper'), this.#upper);
    this.exchanged = !this.exchanged;
  }

  /** Whoever has entered it within the last instant stays on it, and is told of. */
  async #takeStandIn(): Promise<{
    watched: SuperblockWatch | undefined;
    processes: readonly Process[];
  }> {
    const path = this.#mountpoint;
    const watched = await this.#steps.watch(path);
    if (await this.#unmountedAtRest(TRIES)) return { watched, processes: [] };
    const processes = await processesInside(path);
    await this.#must('detaching', path, () => this.#unmount(MNT.DETACH));
    return { watched, processes };
  }

  async #thaw(): Promise<void> {
    const path = this.#mountpoint;
    await this.#must('thawing', path, () =>
      this.#mount('none', path, MS.REMOUNT | MS.BIND | FLAGS),
    );
  }

  /** Takes the topmost mount away in a moment when nobody is inside. */
  async #unmountedAtRest(tries: number): Promise<boolean> {
    return await this.#atRest(tries, 0, 0);
  }

  /** Only looks: the first of these calls marks the mount, a second would unmount it if nobody had come by in between. */
  async #isAtRest(): Promise<boolean> {
    return await this.#atRest(TRIES, MNT.EXPIRE, -errno.EAGAIN);
  }

  async #atRest(tries: number, flags: number, wanted: number): Promise<boolean> {
    const path = this.#mountpoint;
    for (let i = 0; i < tries; i++) {
      if (i > 0) await sleep(i);
      const r = await this.#call('unmounting', path, () => this.#unmount(flags));
      if (r === wanted) return true;
      if (r !== -errno.EBUSY) throw failed('unmounting', path, r);
    }
    return false;
  }

  #moveBeneath(from: string): Promise<number> {
    return this.#call('moving under', this.#mountpoint, () =>
      moveMountAsync(Buffer.from(from), Buffer.from(this.#mountpoint), MOVE_MOUNT.BENEATH),
    );
  }

  #unmount(flags: number): Promise<number> {
    return umount2Async(Buffer.from(this.#mountpoint), flags | MNT.NOFOLLOW);
  }

  #mount(source: string, target: string, flags: number): Promise<number> {
    const [from, to] = [Buffer.from(source), Buffer.from(target)];
    return mountAsync({ source: from, target: to, type: 'none', flags });
  }

  async #must(what: string, path: string, call: () => Promise<number>): Promise<void> {
    const r = await this.#call(what, path, call);
    if (r < 0) throw failed(what, path, r);
  }

  #call(what: string, path: string, call: () => Promise<number>): Promise<number> {
    return this.#steps.limited(what, path, call);
  }

  #at(...names: string[]): string {
    return join(this.#own, ...names);
  }
}

const HINT = 'Look at the mount, and delete it if it does not answer.';

function failed(what: string, path: string, code: number): Error {
  return fuseError(`${what} ${path} failed: ${errnoName(code)}`, HINT);
}

function unlessGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
