import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultRule } from './fault-rule.js';

type RequestRule = Exclude<FaultRule, { kind: 'corrupt' }>;

/** The fault rules in force; empty unless a test fills it. */
export class Faults {
  #rules: { readonly rule: RequestRule; left: number }[] = [];
  readonly #corrupt = new Set<string>();

  set(rules: readonly FaultRule[]): void {
    this.clear();
    for (const rule of rules) this.add(rule);
  }

  add(rule: FaultRule): void {
    if (rule.kind === 'corrupt') this.#corrupt.add(rule.oid);
    else this.#rules.push({ rule, left: rule.times ?? Infinity });
  }

  clear(): void {
    this.#rules = [];
    this.#corrupt.clear();
  }

  /** The rules that this request meets, each counted. */
  meet(method: string, path: string): RequestRule[] {
    if (this.#rules.length === 0) return [];
    const met = this.#rules.filter(
      ({ rule }) =>
        (rule.path === undefined || path.startsWith(rule.path)) &&
        (rule.method === undefined || rule.method === method),
    );
    for (const entry of met) entry.left -= 1;
    this.#rules = this.#rules.filter((entry) => entry.left > 0);
    return met.map((entry) => entry.rule);
  }

  get corrupts(): boolean {
    return this.#corrupt.size > 0;
  }

  /** The same bytes, or a copy with the last one changed where a rule says so. */
  content(oid: string, chunk: Buffer, isLast = true): Buffer {
    if (!isLast || chunk.length === 0 || !this.#corrupt.has(oid)) return chunk;
    const wrong = Buffer.from(chunk);
    const end = wrong.length - 1;
    wrong[end] = (wrong[end] ?? 0) ^ 0xff;
    return wrong;
  }

  async delay(ms: number): Promise<void> {
    await sleep(ms, undefined, { ref: false });
  }
}
