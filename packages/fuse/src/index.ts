export * from './filesystem.js';
export * from './layer.js';
export * from './fs-error.js';
export * from './name.js';
