import type { Completion, FlagSpec, ProgramSpec } from '../command/spec.js';
import { completionOf, levels, namesOf } from './tree.js';

/** Flags that take a value, with every name, once each: their values are never taken for commands (K-42). */
export function valueFlags(program: ProgramSpec): FlagSpec[] {
  const byName = new Map<string, FlagSpec>();
  for (const level of levels(program))
    for (const flag of level.flags) if (flag.value !== undefined) byName.set(flag.name, flag);
  return [...byName.values()];
}

export interface ValueGroup {
  readonly names: readonly string[];
  readonly completion: Completion | undefined;
}

/** The same, grouped by what their values are completed with. */
export function valueGroups(program: ProgramSpec): ValueGroup[] {
  const groups = new Map<string, { names: string[]; completion: Completion | undefined }>();
  for (const flag of valueFlags(program)) {
    const completion = completionOf(flag);
    const key = JSON.stringify(completion ?? null);
    const group = groups.get(key) ?? { names: [], completion };
    group.names.push(...namesOf(flag));
    groups.set(key, group);
  }
  return [...groups.values()];
}
