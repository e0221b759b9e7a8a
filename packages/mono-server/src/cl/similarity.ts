import { createHash } from 'node:crypto';

/** Lines, or blocks of 64 bytes where lines are longer, with how many bytes each kind fills. */
function pieces(content: Buffer): Map<string, number> {
  const found = new Map<string, number>();
  let start = 0;
  for (let at = 0; at < content.length; at++) {
    if (content[at] !== 10 && at - start < 63 && at + 1 < content.length) continue;
    const piece = content.subarray(start, at + 1);
    const key = createHash('md5').update(piece).digest('base64');
    found.set(key, (found.get(key) ?? 0) + piece.length);
    start = at + 1;
  }
  return found;
}

/** How much of the larger of two contents is in both, 0–100, as git's rename detection counts it. */
export function similarity(a: Buffer, b: Buffer): number {
  const larger = Math.max(a.length, b.length);
  if (larger === 0) return 100;
  if (Math.min(a.length, b.length) * 2 < larger) return 0;
  const left = pieces(a);
  let common = 0;
  for (const [key, bytes] of pieces(b)) common += Math.min(bytes, left.get(key) ?? 0);
  return Math.floor((common * 100) / larger);
}
