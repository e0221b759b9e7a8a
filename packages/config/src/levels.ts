/** Log levels from quiet to loud; their place in the list is the digit that names them in a filter. */
export const LEVELS = ['off', 'error', 'warn', 'info', 'debug', 'trace'] as const;

export type LevelName = (typeof LEVELS)[number];

/** Reads a level word in any case, or a digit from 0 (off) to 5 (trace). */
export function parseLevel(text: string): LevelName | undefined {
  if (/^[0-5]$/.test(text)) return LEVELS[Number(text)];
  const word = text.toLowerCase();
  return LEVELS.find((l) => l === word);
}
