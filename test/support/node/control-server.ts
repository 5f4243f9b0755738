import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BreachPlan } from './breach-plan.ts';
import type { BreachStub } from './breach-stub.ts';
import type { FaultPlan } from './fault-plan.ts';
import type { FaultProxy } from './fault-proxy.ts';
import { readBody } from './read-body.ts';

export interface ControlServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * What tests in workerd cannot do themselves, over HTTP on the loopback interface:
 * - `POST /databases` gives `{ url }` of a fresh migrated database, `DELETE /databases` with `{ url }` drops it;
 * - `POST /faults` with `{ plan }` gives `{ id, endpoint }` of a database endpoint that misbehaves by the plan;
 * - `GET /faults/<id>` gives `{ count, seen }`, `PUT /faults/<id>` with `{ plan }` starts another plan;
 * - `POST /breaches` with `{ plan }` gives `{ id, url }` of a stand-in for the breach service;
 * - `GET /breaches/<id>` gives `{ seen }`.
 */
export async function startControlServer(options: {
  readonly faults: FaultProxy;
  readonly breaches: BreachStub;
  readonly createDatabase: () => Promise<string>;
  readonly dropDatabase: (url: string) => Promise<void>;
}): Promise<ControlServer> {
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  });
  // Closing an idle connection just when the caller sends on it again would look like a lost database.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, area, id, rest] = (request.url ?? '').split('/');
    if (area === 'faulty' && id !== undefined && rest === 'sql') {
      await options.faults.serve(id, request, response);
      return;
    }
    if (area === 'breaches' && id !== undefined && rest !== undefined) {
      await options.breaches.serve(id, request, response);
      return;
    }
    const result = await control(`${request.method} /${area}`, id, await readBody(request));
    response.writeHead(result === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(result ?? {}));
  }

  async function control(route: string, id: string | undefined, body: string): Promise<object | undefined> {
    switch (route) {
      case 'POST /databases':
        return { url: await options.createDatabase() };
      case 'DELETE /databases':
        await options.dropDatabase((JSON.parse(body) as { url: string }).url);
        return {};
      case 'POST /faults': {
        const created = options.faults.create(readPlan<FaultPlan>(body));
        return { id: created, endpoint: `${url}/faulty/${created}/sql` };
      }
      case 'PUT /faults':
        return id !== undefined && options.faults.replacePlan(id, readPlan<FaultPlan>(body)) ? {} : undefined;
      case 'GET /faults': {
        const seen = options.faults.seen(id ?? '');
        return seen && { count: seen.length, seen };
      }
      case 'POST /breaches': {
        const created = options.breaches.create(readPlan<BreachPlan>(body));
        return { id: created, url: `${url}/breaches/${created}` };
      }
      case 'GET /breaches': {
        const seen = options.breaches.seen(id ?? '');
        return seen && { seen };
      }
      default:
        return undefined;
    }
  }

  return {
    url,
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function readPlan<T>(body: string): T {
  return (JSON.parse(body) as { plan: T }).plan;
}
