import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { scorpioProgram } from '../programs.js';
import { bashScript } from './bash.js';
import { elvishScript } from './elvish.js';
import { fishScript } from './fish.js';
import { zshScript } from './zsh.js';

const PROGRAM = fileURLToPath(new URL('../../../../apps/scorpio/bin/scorpio.js', import.meta.url));
const PATH = process.env['PATH'] ?? '';
const installed = (name: string) => PATH.split(':').some((d) => existsSync(join(d, name)));
const program = scorpioProgram();

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'scorpio-shells-'));
  mkdirSync(join(dir, 'mine'));
  writeFileSync(join(dir, 'my.toml'), '');
  // The program and a record of a job: what completes reads them while it is typed.
  symlinkSync(PROGRAM, join(dir, 'scorpio'));
  writeFileSync(join(dir, 'scorpio.toml'), 'antares_state_file = "state.toml"\n');
  writeFileSync(join(dir, 'state.toml'), recordOf('nightly-7'));
  for (const name of ['other.toml', 'quo ted.toml'])
    writeFileSync(join(dir, name), 'antares_state_file = "elsewhere.toml"\n');
  writeFileSync(join(dir, 'elsewhere.toml'), recordOf('weekly-1'));
});

function recordOf(job: string): string {
  return [
    '[[mounts]]',
    `job_id = "${job}"`,
    'mountpoint = "/m"',
    'upper_id = "11111111-1111-4111-8111-111111111111"',
    'upper_dir = "/u"',
  ].join('\n');
}

afterAll(() => rmSync(dir, { recursive: true }));

/** A shell without the user's settings, in the folder of the files above; whatever hangs is ended. */
function run(shell: string, argv: readonly string[], input = ''): string {
  return execFileSync(shell, argv, {
    cwd: dir,
    encoding: 'utf8',
    env: { PATH: `${dir}:${PATH}`, HOME: dir, TERM: 'dumb', LC_ALL: 'C.UTF-8' },
    input,
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: 120_000,
  });
}

const save = (name: string, text: string): string => {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
};

/** What is typed, and what the shell must make of it or offer. */
const LINES = [
  { typed: 'scorpio config in', offered: 'init' },
  { typed: 'scorpio doctor --bun', offered: '--bundle' },
  { typed: 'scorpio completions fi', offered: 'fish' },
  { typed: 'scorpio -c my.t', offered: 'my.toml' },
  { typed: 'scorpio umount nig', offered: 'nightly-7' },
  { typed: 'scorpio config init my.t', offered: 'my.toml' },
  { typed: 'scorpio --log-level de', offered: 'debug' },
  { typed: 'scorpio --log-level doctor config in', offered: 'init' },
  // The jobs of the configuration that the line names, in each way to name it.
  { typed: 'scorpio -c other.toml umount week', offered: 'weekly-1' },
  { typed: 'scorpio umount --config-path=other.toml week', offered: 'weekly-1' },
  { typed: 'scorpio -c nowhere.toml umount -cquo\\ ted.toml week', offered: 'weekly-1' },
] as const;

/** The words of a line as they are typed, `\\ ` inside one included; bash splits them at equals signs too. */
const wordsOf = (typed: string) => typed.split(/(?<!\\) /);
const inBash = (typed: string) => wordsOf(typed).flatMap((word) => word.split(/(=)/));
const plain = (word: string) => word.replaceAll('\\ ', ' ');

describe('bash', () => {
  function offers(words: readonly string[]): string[] {
    const list = words.map((w) => `'${w}'`).join(' ');
    const script = `${bashScript(program)}
COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _scorpio; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return run('bash', ['--norc', '-c', script]).split('\n');
  }

  test.each(LINES)('CLI-16: bash completes "$typed"', ({ typed, offered }) => {
    expect(offers(inBash(typed))).toContain(offered);
  });

  test('CLI-16: --state-file counts as -c does', () => {
    expect(offers(['scorpio', '--state-file', 'elsewhere.toml', 'umount', ''])).toContain(
      'weekly-1',
    );
  });

  test('nothing that was typed is executed, and a quote that is still open is no error', () => {
    expect(offers(['scorpio', '-c', '$(touch hit)', 'umount', ''])).not.toContain('nightly-7');
    expect(offers(['scorpio', '-c', '"other.toml', 'umount', ''])).toContain('--config-path');
    expect(existsSync(join(dir, 'hit'))).toBe(false);
  });
});

(installed('fish') ? describe : describe.skip)('fish (skipped where fish is not installed)', () => {
  test.each(LINES)('CLI-16: fish completes "$typed"', ({ typed, offered }) => {
    const script = save('s.fish', `${fishScript(program)}\ncomplete -C '${typed}'\n`);
    const words = run('fish', ['--no-config', script])
      .split('\n')
      .map((l) => l.split('\t')[0]);
    expect(words).toContain(offered);
  });
});

(installed('zsh') ? describe : describe.skip)('zsh (skipped where zsh is not installed)', () => {
  /** Types into a zsh on a pseudo terminal and presses Tab: the line is executed with `print` in the place of `scorpio`. */
  function zsh(typed: string): string {
    const script = save('s.zsh', zshScript(program));
    const ask = save(
      'ask.zsh',
      `zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1=; autoload -U compinit; compinit -u -D; source ${script}; scorpio() { print -r -- said: \\"\\$*\\" > ${dir}/said; print DO''NE }; print REA''DY"
zpty -r z out '*READY*'
zpty -w z ${`'${typed}'`}$'\\t'
zpty -r z out '*DONE*'
zpty -d z
`,
    );
    run('zsh', ['-f', ask]);
    return readFileSync(join(dir, 'said'), 'utf8').trim();
  }

  test.each(LINES)('CLI-16: zsh completes "$typed" at Tab', ({ typed, offered }) => {
    const words = wordsOf(typed).slice(1, -1).map(plain);
    expect(zsh(typed)).toBe(['said:', ...words, offered].join(' '));
  });
});

(installed('elvish') && installed('script') ? describe : describe.skip)(
  'elvish (skipped where elvish or script is not installed)',
  () => {
    test.each(LINES)('CLI-16: elvish completes "$typed"', ({ typed, offered }) => {
      // The module `edit` is there in an interactive elvish only, so it gets a terminal. Elvish itself picks from what is offered by prefix.
      const words = wordsOf(typed)
        .map((w) => `'${plain(w)}'`)
        .join(' ');
      const rc = save(
        'rc.elv',
        `${elvishScript(program)}
$edit:completion:arg-completer[scorpio] ${words} | each {|c|
    if (eq (kind-of $c) string) { echo $c } else { echo $c[stem] }
} > ${dir}/offered
exit
`,
      );
      run('script', ['-qec', `elvish -rc ${rc}`, '/dev/null']);
      expect(readFileSync(join(dir, 'offered'), 'utf8').split('\n')).toContain(offered);
    });
  },
);
