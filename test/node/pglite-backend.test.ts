import { expect } from 'vitest';
import { openPGlite } from '../../tools/neon-local/pglite-backend.ts';
import { slowTest } from '../support/slow.ts';

slowTest(
  'a copy has the data of its template, changes nothing else, and waits until there is room for it',
  async () => {
    const backend = await openPGlite({ database: 'template', databasesMax: 2 });
    const run = (database: string, text: string) =>
      backend.run(database, async (connection) => (await connection.execute(text, [])).rows);
    try {
      await run('template', 'CREATE TABLE copied AS SELECT 1 AS id');
      await backend.createDatabase('first', 'template');
      await run('first', 'INSERT INTO copied VALUES (2)');

      let isMade = false;
      const second = backend.createDatabase('second', 'template').then(() => {
        isMade = true;
      });
      expect(await run('first', 'SELECT count(*) FROM copied')).toEqual([['2']]);
      expect(isMade).toBe(false);
      await backend.dropDatabase('first');
      await second;
      expect(await run('second', 'SELECT count(*) FROM copied')).toEqual([['1']]);
      await expect(run('first', 'SELECT 1')).rejects.toMatchObject({ fields: { code: '3D000' } });
    } finally {
      await backend.close();
    }
  },
);
