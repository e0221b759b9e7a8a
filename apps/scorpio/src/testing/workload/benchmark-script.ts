import { equal } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface BenchmarkScale {
  /** Of the sequential file; 128 MiB there. */
  readonly sequentialBytes: number;
  /** Sequential passes; 10. */
  readonly passes: number;
  /** Of the sparse file; 1 GiB. */
  readonly sparseBytes: number;
  /** Random accesses to it last this long; 30 s. */
  readonly randomMs: number;
  /** create, stat, delete; 333. */
  readonly metadata: number;
  /** 4 KiB writes of the parallel part; 1000. */
  readonly parallelWrites: number;
  readonly processes: number;
}

const PARALLEL = `const fs = require('fs');
const [name, first, step, count, blocks] = process.argv.slice(1, 2).concat(process.argv.slice(2).map(Number));
const fd = fs.openSync(name, 'r+');
for (let i = first; i < count; i += step) fs.writeSync(fd, Buffer.alloc(4096, 1 + i % 255), 0, 4096, 4096 * (i % blocks));`;

/** The load of the reference's benchmark script (spec 6.3, row O-19), with everything read back. */
export async function benchmarkScript(directory: string, scale: BenchmarkScale): Promise<void> {
  const place = join(directory, 'benchmark');
  await mkdir(place, { recursive: true });
  await sequential(join(place, 'throughput'), scale);
  await random(join(place, 'sparse'), scale);
  for (let i = 0; i < scale.metadata; i++) {
    const path = join(place, `meta-${i}`);
    await writeFile(path, '');
    equal((await stat(path)).size, 0);
    await rm(path);
  }
  await parallel(join(place, 'parallel'), scale);
  await rm(place, { recursive: true });
}

async function sequential(path: string, { sequentialBytes, passes }: BenchmarkScale) {
  const chunk = Buffer.alloc(1 << 20);
  for (let pass = 0; pass < passes; pass++) {
    chunk.fill(pass + 1);
    await using file = await open(path, 'w+');
    for (let at = 0; at < sequentialBytes; at += chunk.length) await file.write(chunk);
    await file.sync();
    const seen = Buffer.alloc(chunk.length);
    for (let at = 0; at < sequentialBytes; at += chunk.length) {
      equal((await file.read(seen, 0, seen.length, at)).bytesRead, chunk.length);
      equal(seen.equals(chunk), true);
    }
  }
}

async function random(path: string, { sparseBytes, randomMs }: BenchmarkScale): Promise<void> {
  await using made = await open(path, 'w');
  await made.truncate(sparseBytes);
  const blocks = Math.floor(sparseBytes / 4096);
  const end = performance.now() + randomMs;
  for (let i = 1; performance.now() < end; i++) {
    // A full-period step: no block is met twice before all have been.
    const at = 4096 * ((i * 7919) % blocks);
    await using file = await open(path, 'r+');
    const block = Buffer.alloc(4096, 1 + (i % 255));
    await file.write(block, 0, 4096, at);
    const seen = Buffer.alloc(4096);
    await file.read(seen, 0, 4096, at);
    equal(seen.equals(block), true);
  }
  equal((await stat(path)).size, sparseBytes);
}

async function parallel(path: string, { parallelWrites, processes }: BenchmarkScale) {
  const blocks = 25_600;
  await writeFile(path, '');
  await using file = await open(path, 'r+');
  await file.truncate(4096 * blocks);
  const codes = await Promise.all(
    Array.from({ length: processes }, async (_, first) => {
      const args = [path, first, processes, parallelWrites, blocks].map(String);
      const child = spawn(process.execPath, ['-e', PARALLEL, ...args], { stdio: 'inherit' });
      const [code] = (await once(child, 'exit')) as unknown[];
      return code;
    }),
  );
  equal(
    codes.every((code) => code === 0),
    true,
  );
  for (let i = 0; i < Math.min(parallelWrites, blocks); i++) {
    const seen = Buffer.alloc(1);
    await file.read(seen, 0, 1, 4096 * i);
    equal(seen[0], 1 + (i % 255));
  }
}
