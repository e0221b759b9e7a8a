import type { Ctx } from './context.js';
import { PlainFailure } from './failure.js';

/**
 * Parameters of the query string, form-urlencoded (§1.4): `+` is a space, broken escapes and broken UTF-8 become text that
 * no path matches. A parameter given twice does not parse: 400.
 */
export function query<K extends string>(c: Ctx, ...names: K[]): Record<K, string | undefined> {
  const url = c.env.incoming.url ?? '';
  const mark = url.indexOf('?');
  const given = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  const found = {} as Record<K, string | undefined>;
  for (const name of names) {
    const values = given.getAll(name);
    if (values.length > 1)
      throw new PlainFailure(
        400,
        `Failed to deserialize query string: duplicate field \`${name}\``,
      );
    found[name] = values[0];
  }
  return found;
}
