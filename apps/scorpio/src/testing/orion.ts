import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface OrionMount {
  readonly mountpoint: string;
  readonly mount_id: string;
}

interface Ready {
  readonly ready?: unknown;
  readonly state?: unknown;
}

/** The HTTP dialogue of the build runner as its last HTTP version held it (mega-server §8.6): it looks at bodies, never at statuses. */
export class Orion {
  readonly #base: string;

  constructor(
    /** `SCORPIO_API_BASE_URL`. */
    base: string,
    readonly pollMs = 500,
    readonly readyMs = 600_000,
  ) {
    this.#base = (/^https?:\/\//.test(base) ? base : `http://${base}`).replace(/\/+$/, '');
  }

  async mount(jobId: string, cl?: string): Promise<OrionMount> {
    const text = await this.#ask('POST', '', {
      path: '/',
      job_id: jobId,
      ...(cl !== undefined && { cl }),
    });
    const { mountpoint, mount_id } = JSON.parse(text) as Partial<OrionMount>;
    if (typeof mountpoint !== 'string' || typeof mount_id !== 'string')
      throw new Error(`no mount: ${text}`);
    return { mountpoint, mount_id };
  }

  /** Its limit is only a warning there; here it is an error, since a test has to notice. */
  async waitReady(id: string): Promise<void> {
    const end = Date.now() + this.readyMs;
    for (;;) {
      const { ready, state } = JSON.parse(await this.#ask('GET', `/${id}/ready`)) as Ready;
      if (ready === true) return;
      if (Date.now() > end) throw new Error(`not ready: ${JSON.stringify(state)}`);
      await new Promise((r) => setTimeout(r, this.pollMs));
    }
  }

  async unmount(id: string): Promise<void> {
    const text = await this.#ask('DELETE', `/${id}`);
    if ((JSON.parse(text) as Ready).state !== 'Unmounted')
      throw new Error(`not unmounted: ${text}`);
  }

  /** What it does before every mount (§8.4, 2): whatever is left at the mount point goes, behind the daemon's back. */
  static async clear(mountpoint: string): Promise<void> {
    for (const flag of ['-u', '-uz'])
      await run('timeout', ['120', 'fusermount', flag, mountpoint]).catch((error: unknown) => {
        if (!/not mounted|Invalid argument|not found in \/etc\/mtab/.test(String(error)))
          throw error;
      });
    await rm(mountpoint, { recursive: true, force: true });
  }

  async #ask(method: string, path: string, json?: object): Promise<string> {
    const answer = await fetch(`${this.#base}/antares/mounts${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(json !== undefined && { body: JSON.stringify(json) }),
    });
    return await answer.text();
  }
}
