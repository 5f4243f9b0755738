import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BreachPlan, SeenLookup } from './breach-plan.ts';
import { readBody } from './read-body.ts';

interface Endpoint {
  readonly plan: BreachPlan;
  readonly seen: SeenLookup[];
}

/** Stand-ins for the breach service that answer as they are told. */
export class BreachStub {
  readonly #endpoints = new Map<string, Endpoint>();

  create(plan: BreachPlan): string {
    const id = randomUUID();
    this.#endpoints.set(id, { plan, seen: [] });
    return id;
  }

  seen(id: string): readonly SeenLookup[] | undefined {
    return this.#endpoints.get(id)?.seen;
  }

  async serve(id: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const endpoint = this.#endpoints.get(id);
    if (!endpoint) {
      response.writeHead(404).end();
      return;
    }
    const { plan, seen } = endpoint;
    const { method = '', url = '', headers } = request;
    seen.push({
      method,
      path: url.slice(url.indexOf(id) + id.length),
      headers,
      body: await readBody(request),
    });
    if (plan === 'refuse') request.socket.destroy();
    else if (plan === 'hang') await closed(response);
    else if (plan === 'hang-in-body') {
      response.write(paddingLine());
      await closed(response);
    } else if (plan === 'endless') {
      // Ends by the caller's hanging up, which is what the pipeline then rejects with.
      await pipeline(Readable.from(endlessLines()), response).catch(() => undefined);
    } else if ('status' in plan) {
      response.writeHead(plan.status, { location: `${url}/elsewhere` }).end('no');
    } else response.end('body' in plan ? plan.body : range(plan.found));
  }
}

function range(found: Readonly<Record<string, number>>): string {
  const lines = Object.entries(found).map(([rest, count]) => `${rest}:${count}\r\n`);
  return [...Array.from({ length: 400 }, paddingLine), ...lines, ...Array.from({ length: 400 }, paddingLine)]
    .join('')
    .trimEnd();
}

function paddingLine(): string {
  return `${randomBytes(18).toString('hex').toUpperCase().slice(1)}:0\r\n`;
}

function* endlessLines(): Generator<string> {
  for (;;) yield paddingLine().repeat(100);
}

function closed(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => response.on('close', () => resolve()));
}
