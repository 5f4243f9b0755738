import { afterAll, beforeAll } from 'vitest';
import { type PageService, type PageServiceOptions, startPageService } from './page-service.ts';

/** A service of its own while the tests of this file run. */
export function usePageService(options: PageServiceOptions): () => PageService {
  let service: PageService | undefined;
  beforeAll(async () => {
    service = await startPageService(options);
  }, 120_000);
  afterAll(() => service?.stop());
  return () => {
    if (service === undefined) throw new Error('it is started before the first test');
    return service;
  };
}
