import { KEY_LIST, variableOf } from './keys.js';
import { nearest } from './nearest.js';
import type { Problem } from './problem.js';
import { isSecretName } from './redact.js';
import type { RawFile } from './sources.js';

const SECTIONS = ['server', 'dicfuse', 'antares'] as const;
/** Variables with this prefix that are not keys: the file's place, the log filter, and one that Orion's client reads. */
const OTHER_VARIABLES = ['SCORPIO_CONFIG', 'SCORPIO_LOG', 'SCORPIO_API_BASE_URL'];

function meant(word: string, known: readonly string[], section = ''): string {
  // The flat name written inside its section is the commonest slip, and no near miss by letters.
  const flat = KEY_LIST.find((s) => s.key === word && s.section === section);
  const name = flat?.short ?? nearest(word, known);
  return name === undefined ? '' : `; did you mean '${name}'?`;
}

function inTable(
  path: string,
  table: string,
  names: Iterable<string>,
  known: readonly string[],
): Problem[] {
  return [...names]
    .filter((name) => !known.includes(name))
    .map((name) => {
      const written = table === '' ? name : `[${table}].${name}`;
      return {
        severity: 'warning',
        rule: 'unknown-key',
        key: name,
        origin: { kind: 'file', path, key: written },
        message: `Unknown key '${written}' is not used${meant(name, known, table)}`,
      };
    });
}

/** K-01: keys, sections and variables that nobody reads, each with the known name that it resembles. */
export function unknownNames(
  file: RawFile | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Problem[] {
  const problems: Problem[] = [];
  if (file !== undefined) {
    const flat = KEY_LIST.map((s) => s.key);
    problems.push(...inTable(file.path, '', file.top.keys(), [...flat, ...SECTIONS]));
    for (const section of SECTIONS) {
      const value = file.top.get(section);
      if (value === undefined) continue;
      const shorts = KEY_LIST.filter((s) => s.section === section).map((s) => s.short);
      if (value.members !== undefined)
        problems.push(...inTable(file.path, section, value.members.keys(), shorts));
      else
        problems.push({
          severity: 'warning',
          rule: 'not-a-section',
          key: section,
          origin: { kind: 'file', path: file.path, key: section },
          message: `'${section}' is the name of a section but is not a table; it is not used`,
        });
    }
  }
  const variables = [...KEY_LIST.map((s) => variableOf(s.key)), ...OTHER_VARIABLES];
  for (const variable of Object.keys(env)) {
    if (!variable.startsWith('SCORPIO_') || variables.includes(variable)) continue;
    // The value is not repeated: a misspelt name may hold a secret.
    const secret = isSecretName(variable) ? ' (its value is a secret?)' : '';
    problems.push({
      severity: 'warning',
      rule: 'unknown-variable',
      key: variable,
      origin: { kind: 'env', variable },
      message: `Unknown variable ${variable} is not used${meant(variable, variables)}${secret}`,
    });
  }
  return problems;
}
