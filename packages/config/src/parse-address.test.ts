import { describe, expect, test } from '@jest/globals';
import { formatAddress, parseAddress } from './parse-address.js';
import { checkConfig } from './load.js';

describe('addresses', () => {
  test.each([
    'localhost:2725',
    ':2725',
    '0.0.0.0',
    '127.0.0.1:99999',
    '::1:2725',
    '[::1]',
    '1.2.3:4',
    'x',
  ])('CLI-04: %s is rejected', (text) => expect(parseAddress(text)).toBeUndefined());

  test.each(['[::1]:2725', '127.0.0.1:0', '0.0.0.0:2726'])('CLI-04: %s is accepted', (text) => {
    const address = parseAddress(text);
    expect(address && formatAddress(address)).toBe(text);
  });

  test('design §7: `antares serve --bind :2726` is 0.0.0.0:2726', () => {
    expect(parseAddress(':2726', { anyHost: true })).toEqual({ host: '0.0.0.0', port: 2726 });
    expect(checkConfig({ flags: { antares_http_addr: ':2726' } }).problems).toEqual([]);
  });

  test('CFG-31, K-02: flag over SCORPIO_HTTP_ADDR over [server] http_addr over http_addr over the default', () => {
    const text = 'http_addr = "127.0.0.1:1"\n';
    const section = `${text}[server]\nhttp_addr = "127.0.0.1:2"\n`;
    const env = { SCORPIO_HTTP_ADDR: '127.0.0.1:3' };
    const at = (input: Parameters<typeof checkConfig>[0]) =>
      checkConfig(input).config.values.http_addr;
    expect(
      at({ file: { path: 'f', text: section }, env, flags: { http_addr: '127.0.0.1:4' } }),
    ).toBe('127.0.0.1:4');
    expect(at({ file: { path: 'f', text: section }, env })).toBe('127.0.0.1:3');
    expect(at({ file: { path: 'f', text: section } })).toBe('127.0.0.1:2');
    expect(at({ file: { path: 'f', text } })).toBe('127.0.0.1:1');
    expect(at({})).toBe('0.0.0.0:2725');
  });
});
