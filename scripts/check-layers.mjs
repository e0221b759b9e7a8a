// Holds every import of every package against scripts/layers.json and the package's own package.json.
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { join } from 'node:path';

const layers = JSON.parse(readFileSync('scripts/layers.json', 'utf8'));
const problems = [];
/** Static and dynamic imports, not the word in a comment. */
const IMPORT = /(^\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s*)?|\bimport\()['"]([^'"]+)['"]/gm;

const sources = (dir) =>
  readdirSync(dir, { withFileTypes: true }).flatMap((e) => {
    const path = join(dir, e.name);
    if (e.isDirectory()) return e.name === 'dist' || e.name === 'node_modules' ? [] : sources(path);
    return /\.(ts|mts|mjs|js)$/.test(e.name) ? [path] : [];
  });

for (const group of ['packages', 'apps']) {
  for (const name of existsSync(group) ? readdirSync(group) : []) {
    const manifest = join(group, name, 'package.json');
    if (!existsSync(manifest)) continue;
    const allowed = layers[group][name];
    if (allowed === undefined) {
      problems.push(`${group}/${name}: not in scripts/layers.json`);
      continue;
    }
    const { dependencies = {}, devDependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8'));
    for (const dependency of Object.keys(dependencies)) {
      const room = /^@scorpiofs\/(.+)$/.exec(dependency)?.[1];
      if (room !== undefined && !allowed.includes('*') && !allowed.includes(room))
        problems.push(`${manifest}: depends on ${room}, which its layer may not import`);
    }
    for (const file of sources(join(group, name, 'src'))) {
      const test = /\.test\.ts$|\/testing\//.test(file);
      const may = test ? [...allowed, ...(layers.testsMayImport[name] ?? []), name] : allowed;
      const declared = test ? { ...dependencies, ...devDependencies } : dependencies;
      const text = readFileSync(file, 'utf8');
      for (const [, , spec] of text.matchAll(IMPORT)) {
        if (spec.startsWith('node:')) continue;
        if (spec.startsWith('.')) {
          if (join(file, '..', spec).startsWith(join(group, name) + '/')) continue;
          problems.push(`${file}: ${spec} leaves its package`);
          continue;
        }
        const pkg = spec
          .split('/')
          .slice(0, spec.startsWith('@') ? 2 : 1)
          .join('/');
        const room = /^@scorpiofs\/(.+)$/.exec(pkg)?.[1];
        if (room !== undefined && room !== name && !may.includes('*') && !may.includes(room))
          problems.push(`${file}: imports ${room}, which its layer may not`);
        const self = room === name && test;
        if (!self && !(pkg in declared) && !(test && ['@jest/globals', 'fast-check'].includes(pkg)))
          problems.push(`${file}: imports ${pkg}, which ${manifest} does not name`);
      }
    }
  }
}
for (const p of problems) console.error(p);
console.error(problems.length === 0 ? 'layers: ok' : `layers: ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
