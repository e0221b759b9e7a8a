import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Scratch } from './testing/scratch.js';

/** Runs a shell line in which `"$@"` is the program. */
async function shell(line: string): Promise<{ code: number; stdout: string; stderr: string }> {
  await using scratch = new Scratch();
  const run = scratch.start([], {}, ['bash', '-c', line, 'bash']);
  return { code: await run.ended, stdout: run.stdout, stderr: run.stderr };
}

describe('standard output', () => {
  test('CLI-20, K-40: a pipe that nobody reads ends the program quietly', async () => {
    const said = await shell('"$@" completions bash | head -c 0; exit ${PIPESTATUS[0]}');
    expect(said).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('K-40: a pipe that is read slowly gets everything', async () => {
    const said = await shell('"$@" completions zsh | (sleep 0.5; tail -n 5)');
    expect(said.stdout).toContain('compdef _scorpio scorpio');
  });

  const full = existsSync('/dev/full') ? test : test.skip;
  full('K-40: a full disk is exit 1 and a sentence (skipped without /dev/full)', async () => {
    const said = await shell('"$@" completions bash > /dev/full');
    expect(said.code).toBe(1);
    expect(said.stderr).toMatch(
      /^cannot write to standard output: No space left on device \(os error 28\)\nhint: /,
    );
  });

  full(
    'K-40: closed outputs and a full standard error are no crash (skipped without /dev/full)',
    async () => {
      expect((await shell('"$@" -V >&-')).code).toBeLessThan(2);
      expect((await shell('"$@" bogus 2> /dev/full')).code).toBe(2);
      expect((await shell('"$@" bogus 2>&-')).code).toBe(2);
    },
  );

  const root = process.getuid?.() === 0 ? test : test.skip;
  root(
    'issue 6: every command that prints ends with 1 and a sentence when its file is on a full disk (needs root)',
    async () => {
      await using scratch = new Scratch();
      scratch.write('scorpio.toml', '');
      const full = join(scratch.dir, 'full');
      mkdirSync(full);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'none', full]);
      writeFileSync(join(full, 'fill'), 'x'.repeat(4096));
      const lines = ['list', 'config show', 'config validate --json', 'doctor --json', '--help'];
      await Promise.all(
        lines.map(async (line, i) => {
          const out = join(full, `out${i}`);
          const run = scratch.start(line.split(' '), {}, ['sh', '-c', `exec "$0" "$@" > '${out}'`]);
          expect([line, await run.ended]).toEqual([line, 1]);
          expect(run.stderr).toContain('cannot write to standard output: No space left on device');
          expect(readFileSync(out, 'utf8')).toBe('');
        }),
      );
    },
  );
});
