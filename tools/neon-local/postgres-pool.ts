import { PostgresConnection, type ServerOptions } from './postgres-connection.ts';

/** A pool of sessions to the databases of one server, at most `connectionsMax` of them together. */
export class PostgresPool {
  readonly #server: ServerOptions;
  readonly #connectionsMax: number;
  readonly #idle: PostgresConnection[] = [];
  readonly #waiting: (() => void)[] = [];
  #openCount = 0;
  #isClosed = false;

  constructor(server: ServerOptions, connectionsMax: number) {
    this.#server = server;
    this.#connectionsMax = connectionsMax;
  }

  /** Waits when all sessions are in use, first come, first served. */
  async acquire(database: string): Promise<PostgresConnection> {
    for (;;) {
      const ready = this.#takeIdle((connection) => connection.database === database);
      if (ready?.isUsable) return ready;
      if (ready) await this.#end(ready);
      else if (this.#openCount < this.#connectionsMax) return await this.#open(database);
      else if (this.#idle.length > 0) await this.closeIdle(() => true, 1);
      else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Returns a session to the pool; one that is lost or in a transaction is closed instead. */
  async release(connection: PostgresConnection): Promise<void> {
    if (connection.isUsable && !connection.isInTransaction() && !this.#isClosed) {
      this.#idle.push(connection);
      this.#waiting.shift()?.();
      return;
    }
    await this.#end(connection);
  }

  /** Closes all sessions: idle ones now, the others when they are returned. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.closeIdle(() => true);
  }

  /** Closes idle sessions, for example because their database is about to be dropped. */
  async closeIdle(
    isMeant: (connection: PostgresConnection) => boolean,
    countMax = this.#connectionsMax,
  ): Promise<void> {
    for (let count = 0; count < countMax; count++) {
      const connection = this.#takeIdle(isMeant);
      if (!connection) return;
      await this.#end(connection);
    }
  }

  #takeIdle(isMeant: (connection: PostgresConnection) => boolean): PostgresConnection | undefined {
    const index = this.#idle.findLastIndex(isMeant);
    return index < 0 ? undefined : this.#idle.splice(index, 1)[0];
  }

  async #open(database: string): Promise<PostgresConnection> {
    this.#openCount++;
    try {
      return await PostgresConnection.open(this.#server, database);
    } catch (error) {
      this.#openCount--;
      this.#waiting.shift()?.();
      throw error;
    }
  }

  async #end(connection: PostgresConnection): Promise<void> {
    await connection.close();
    this.#openCount--;
    this.#waiting.shift()?.();
  }
}
