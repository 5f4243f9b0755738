import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { toErrorBody } from '../../../tools/neon-local/answer-body.ts';
import type { FaultPlan, SeenRequest } from './fault-plan.ts';
import { readBody } from './read-body.ts';

interface FaultyEndpoint {
  plan: FaultPlan;
  /** How far the plan has been followed. */
  next: number;
  /** What came since the plan began. */
  seen: SeenRequest[];
}

/** Endpoints that stand before the real one and misbehave as they are told. */
export class FaultProxy {
  readonly #target: string;
  readonly #endpoints = new Map<string, FaultyEndpoint>();

  constructor(target: string) {
    this.#target = target;
  }

  create(plan: FaultPlan): string {
    const id = randomUUID();
    this.#endpoints.set(id, { plan, next: 0, seen: [] });
    return id;
  }

  /** False when there is no such endpoint. */
  replacePlan(id: string, plan: FaultPlan): boolean {
    const endpoint = this.#endpoints.get(id);
    if (!endpoint) return false;
    endpoint.plan = plan;
    endpoint.next = 0;
    endpoint.seen = [];
    return true;
  }

  seen(id: string): readonly SeenRequest[] | undefined {
    return this.#endpoints.get(id)?.seen;
  }

  async serve(id: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const endpoint = this.#endpoints.get(id);
    const body = await readBody(request);
    if (!endpoint) {
      response.writeHead(404).end();
      return;
    }
    const { plan } = endpoint;
    const fault = 'always' in plan ? plan.always : (plan[endpoint.next++] ?? 'pass');
    const seen: SeenRequest = { queries: queriesIn(body), fault };
    endpoint.seen.push(seen);
    if (fault === 'refuse') request.socket.destroy();
    else if (fault === 'hang') await new Promise((resolve) => response.on('close', resolve));
    else if (fault === 'garbage') response.end('<html>not JSON</html>');
    else if (typeof fault === 'object' && 'status' in fault) {
      response.writeHead(fault.status).end(fault.body ?? '');
    } else if (typeof fault === 'object' && 'sqlstate' in fault) {
      const { sqlstate, message = 'injected', ...fields } = fault;
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify(toErrorBody(message, { severity: 'ERROR', ...fields, code: sqlstate })));
    } else {
      if (typeof fault === 'object') await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
      await this.#forward(request, body, seen, fault === 'commit-then-drop' ? undefined : response);
      if (fault === 'commit-then-drop') request.socket.destroy();
    }
  }

  /** Runs the statement; without a response the answer is dropped. */
  async #forward(
    request: IncomingMessage,
    body: string,
    seen: SeenRequest,
    response?: ServerResponse,
  ): Promise<void> {
    const headers = Object.entries(request.headers).filter(([name]) => name.startsWith('neon-'));
    const answer = await fetch(this.#target, {
      method: 'POST',
      headers: headers.map(([name, value]) => [name, String(value)] as [string, string]),
      body,
    });
    const text = await answer.text();
    if (answer.ok) seen.commands = commandsIn(text);
    response?.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
  }
}

interface StatementBody {
  readonly query: string;
  readonly command: string;
}

function queriesIn(body: string): string[] {
  const { queries, ...single } = JSON.parse(body) as StatementBody & { queries?: StatementBody[] };
  return (queries ?? [single]).map(({ query }) => query);
}

function commandsIn(answer: string): string[] {
  const { results, ...single } = JSON.parse(answer) as StatementBody & { results?: StatementBody[] };
  return (results ?? [single]).map(({ command }) => command);
}
