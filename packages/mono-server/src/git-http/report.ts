import { FLUSH, pktLine, sideBand } from './pkt-line.js';

/** Ref → undefined when it went well, else the reason. */
export type Outcome = ReadonlyMap<string, string | undefined>;

/** The status report of receive-pack, within side band 1 where the client takes bands. */
export function statusReport(
  unpack: string,
  outcome: Outcome,
  capabilities: ReadonlySet<string>,
): Buffer {
  if (!capabilities.has('report-status') && !capabilities.has('report-status-v2'))
    return capabilities.has('side-band-64k') ? FLUSH : Buffer.alloc(0);
  const lines = [pktLine(`unpack ${unpack}\n`)];
  for (const [ref, reason] of outcome)
    lines.push(pktLine(reason === undefined ? `ok ${ref}\n` : `ng ${ref} ${reason}\n`));
  lines.push(FLUSH);
  const report = Buffer.concat(lines);
  return capabilities.has('side-band-64k')
    ? Buffer.concat([...sideBand(1, report), FLUSH])
    : report;
}
