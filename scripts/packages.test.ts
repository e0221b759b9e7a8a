import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { LocalRegistry } from './local-registry.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);
let dir = '';
let tarballs = '';

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'scorpio-packages-'));
  tarballs = join(dir, 'tarballs');
  mkdirSync(tarballs);
  const words = ['-y', 'pnpm@10', '--filter=!scorpiofs-workspace', '-r', 'pack'];
  await run('npx', [...words, '--pack-destination', tarballs], { cwd: ROOT });
});
afterAll(() => rmSync(dir, { recursive: true }));

const manifests = () =>
  ['packages', 'apps'].flatMap((group) =>
    readdirSync(join(ROOT, group)).map(
      (name) => JSON.parse(readFileSync(join(ROOT, group, name, 'package.json'), 'utf8')) as Pack,
    ),
  );
interface Pack {
  readonly name: string;
  readonly version: string;
}

describe('packages (issue 6 item 4)', () => {
  test('every package has a tarball of its own', () => {
    const files = manifests().map(
      ({ name, version }) => `${name.replace('@', '').replace('/', '-')}-${version}.tgz`,
    );
    expect(readdirSync(tarballs).sort()).toEqual(files.sort());
  });

  test('a tarball has programs, types, README and licence, and no tests', () => {
    for (const name of readdirSync(tarballs)) {
      const list = execFileSync('tar', ['-tzf', join(tarballs, name)], { encoding: 'utf8' });
      expect([name, ...list.split('\n').filter((file) => file.includes('.test.'))]).toEqual([name]);
      for (const file of ['README.md', 'LICENSE', 'dist/index.d.ts'])
        expect(list.split('\n')).toContain(`package/${file}`);
    }
  });

  test('npm installs the programs by name into an empty folder, and they run', async () => {
    await using registry = await LocalRegistry.start(tarballs, ROOT);
    const to = join(dir, 'empty');
    mkdirSync(to);
    const env = { PATH: process.env['PATH'] ?? '', HOME: to };
    const flags = ['--registry', registry.url, '--no-audit', '--no-fund', '--ignore-scripts'];
    // fuse-native's own binaries are those of a package that holds them for every system, so no script is needed.
    await run('npm', ['install', ...flags, 'scorpiofs', 'scorpiofs-antares-cli'], { cwd: to, env });
    const program = (name: string, ...words: string[]) =>
      run(join(to, 'node_modules/.bin', name), words, { cwd: to, env });
    expect((await program('scorpio', '--version')).stdout).toMatch(/^scorpio \d+\.\d+\.\d+\n$/);
    expect((await program('antares', '--help')).stdout).toContain('umount');
    expect((await program('scorpio-overlay', '--help')).stdout).toContain('lowerdir');
    // Every library with all that it needs, native parts among them.
    const script = `
      await import('@scorpiofs/overlayfs');
      const { Store } = await import('@scorpiofs/store');
      const store = await Store.open('store');
      console.log((await store.fsck()) !== undefined);
      await store.close();`;
    const node = ['--input-type=module', '-e', script];
    expect((await run(process.execPath, node, { cwd: to, env })).stdout).toBe('true\n');
  });
});
