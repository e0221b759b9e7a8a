export { MonoServerError } from './error.js';
export type { FaultRule } from './faults/fault-rule.js';
export type { Faults } from './faults/faults.js';
export type { MonoServerEvent, MonoServerOptions } from './options.js';
export { startMonoServer, type MonoServer } from './server.js';
