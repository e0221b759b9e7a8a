import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MIB = 1024 * 1024;
const UNITS = 24;

/**
 * Archives: the lower layer (small files in 60 directories, a large one, a git repository and a C program), and the small files
 * alone.
 */
export function makeBase(place, files) {
  const base = join(place, 'base');
  const archives = { base: join(place, 'base.tar'), tree: join(place, 'tree.tar') };
  mkdirSync(base);
  for (let i = 0; i < files; i += 1) {
    const dir = join(base, `d${i % 60}`);
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, `f${i}`), `${i} `.repeat(300));
  }
  execFileSync('tar', ['-C', base, '-cf', archives.tree, '.']);
  writeFileSync(join(base, 'large'), Buffer.alloc(96 * MIB, 'scorpio'));
  makeRepository(join(base, 'repository'), files);
  makeProgram(join(base, 'program'));
  execFileSync('tar', ['-C', base, '-cf', archives.base, '.']);
  rmSync(base, { recursive: true });
  return archives;
}

function makeRepository(dir, files) {
  for (let i = 0; i < files; i += 1) {
    const sub = join(dir, `s${i % 40}`);
    mkdirSync(sub, { recursive: true });
    writeFileSync(join(sub, `f${i}`), `${i}\n`);
  }
  const git = (...args) => execFileSync('git', ['-C', dir, ...args], { stdio: 'ignore' });
  git('init');
  git('add', '.');
  git('-c', 'user.name=bench', '-c', 'user.email=bench@example.org', 'commit', '-m', 'all');
}

function makeProgram(dir) {
  mkdirSync(dir);
  const units = Array.from({ length: UNITS }, (_, i) => `u${i}`);
  writeFileSync(
    join(dir, 'all.h'),
    '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n',
  );
  for (const unit of units)
    writeFileSync(
      join(dir, `${unit}.c`),
      `#include "all.h"\n${Array.from({ length: 40 }, (_, i) => `int ${unit}_${i}(int x) { char b[64]; snprintf(b, sizeof b, "%d", x); return (int)strlen(b) + ${i}; }`).join('\n')}\n`,
    );
  writeFileSync(join(dir, 'main.c'), '#include "all.h"\nint main(void) { puts("made"); }\n');
  const objects = [...units, 'main'].map((unit) => `${unit}.o`).join(' ');
  writeFileSync(
    join(dir, 'Makefile'),
    `CFLAGS=-O1\nprogram: ${objects}\n\tcc -o $@ $^\n%.o: %.c all.h\n\tcc $(CFLAGS) -c $<\n`,
  );
}
