import { ROOT_NODE } from '@scorpiofs/fuse';
import { notWritable, workElsewhere } from './errors.js';
import type { OverlayLayer } from './layers.js';

/** An upper as it can be used here. */
export interface SettledUpper {
  readonly upper: OverlayLayer;
  /** Why its marks are not the kernel's although nobody asked for others. */
  readonly reason: string | undefined;
}

/**
 * In which form an upper's marks are kept, where the caller leaves that open: the kernel's if this process may write them, else
 * the OCI form (decision D5).
 *
 * @throws OverlayError when nothing can be written there, or what is made in the work directory cannot be renamed into the upper.
 */
export function settleUpper(upper: OverlayLayer): SettledUpper {
  const { layer, root = ROOT_NODE, work, form, xattrPrefix } = upper;
  if (work === undefined) return { upper, reason: undefined };
  if (layer.sameMount?.(root, work) === false) throw workElsewhere();
  if (form !== undefined || xattrPrefix !== undefined) return { upper, reason: undefined };
  const found = layer.marks?.(work);
  if (found === undefined || found.marks === 'kernel') return { upper, reason: undefined };
  if (found.marks === 'none') throw notWritable(found.reason);
  const oci = { ...upper, form: 'oci', xattrPrefix: 'user.overlay.' } as const;
  return { upper: oci, reason: found.reason };
}
