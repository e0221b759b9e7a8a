export { daemonApp, type DaemonApp } from './app.js';
export type { HealthSource } from './health.js';
export { BindError, listen, type Listening } from './listen.js';
export type { Sample } from './metrics.js';
