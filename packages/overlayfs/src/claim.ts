import { inUse } from './errors.js';
import type { OverlayState } from './state.js';

/**
 * Takes the upper and its work directory for this overlay: two live ones on one upper would undo each other's work (decision
 * D11). Given back when the overlay is destroyed.
 *
 * @throws OverlayError `OVERLAY_IN_USE`.
 */
export function claimUpper(state: OverlayState): void {
  const { upper } = state;
  if (upper?.work === undefined || state.claims.length > 0) return;
  const places = [
    { what: 'upper', node: upper.root },
    { what: 'work directory', node: upper.work },
  ] as const;
  for (const { what, node } of places) {
    const claimed = upper.fs.claim?.(node);
    if (typeof claimed === 'number') {
      unclaim(state);
      throw inUse(what, claimed);
    }
    if (claimed !== undefined) state.claims.push(claimed);
  }
}

export function unclaim(state: OverlayState): void {
  for (const giveBack of state.claims.splice(0)) giveBack();
}
