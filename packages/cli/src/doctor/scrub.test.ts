import { describe, expect, test } from '@jest/globals';
import { checkConfig } from '@scorpiofs/config';
import { knownSecrets, scrub, scrubText } from './scrub.js';

describe('what a support bundle says of secrets', () => {
  const env = {
    SCORPIO_HTTP_TOKEN: 'planted-token',
    SCORPIO_BASE_URL: 'http://me:p%40ssw0rd@127.0.0.1:9',
    GITHUB_TOKEN: 'planted-other',
    https_proxy: 'http://u:proxypass@proxy:1',
    SHORT_SECRET: 'a',
  };
  const secrets = knownSecrets(checkConfig({ env, flags: {} }).config, env);

  test('issue 6 item 3: secrets of configuration and environment are known, short ones are no words to take out', () => {
    expect([...secrets].sort()).toEqual(
      ['p%40ssw0rd', 'p@ssw0rd', 'planted-other', 'planted-token', 'proxypass'].sort(),
    );
  });

  test('issue 6 item 3: they are taken out of every text, however deep', () => {
    const log = ['refused planted-token', 'GET http://x:y@h/', 'proxypass p@ssw0rd'];
    expect(scrub({ a: [{ log }], n: 1, z: null }, secrets)).toEqual({
      a: [{ log: ['refused ***', 'GET http://***@h/', '*** ***'] }],
      n: 1,
      z: null,
    });
  });

  test.each([
    ['Authorization: Bearer abc.def', 'Authorization: Bearer ***'],
    ['authorization=Basic eDp5', 'authorization=Basic ***'],
    ['WARN x http_token=abc path=/a', 'WARN x http_token=*** path=/a'],
    ['{"password":"abc","level":"info"}', '{"password":"***","level":"info"}'],
    ['a token was refused', 'a token was refused'],
  ])('issue 6 item 3: "%s" by its name alone', (text, clean) => {
    expect(scrubText(text, [])).toBe(clean);
  });
});
