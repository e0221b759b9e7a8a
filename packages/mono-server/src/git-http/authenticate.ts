import { createHash, timingSafeEqual } from 'node:crypto';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * The user whose token the header carries, as Bearer or as the password of Basic (§2.4); undefined without or with a wrong one.
 * Compared in constant time.
 */
export function authenticate(
  header: string | undefined,
  tokens: Readonly<Record<string, string>>,
): string | undefined {
  const [scheme = '', value = ''] = (header ?? '').split(/ +/, 2);
  let token: string | undefined;
  if (/^bearer$/i.test(scheme)) token = value;
  else if (/^basic$/i.test(scheme)) {
    const text = Buffer.from(value, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon >= 0) token = text.slice(colon + 1);
  }
  if (token === undefined || token === '') return undefined;
  const given = digest(token);
  let user: string | undefined;
  for (const [known, name] of Object.entries(tokens))
    if (timingSafeEqual(given, digest(known))) user = name;
  return user;
}
