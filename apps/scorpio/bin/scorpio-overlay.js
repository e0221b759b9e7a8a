#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`scorpio-overlay needs Node 20.19 or newer; this is ${process.versions.node}`);
  process.exit(1);
}
// The young generation stays as small as it starts: what V8 would let it grow to counts as the daemon's memory for ever.
setFlagsFromString('--semi-space-growth-factor=1');
const { overlayMain } = await import('../dist/index.js');
process.exit(await overlayMain(process.argv.slice(2)));
