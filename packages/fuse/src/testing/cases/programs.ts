import type { Cases } from '../case.js';

/** What only programs on a real mount can show. */
export const programs = {} as const satisfies Cases;
