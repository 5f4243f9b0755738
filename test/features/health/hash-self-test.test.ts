import { expect, onTestFinished, test, vi } from 'vitest';
import { argon2Core } from '../../../src/crypto/argon2-core.ts';
import { recordLog } from '../../contract/recorded-log.ts';
import { TestClient } from '../../support/client.ts';
import { faultyEndpoint } from '../../support/database.ts';

// A file of its own: an isolate that has hashed a password once is not tried again.

/** Makes the platform refuse every hash until it is let go. */
function refuseHashes(): () => void {
  const core = argon2Core() as { functions: ReturnType<typeof argon2Core>['functions'] };
  const { functions } = core;
  const refuse = () => {
    throw new Error('a limit of the platform');
  };
  core.functions = { ...functions, G: refuse, G2: refuse };
  const letGo = () => {
    core.functions = functions;
  };
  onTestFinished(letGo);
  return letGo;
}

test('GET /api/health is 503 where no password can be hashed, until one was (HSH-02)', async () => {
  const lines = recordLog();
  let now = Date.now();
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => now);
  onTestFinished(() => clock.mockRestore());
  const { endpoint } = await faultyEndpoint([]);
  const client = new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint });
  const health = async () => {
    now += 1001;
    const { status, json } = await client.get('/api/health');
    return [status, json.status, json.services.database.status];
  };

  const letGo = refuseHashes();
  expect(await health()).toEqual([503, 'unhealthy', 'connected']);
  expect(lines.map((line) => JSON.parse(line).event)).toEqual(['health_password_hash_failed']);
  letGo();
  expect(await health()).toEqual([200, 'healthy', 'connected']);
  refuseHashes();
  expect(await health()).toEqual([200, 'healthy', 'connected']);
  expect(lines).toHaveLength(1);
});
