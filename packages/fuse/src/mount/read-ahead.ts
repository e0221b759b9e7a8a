import { writeFile } from 'node:fs/promises';

/**
 * The kernel reads ahead 128 KiB at most unless told otherwise, which keeps requests small. Returns whether this process
 * was allowed to say so (root, and a writable /sys).
 */
export async function setReadAhead(device: string, kibibytes: number): Promise<boolean> {
  try {
    await writeFile(`/sys/class/bdi/${device}/read_ahead_kb`, String(kibibytes));
    return true;
  } catch {
    return false;
  }
}
