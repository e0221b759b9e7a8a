import { readFileSync } from 'node:fs';

/**
 * Tells this run of the machine from others. What a killed process wrote is still in the kernel's page cache and reaches the
 * disk; what was written before the machine itself went down, and not synced, may not have.
 */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
