import { readFileSync } from 'node:fs';

/** A process, told apart from later ones with its number by when it started (clock ticks since boot). */
export interface Owner {
  readonly pid: number;
  readonly start: string;
}

export function thisProcess(): Owner {
  return { pid: process.pid, start: startOf(process.pid) ?? '' };
}

export function isAlive({ pid, start }: Owner): boolean {
  return startOf(pid) === start;
}

function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold anything, also blanks and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
