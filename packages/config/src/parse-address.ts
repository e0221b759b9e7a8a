import { isIP } from 'node:net';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Reads `IP:PORT` or `[IPv6]:PORT`: literal addresses only, no names. `anyHost` reads `:PORT` as every address. */
export function parseAddress(
  text: string,
  options: { anyHost?: boolean } = {},
): Address | undefined {
  const [, six, four, digits] = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text.trim()) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65535) return undefined;
  if (six !== undefined)
    return isIP(six.replace(/%.*$/, '')) === 6 ? { host: six, port } : undefined;
  if (four === '' && options.anyHost === true) return { host: '0.0.0.0', port };
  return four !== undefined && isIP(four) === 4 ? { host: four, port } : undefined;
}

export function formatAddress(address: Address): string {
  return address.host.includes(':')
    ? `[${address.host}]:${address.port}`
    : `${address.host}:${address.port}`;
}
