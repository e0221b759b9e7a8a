import type { Effect } from './key-spec.js';
import { KEY_LIST, variableOf } from './keys.js';

const SECTIONS = [
  ['server', 'Server'],
  ['dicfuse', 'Base layer (dicfuse)'],
  ['antares', 'Jobs (antares)'],
] as const;

function effectText(effect: Effect): string {
  const word = { effective: 'yes', mapped: 'mapped', none: 'no' }[effect.kind];
  return effect.note === '' ? word : `${word}: ${effect.note}`;
}

function typeText(spec: (typeof KEY_LIST)[number]): string {
  if (spec.values !== undefined) return spec.values.map((v) => `\`${v}\``).join(', ');
  const least = spec.min === undefined || spec.min === 0 ? '' : ` ≥ ${spec.min}`;
  const names: Partial<Record<typeof spec.type, string>> = {
    usize: 'integer',
    u64: 'integer',
    u32: 'integer (32 bits)',
    bool: '`true`, `false`',
    url: 'URL',
    'log-filter': 'log filter',
  };
  return (names[spec.type] ?? spec.type) + least;
}

/** The tables of `docs/configuration.md`, from the table of keys. */
export function keyTables(): string {
  return SECTIONS.map(([section, title]) => {
    const rows = KEY_LIST.filter((s) => s.section === section).map((s) => {
      const names = [
        `\`${s.key}\``,
        s.short === s.key ? '' : `in the section \`${s.short}\``,
        s.flag === undefined ? '' : `\`${s.flag}\``,
        s.reference ? '' : 'new',
      ].filter((n) => n !== '');
      const value = s.default === undefined ? 'not set' : `\`${s.default}\``;
      return `| ${names.join('<br>')} | ${typeText(s)} | ${value} | ${s.doc} | ${effectText(s.effect)} |`;
    });
    return [
      `### ${title}: \`[${section}]\``,
      '',
      '| Key | Type | Default | Meaning | Has effect |',
      '|---|---|---|---|---|',
      ...rows,
      '',
    ].join('\n');
  }).join('\n');
}

/** The variables of all keys, one per line. */
export function variableList(): string {
  return KEY_LIST.map((s) => variableOf(s.key)).join('\n') + '\n';
}
