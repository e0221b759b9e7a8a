import { CommandError } from '../command-error.js';
import { EXIT } from '../exit-codes.js';

/** CLI-12: a job id becomes a name below the mount root. */
export function checkJobId(id: string): string {
  const control = Array.from(id).some((c) => c < ' ' || c === '\x7f');
  const bad = id === '' || id === '.' || id === '..' || id.includes('/') || id.trim() !== id;
  if (!bad && !control && !id.startsWith('.') && Buffer.byteLength(id) <= 255) return id;
  throw new CommandError(
    'JOB_ID',
    `failed to mount job ${JSON.stringify(id.slice(0, 80))}: the id cannot be a directory's name`,
    'Use letters, digits, - and _; no slash, no dot in front.',
    EXIT.mount,
  );
}
