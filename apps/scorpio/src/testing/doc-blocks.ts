import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';

/** A fenced block of a document, with the marks (HTML comments) right before it. */
export interface Block {
  /** `README.md:12`. */
  readonly at: string;
  readonly language: string;
  readonly text: string;
  /** `not run`, `only typed`, `goes on`, `mounts`, `then`, `file`, `setup`. */
  readonly marks: ReadonlyMap<string, string>;
}

/** Every document whose examples must hold. */
export function documents(root: string): string[] {
  const readmes = ['packages', 'apps'].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => `${group}/${name}/README.md`),
  );
  const docs = readdirSync(join(root, 'docs')).map((name) => `docs/${name}`);
  return ['README.md', 'deploy/README.md', 'packages/fuse/src/testing/README.md']
    .concat(docs, readmes)
    .filter((file) => file.endsWith('.md') && existsSync(join(root, file)));
}

export function blocksOf(root: string, file: string): Block[] {
  const lines = readFileSync(join(root, file), 'utf8').split('\n');
  const blocks: Block[] = [];
  let marks = new Map<string, string>();
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? '';
    const [, mark, value] = /^<!-- ([a-z ]+): (.*) -->$/.exec(line) ?? [];
    const [, language] = /^```(.*)$/.exec(line) ?? [];
    if (mark !== undefined && value !== undefined) {
      marks.set(mark, value);
    } else if (language !== undefined) {
      const end = lines.indexOf('```', i + 1);
      const text = lines.slice(i + 1, end).join('\n');
      blocks.push({ at: `${file}:${i + 1}`, language, text, marks });
      i = end;
      marks = new Map();
    } else if (line !== '') {
      marks = new Map();
    }
  }
  return blocks;
}

/** Commands that a document names in running text: `scorpio doctor --deep`. */
export function mentions(root: string, file: string): { at: string; words: string[] }[] {
  const text = readFileSync(join(root, file), 'utf8').replaceAll(/^```[^]*?^```$/gm, (block) =>
    '\n'.repeat(block.split('\n').length - 1),
  );
  return text
    .split('\n')
    .flatMap((line, i) =>
      [...line.matchAll(/`(?:[A-Z_]+=\S+ )*((?:scorpio|antares|scorpio-overlay) [^`]+)`/g)].map(
        ([, command = '']) => ({ at: `${file}:${i + 1}`, words: command.split(' ') }),
      ),
    );
}
