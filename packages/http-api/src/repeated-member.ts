/** The first of `names` that a JSON object's text has twice; `JSON.parse` would silently take the last. The text is valid JSON. */
export function repeatedMember(text: string, names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[{}[\]]/g)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    else if (depth === 1 && token.endsWith(':')) {
      const name: unknown = JSON.parse(token.slice(0, -1));
      if (typeof name !== 'string' || !names.includes(name)) continue;
      if (seen.has(name)) return name;
      seen.add(name);
    }
  }
  return undefined;
}
