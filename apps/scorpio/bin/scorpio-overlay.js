#!/usr/bin/env node
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`scorpio-overlay needs Node 20.19 or newer; this is ${process.versions.node}`);
  process.exit(1);
}
const { overlayMain } = await import('../dist/index.js');
process.exit(await overlayMain(process.argv.slice(2)));
