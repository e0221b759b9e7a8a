export { daemonApp, type DaemonApp } from './app.js';
export type { Access } from './access.js';
export type { HealthSource } from './health.js';
export { BindError, listen, listenSocket, type Listening, type SocketListening } from './listen.js';
export type { Sample } from './metrics.js';
export type { WorkspaceRefreshed } from './workspace.js';
