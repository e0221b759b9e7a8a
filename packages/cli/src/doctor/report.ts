import type { Finding } from './check.js';

const TAGS = { ok: '[ OK ]', warn: '[WARN]', fail: '[FAIL]' } as const;

export function failures(findings: readonly Finding[]): number {
  return findings.filter((f) => f.status === 'fail' && f.critical).length;
}

function summary(findings: readonly Finding[]): string {
  const count = failures(findings);
  return count === 0 ? 'All critical checks passed.' : `${count} critical check(s) failed.`;
}

/** The report of spec §4: title, one line per check, summary. Hints follow their line, indented. */
export function doctorText(findings: readonly Finding[]): string {
  const lines = findings.flatMap((f) => [
    `${TAGS[f.status]} ${f.name}: ${f.detail.replaceAll(/\p{Cc}/gu, ' ')}`,
    ...(f.hint === undefined ? [] : [`       ${f.hint}`]),
  ]);
  return `scorpio doctor — environment diagnostics\n\n${lines.join('\n')}\n\n${summary(findings)}\n`;
}

export function doctorJson(findings: readonly Finding[]): string {
  const checks = findings.map(({ name, status, critical, detail, hint }) => ({
    name,
    status,
    critical,
    detail,
    ...(hint !== undefined && { hint }),
  }));
  return `${JSON.stringify({ ok: failures(findings) === 0, summary: summary(findings), checks }, null, 2)}\n`;
}
