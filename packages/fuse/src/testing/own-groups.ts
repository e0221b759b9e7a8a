import { readFileSync } from 'node:fs';

/** The supplementary groups of this process: `process.getgroups` also counts the effective group, which need not be one. */
export function ownGroups(): number[] {
  const line = /^Groups:(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  return line.split(/\s+/).filter(Boolean).map(Number);
}

/** Whoever acts for others has no groups of its own: root's (often 0) would open doors to them. */
export function dropGroups(): void {
  if (ownGroups().length > 0) process.setgroups?.([]);
}
