import { Hono } from 'hono';
import { Counter, Gauge, Registry } from 'prom-client';

/** One figure at the moment of asking; a counter where the name ends with `_total`. */
export interface Sample {
  readonly name: string;
  readonly help: string;
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** `GET /metrics`: the samples, what `requests` has counted, and memory and processor time of the process, in Prometheus' text format. */
export function metricsRoutes(
  samples: () => readonly Sample[] | Promise<readonly Sample[]>,
  requests: Registry,
): Hono {
  return new Hono().get('/metrics', async (c) => {
    // A registry per answer: what is not sampled any more (a mount that has gone) is not reported any more.
    const registry = new Registry();
    const metrics = new Map<string, Counter | Gauge>();
    for (const { name, help, value, labels } of [...(await samples()), ...ownSamples()]) {
      let metric = metrics.get(name);
      if (metric === undefined) {
        const options = {
          name,
          help,
          labelNames: Object.keys(labels ?? {}),
          registers: [registry],
        };
        metric = name.endsWith('_total') ? new Counter(options) : new Gauge(options);
        metrics.set(name, metric);
      }
      metric.inc({ ...labels }, value);
    }
    const text = await Registry.merge([registry, requests]).metrics();
    return c.text(text, 200, { 'content-type': registry.contentType });
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
