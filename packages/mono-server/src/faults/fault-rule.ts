import { z } from 'zod';

const when = {
  /** The request's path (without query) begins with this. Default: every path. */
  path: z.string().optional(),
  method: z.string().optional(),
  /** How many requests it meets before it is used up. Default: all. */
  times: z.number().int().positive().optional(),
};

/** What the server shall do wrong on purpose (mega-server §7, item 8). */
export const faultRuleSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('delay'), ms: z.number().min(0).max(600_000), ...when }),
  /** The connection is closed without an answer. */
  z.strictObject({ kind: z.literal('reset'), ...when }),
  z.strictObject({
    kind: z.literal('status'),
    status: z.number().int().min(400).max(599),
    ...when,
  }),
  /** The body ends after this many bytes and the connection is closed. */
  z.strictObject({ kind: z.literal('truncate'), bytes: z.number().int().min(0), ...when }),
  /** The content of this blob or tree comes with its last byte changed, wherever it is sent. */
  z.strictObject({ kind: z.literal('corrupt'), oid: z.string().regex(/^[0-9a-f]{40}$/) }),
]);

export type FaultRule = z.infer<typeof faultRuleSchema>;
