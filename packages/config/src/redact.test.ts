import { describe, expect, test } from '@jest/globals';
import { isSecretName, redactUrl, redactUrls } from './redact.js';

describe('redact', () => {
  test.each([
    ['http://u:p@h/x', 'http://***@h/x'],
    ['http://u:p@ss w@h/x', 'http://***@h/x'],
    ['ftp:\\\\u@h', 'ftp:\\\\***@h'],
    ['http://h/a@b', 'http://h/a@b'],
    [' http://u:p@h', ' http://***@h'],
  ])('K-44: %j is shown as %j', (url, expected) => expect(redactUrl(url)).toBe(expected));

  test('finds URLs in a text', () => {
    expect(redactUrls('GET http://u:p@h/ failed, ssh://git@x too')).toBe(
      'GET http://***@h/ failed, ssh://***@x too',
    );
  });

  test('a hostile text costs no time worth speaking of', () => {
    const start = process.cpuUsage();
    for (const part of ['x', 'x:', '://', 'a://', '@', 'http://u']) redactUrls(part.repeat(50_000));
    // Some ten milliseconds; something quadratic takes half a minute.
    expect(process.cpuUsage(start).user).toBeLessThan(10e6);
  });

  test('knows names of secrets', () => {
    expect(['http_token', 'API_SECRET', 'dbPassword'].every(isSecretName)).toBe(true);
    expect(isSecretName('base_url')).toBe(false);
  });
});
