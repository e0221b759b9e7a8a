const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
/** What `prune` leaves alone without `--older-than`. */
export const DEFAULT_AGE = '1h';

const PARTS = /^(?:\d{1,6}[smhdw])+$/;

/** Milliseconds of `90s`, `15m`, `12h`, `7d`, `2w` or several of them, `1h30m`; undefined: it is none. */
export function parseDuration(text: string): number | undefined {
  if (!PARTS.test(text)) return undefined;
  let ms = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([smhdw])/g))
    ms += Number(count) * UNITS[unit as keyof typeof UNITS];
  return ms;
}

export function checkDuration(text: string): string | undefined {
  return parseDuration(text) === undefined
    ? 'not a duration: a number and s, m, h, d or w, such as 90s, 12h or 1h30m'
    : undefined;
}

/** How long ago something was, for people: `3 h`. */
export function roughly(ms: number): string {
  const units = Object.entries(UNITS).filter(([unit]) => unit !== 'w');
  const [unit, size] = units.findLast(([, of]) => ms >= of) ?? ['s', UNITS.s];
  return `${Math.max(0, Math.floor(ms / size))} ${unit}`;
}
