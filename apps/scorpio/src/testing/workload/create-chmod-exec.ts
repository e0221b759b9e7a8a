import { execFile } from 'node:child_process';
import { equal } from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** create, write, chmod and exec in immediate succession: ENOENT on the chmod was a past fault (mega-server §8.5). */
export async function createChmodExec(directory: string, times: number): Promise<void> {
  const place = join(directory, 'tools');
  await mkdir(place, { recursive: true });
  for (let i = 0; i < times; i++) {
    const tool = join(place, `tool-${i}`);
    await writeFile(tool, `#!/bin/sh\necho ${i}\n`);
    await chmod(tool, 0o755);
    equal((await run(tool)).stdout, `${i}\n`);
  }
}
