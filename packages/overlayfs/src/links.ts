import { getMark, setMark } from './marks.js';
import type { OverlayNode } from './node.js';
import type { Op } from './run.js';
import { OWN_REQUEST, type OverlayState } from './state.js';

/** Changes how many names below still count for a copied-up hard link (`trusted.overlay.nlink`, form `U±n`). */
export function* adjustLinks(state: OverlayState, node: OverlayNode, change: number): Op<void> {
  const { upper } = state;
  if (upper === undefined || node.upper === undefined) return;
  const mark = yield* getMark(upper, OWN_REQUEST, node.upper, 'nlink');
  if (mark === undefined) return;
  const delta = /^U([+-]\d+)$/.exec(Buffer.from(mark).toString('latin1'))?.[1];
  if (delta === undefined) return;
  const next = Number(delta) + change;
  yield* setMark(upper, OWN_REQUEST, node.upper, 'nlink', linkMark(next));
}

/** Links to add to the upper's own, in the kernel's form. */
export function linkMark(more: number): Buffer {
  return Buffer.from(`U${more < 0 ? '-' : '+'}${Math.abs(more)}`);
}
