import type { MegaClient } from '@scorpiofs/mega-client';

export interface EndingViews {
  /** What begins the end: from here on, changes are refused. */
  readonly close: () => Promise<void>;
  readonly client: Pick<MegaClient, 'close'> | undefined;
  /** Milliseconds in all. */
  readonly limitMs: number;
}

/**
 * Ends views within a limit (spec 1.7). A create that waits for a server which does not answer would hold that up: after half of the time all requests to the
 * server are given up, which ends it.
 */
export async function endViews({ close, client, limitMs }: EndingViews): Promise<void> {
  const ending = close();
  if (await isDone(ending, limitMs / 2)) return;
  await client?.close();
  if (!(await isDone(ending, limitMs / 2)))
    throw new Error(`views did not end within ${limitMs} ms`);
}

/** Whether the work ends within this time. Rejects as it does. */
async function isDone(work: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  return await Promise.race([work.then(() => true), late]).finally(() => clearTimeout(timer));
}
