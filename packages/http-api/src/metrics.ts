import { Hono } from 'hono';
import { Gauge, Registry } from 'prom-client';

/** One figure at the moment of asking. */
export interface Sample {
  readonly name: string;
  readonly help: string;
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** `GET /metrics`: the samples, and memory and processor time of the process, in Prometheus' text format. */
export function metricsRoutes(samples: () => readonly Sample[]): Hono {
  return new Hono().get('/metrics', async (c) => {
    // A registry per answer: what is not sampled any more (a mount that has gone) is not reported any more.
    const registry = new Registry();
    const gauges = new Map<string, Gauge>();
    for (const { name, help, value, labels } of [...samples(), ...ownSamples()]) {
      let gauge = gauges.get(name);
      if (gauge === undefined) {
        const labelNames = Object.keys(labels ?? {});
        gauge = new Gauge({ name, help, labelNames, registers: [registry] });
        gauges.set(name, gauge);
      }
      gauge.set({ ...labels }, value);
    }
    return c.text(await registry.metrics(), 200, { 'content-type': registry.contentType });
  });
}

function ownSamples(): Sample[] {
  const { user, system } = process.cpuUsage();
  return [
    {
      name: 'process_resident_memory_bytes',
      help: 'Resident memory.',
      value: process.memoryUsage.rss(),
    },
    {
      name: 'process_cpu_seconds_total',
      help: 'User and system processor time.',
      value: (user + system) / 1e6,
    },
  ];
}
