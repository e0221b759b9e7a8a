import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { equal } from 'node:assert/strict';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';

const WRITER = `const fs = require('fs');
const [name, count] = process.argv.slice(1);
const fd = fs.openSync(name, 'a');
for (let i = 0; i < Number(count); i++) fs.writeSync(fd, JSON.stringify({ event: i }) + '\\n');`;

/** The build's event log: appended to by one process, followed by another with a descriptor that it keeps open. */
export async function appendAndTail(directory: string, count: number): Promise<void> {
  const log = join(directory, 'event.jsonl');
  await using reader = await open(log, 'a+');
  const writer = spawn(process.execPath, ['-e', WRITER, log, String(count)], { stdio: 'inherit' });
  let done = false;
  const ended = once(writer, 'exit').then(([code]: unknown[]) => {
    done = true;
    return code;
  });
  let text = '';
  let at = 0;
  const buffer = Buffer.alloc(65_536);
  for (;;) {
    const last = done;
    const { bytesRead } = await reader.read(buffer, 0, buffer.length, at);
    text += buffer.toString('utf8', 0, bytesRead);
    at += bytesRead;
    if (bytesRead === 0 && last) break;
    if (bytesRead === 0) await new Promise((r) => setTimeout(r, 5));
  }
  equal(await ended, 0);
  equal(
    text,
    Array.from({ length: count }, (_, i) => `${JSON.stringify({ event: i })}\n`).join(''),
  );
  equal((await stat(log)).size, at);
}
