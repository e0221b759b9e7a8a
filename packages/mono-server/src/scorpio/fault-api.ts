import { z } from 'zod';
import { faultRuleSchema } from '../faults/fault-rule.js';
import type { Handler } from '../http/context.js';
import { readJson } from '../http/request-body.js';
import { sendData } from '../http/reply.js';
import type { ServerContext } from '../server-context.js';

const rulesSchema = z.array(faultRuleSchema).max(1000);

/** PUT replaces the fault rules, POST adds, DELETE ends all of them. */
export function faultHandlers({
  faults,
}: ServerContext): Record<'PUT' | 'POST' | 'DELETE', Handler> {
  return {
    PUT: async (c) => {
      faults.set(await readJson(c, rulesSchema));
      return sendData(c, true);
    },
    POST: async (c) => {
      for (const rule of await readJson(c, rulesSchema)) faults.add(rule);
      return sendData(c, true);
    },
    DELETE: (c) => {
      faults.clear();
      return sendData(c, true);
    },
  };
}
