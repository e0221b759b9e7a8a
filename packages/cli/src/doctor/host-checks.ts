import { readFileSync } from 'node:fs';
import { availableParallelism, release } from 'node:os';
import { fail, ok, warn, type Finding } from './check.js';

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

export function nodeVersion(version = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const enough = major > 20 || (major === 20 && minor >= 19);
  return enough
    ? ok('node', `${version} on ${process.platform}-${process.arch}`)
    : fail('node', `${version} is too old`, 'Install Node 20.19 or newer.');
}

/** FUSE passthrough came with Linux 6.9 and wants CAP_SYS_ADMIN; without it everything works, large writes at less than host speed. */
export function kernelVersion(mayMount: boolean, version = release()): Finding {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const recent = major > 6 || (major === 6 && minor >= 9);
  if (!recent)
    return ok(
      'kernel',
      `${version}: no FUSE passthrough (it came with 6.9); reads and writes go through the daemon`,
    );
  return ok(
    'kernel',
    `${version}: FUSE passthrough ${mayMount ? 'can be used' : 'needs CAP_SYS_ADMIN and is not used'}`,
  );
}

export interface WakeUpFacts {
  /** Nanoseconds that an idle CPU polls before it halts; undefined where the kernel has no such setting. */
  readonly halt: string | undefined;
  readonly governor: string | undefined;
  /** /proc/cpuinfo. */
  readonly flags: string;
}

/** In a virtual machine whose idle CPUs halt at once, each request wakes one twice: more than the work itself (fuse-transport §1). */
export function wakeUps(
  { halt, governor, flags }: WakeUpFacts = {
    halt: textOf('/sys/module/haltpoll/parameters/guest_halt_poll_ns'),
    governor: textOf('/sys/devices/system/cpu/cpuidle/current_governor'),
    flags: textOf('/proc/cpuinfo') ?? '',
  },
): Finding {
  const name = 'wake-ups';
  const virtual = /^flags\s*:.*\bhypervisor\b/m.test(flags);
  if (!virtual) return ok(name, 'not a virtual machine, or it does not say so');
  if (halt !== undefined && Number(halt) > 0) return ok(name, `guest_halt_poll_ns is ${halt}`);
  const how =
    halt === undefined
      ? 'The module `cpuidle-haltpoll` is not loaded; where the machine allows it: modprobe cpuidle-haltpoll force=1.'
      : 'As root: echo 2000000 > /sys/module/haltpoll/parameters/guest_halt_poll_ns (costs some idle CPU time).';
  const idle = governor === undefined || governor === '' ? '' : `, cpuidle governor ${governor}`;
  return warn(
    name,
    `idle virtual CPUs halt at once (guest_halt_poll_ns is ${halt ?? 'not there'}${idle}); first looks at many files are up to 4 times slower`,
    how,
  );
}

export function processors(count = availableParallelism()): Finding {
  return count > 1
    ? ok('processors', `${count}`)
    : warn('processors', 'only one: the daemon and the programs that use it take turns');
}

/** Each open file of a program in a mount can hold one descriptor of the daemon. */
export function descriptors(limits = textOf('/proc/self/limits') ?? ''): Finding {
  const found = /^Max open files\s+(\S+)\s+(\S+)/m.exec(limits);
  if (found === null) return warn('descriptors', 'the limit cannot be read from /proc/self/limits');
  const hard = found[2] === 'unlimited' ? Infinity : Number(found[2]);
  return hard >= 65536
    ? ok('descriptors', `limit ${found[2]}`)
    : warn(
        'descriptors',
        `limit ${found[2]}`,
        'Raise it for many jobs: LimitNOFILE=65536 in the unit, or ulimit -Hn.',
      );
}
