import { isSecretName, REDACTED, redactUrls, type Config } from '@scorpiofs/config';

/** A shorter secret would take ordinary words out of the text. */
const SHORTEST = 4;

/** User information of the URLs in a text: each password, as written and decoded. */
function passwords(text: string): string[] {
  return [...text.matchAll(/:\/\/[^\s/\\?#@:]*:([^\s/\\?#@]*)@/g)].flatMap(([, found = '']) => {
    try {
      return [found, decodeURIComponent(found)];
    } catch {
      return [found];
    }
  });
}

/** The secrets that this process knows: of its configuration, and of variables whose name says so. */
export function knownSecrets(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  const settings = [...config.settings.values()];
  const found = [
    ...settings.filter((s) => s.spec.secret === true).map((s) => String(s.value ?? '')),
    ...settings.flatMap((s) => passwords(s.text)),
    ...Object.entries(env).flatMap(([name, value = '']) =>
      isSecretName(name) ? [value] : passwords(value),
    ),
  ];
  // Longest first, as one may be a part of another.
  return [...new Set(found.map((s) => s.trim()))]
    .filter((s) => s.length >= SHORTEST)
    .sort((a, b) => b.length - a.length);
}

/** `Authorization: Bearer x`, `http_token=x`, `"password": "x"`. */
const NAMED =
  /\b(authorization|[\w-]*(?:token|secret|password)[\w-]*)(["']?\s*[:=]\s*["']?)((?:bearer|basic)\s+)?[^\s"',;]+/gi;

/** A text without credentials of URLs, without values whose name says that they are secret, and without these secrets. */
export function scrubText(text: string, secrets: readonly string[]): string {
  let clean = redactUrls(text).replaceAll(NAMED, `$1$2$3${REDACTED}`);
  for (const secret of secrets) clean = clean.replaceAll(secret, REDACTED);
  return clean;
}

/** The same for every text in a value as JSON has them. Names of members stay. */
export function scrub(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return scrubText(value, secrets);
  if (Array.isArray(value)) return value.map((v: unknown) => scrub(v, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, scrub(v, secrets)]));
}
