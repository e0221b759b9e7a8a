import { notFound } from '../http/failure.js';
import type { Monorepo } from '../mono/monorepo.js';
import type { ChangeList } from '../mono/state.js';

/** The change list of a link, or 404. */
export function changeList(
  mono: Monorepo,
  link: string,
  text = `CL ${link} not found`,
): ChangeList {
  const cl = /^[A-Z0-9]{8}$/.test(link) ? mono.state.cls[link] : undefined;
  if (cl === undefined) throw notFound(text);
  return cl;
}

/** Trees that a change list compares: its own base, not the present `main`. */
export async function changeListTrees(
  mono: Monorepo,
  cl: ChangeList,
): Promise<{ before: string | undefined; after: string }> {
  const base = await mono.store.commit(cl.base);
  return { before: base?.tree, after: (await mono.store.knownCommit(cl.head)).tree };
}
