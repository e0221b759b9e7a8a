const MS = 1_000_000n;

let wall = BigInt(Date.now()) * MS;
let monotonic = process.hrtime.bigint();

/**
 * Nanoseconds since 1970, finer than `Date` and never standing still. It follows the system's clock when that is set:
 * whoever compares it with other files' times must not see yesterday's idea of now.
 */
export function nowNs(): bigint {
  const ns = wall + process.hrtime.bigint() - monotonic;
  const system = BigInt(Date.now()) * MS;
  const off = ns - system;
  if (off > -MS && off < 2n * MS) return ns;
  wall = system;
  monotonic = process.hrtime.bigint();
  return system;
}
