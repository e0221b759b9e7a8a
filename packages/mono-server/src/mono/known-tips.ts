import type { Monorepo } from './monorepo.js';
import { ZERO_OID } from './state.js';

/** Every commit or tag that a stored ref names. */
export function knownTips(mono: Monorepo): string[] {
  const { rows, cls, imports, origin } = mono.state;
  const tips = new Set<string>(origin.head === null ? [] : [origin.head]);
  for (const row of Object.values(rows)) for (const oid of Object.values(row)) tips.add(oid);
  for (const one of Object.values(imports))
    for (const oid of Object.values(one.refs)) tips.add(oid);
  for (const cl of Object.values(cls)) for (const oid of [cl.base, cl.head, cl.ref]) tips.add(oid);
  tips.delete(ZERO_OID);
  return [...tips];
}
