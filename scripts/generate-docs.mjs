// Writes the generated parts of docs/ between their markers. `--check` writes nothing and ends with 1 where a page is not up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { keyTables } from '../packages/config/dist/index.js';

const check = process.argv.includes('--check');
const path = new URL('../docs/configuration.md', import.meta.url);
const old = readFileSync(path, 'utf8');
const made = old.replace(
  /(<!-- generated: keys -->\n)[^]*(<!-- end -->)/,
  (_, start, end) => `${start}\n${keyTables()}\n${end}`,
);
if (made !== old && !check) writeFileSync(path, made);
if (made !== old) console.error(`docs/configuration.md ${check ? 'is not up to date' : 'written'}`);
process.exitCode = made !== old && check ? 1 : 0;
