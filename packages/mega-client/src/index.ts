export { MegaClientError } from './base-url.js';
export type { KindStats, MegaStats, RequestKind } from './counters.js';
export { MegaClient, type MegaClientOptions } from './mega-client.js';
export type { RetryPolicy } from './retry.js';
export type { TimeLimits } from './time-limits.js';
export type { Wire, WireOptions } from './wire.js';
