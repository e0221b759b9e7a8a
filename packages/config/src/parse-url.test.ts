import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { checkConfig } from './load.js';
import { normaliseUrl } from './parse-url.js';

const fixture = JSON.parse(
  readFileSync(new URL('../fixtures/urls.json', import.meta.url), 'utf8'),
) as { cases: { url: string; ok: boolean; problem?: string }[] };

const messages = (url: string) =>
  checkConfig({ env: { SCORPIO_BASE_URL: url } }).problems.map((p) => p.message);

describe('URLs', () => {
  // K-44: a query or fragment would swallow the API's path; the reference accepts it.
  const recorded = fixture.cases.filter((c) => !c.url.includes('?'));
  test.each(recorded)('CFG-15: "$url"', ({ url, ok, problem }) => {
    expect(messages(url)).toEqual(ok ? [] : [problem]);
  });

  test.each(['http://h/?q=1', 'http://h/#f', 'http://h?'])('CFG-37: %s is rejected', (url) => {
    expect(messages(url)).toEqual([expect.stringContaining("'base_url'")]);
  });

  test('CFG-32, CFG-37, K-16: blanks around and slashes at the end do not reach a request', () => {
    const { values } = checkConfig({ flags: { base_url: ' http://h:1/x// ' } }).config;
    expect(values.base_url).toBe('http://h:1/x');
    expect(normaliseUrl('http://h/')).toBe('http://h');
  });

  test('K-44: credentials do not appear in a problem', () => {
    const { problems } = checkConfig({ env: { SCORPIO_LFS_URL: 'ftp://me:pa@ss@h/x' } });
    expect(JSON.stringify(problems)).toContain('***@h');
    expect(JSON.stringify(problems)).not.toMatch(/me:|pa@|ss@/);
  });
});
