import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const built = new URL('../../dist/native/load.js', import.meta.url).href;
const x64 = process.platform === 'linux' && process.arch === 'x64' ? test : test.skip;

/** In a process of its own: a library cannot be unloaded again. */
async function inChild(script: string): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', `const load = await import(${JSON.stringify(built)});${script}`],
    { cwd: fileURLToPath(new URL('.', import.meta.url)), timeout: 120_000 },
  );
  return stdout;
}

x64(
  'the package loads with the libfuse it carries, no system library (linux-x64 only)',
  async () => {
    const maps = await inChild(`
    load.loadBundledLibfuse();
    const { Fuse, binding } = load.loadFuseNative();
    const { readFileSync } = await import('node:fs');
    console.log(typeof Fuse, typeof binding.fuse_native_unmount);
    console.log(readFileSync('/proc/self/maps', 'utf8'));`);
    expect(maps).toMatch(/^function function$/m);
    const libraries = new Set(maps.match(/\S*libfuse\S*/g));
    expect([...libraries]).toEqual([expect.stringMatching(/prebuilds\/linux-x64\/libfuse\.so$/)]);
  },
);
