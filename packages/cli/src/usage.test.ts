import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { levels } from './completions/tree.js';
import { argText, commandsOn, flagsAt, usageLine, type ProgramSpec } from './command/spec.js';
import { helpText } from './command/yargs-program.js';
import { antaresProgram, scorpioProgram } from './programs.js';

interface Usage {
  usage: string;
  args?: Record<string, string | null>;
  flags?: Record<string, { short?: string; value?: string; default?: string }>;
  subcommands?: string[];
}

const { commands } = JSON.parse(
  readFileSync(new URL('../fixtures/usage.json', import.meta.url), 'utf8'),
) as { commands: Record<string, Usage> };
const programs: Record<string, ProgramSpec> = {
  scorpio: scorpioProgram(),
  antares: antaresProgram(),
};

const entries = Object.entries(commands).flatMap(([line, usage]) => {
  const [name = '', ...path] = line.split(' ');
  const program = programs[name]!;
  // Commands of jobs come with Antares.
  return commandsOn(program, path).length === path.length + 1
    ? [{ line, path, program, usage }]
    : [];
});

describe('usage', () => {
  test.each(entries)(
    'CLI-02, CLI-03, CLI-13, CLI-17: $line has the recorded arguments and flags',
    ({ path, program, usage }) => {
      const command = commandsOn(program, path).at(-1)!;
      // `--json` came to every command.
      const plain = (text: string | undefined) => text?.replace(' [OPTIONS]', '');
      if (command.commands === undefined)
        expect(plain(usageLine(program, path))).toBe(plain(usage.usage));
      expect((command.args ?? []).map(argText)).toEqual(Object.keys(usage.args ?? {}));
      const flags = flagsAt(program, path);
      for (const [name, recorded] of Object.entries(usage.flags ?? {})) {
        const ours = flags.find((f) => f.name === name);
        expect(ours).toMatchObject(
          recorded.value === undefined ? { name } : { name, value: recorded.value },
        );
        expect(ours?.short).toBe(recorded.short);
        if (recorded.default !== undefined) expect(ours?.default).toBe(recorded.default);
      }
    },
  );

  test.each(entries)(
    'help of $line teaches: usage, every flag and subcommand',
    async ({ path, program, line }) => {
      const text = await helpText(program, path, 100);
      const command = commandsOn(program, path).at(-1)!;
      expect(text).toContain(`Usage: ${line}`);
      for (const flag of flagsAt(program, path)) expect(text).toContain(flag.name);
      for (const sub of command.commands ?? []) expect(text).toContain(`${sub.name} `);
      for (const arg of command.args ?? []) expect(text).toContain(argText(arg));
      // A long one is broken into lines.
      const joined = text.replaceAll(/\s+/g, '');
      for (const [example] of command.examples ?? [])
        for (const word of example.split(' ')) expect(joined).toContain(word);
    },
  );

  const ours = Object.values(programs).flatMap((program) =>
    levels(program)
      .filter(({ path }) => !path.includes('help'))
      .map(({ path }) => ({ program, path, line: [program.name, ...path].join(' ') })),
  );
  test.each(ours)(
    'issue 6: help of `$line` has an example that is one',
    async ({ program, path }) => {
      const { examples = [], run } = commandsOn(program, path).at(-1)!;
      expect(examples.length).toBeGreaterThan(0);
      for (const [line] of examples) expect(line).toMatch(/\b(scorpio|antares)\b/);
      // What a command prints for people, it prints for programs too; daemons log with --log-format.
      const asJson = flagsAt(program, path).some((f) => f.name === '--json');
      if (run !== undefined)
        expect([path, asJson]).toEqual([path, !WITHOUT_JSON.has(path.join(' '))]);
    },
  );
});

/** Those that go on, print a script or a line, or start something. */
const WITHOUT_JSON = new Set([
  '',
  'serve',
  'mono',
  'overlay',
  'passthrough',
  'config init',
  'completions',
]);
