import { PostgresConnection } from './postgres-connection.ts';

/** Keeps sessions to several databases of one server, never more than `connectionsMax` of them together. */
export class PostgresPool {
  readonly #serverUrl: string;
  readonly #connectionsMax: number;
  readonly #idle: PostgresConnection[] = [];
  readonly #waiting: (() => void)[] = [];
  #openCount = 0;
  #isClosed = false;

  constructor(serverUrl: string, connectionsMax: number) {
    this.#serverUrl = serverUrl;
    this.#connectionsMax = connectionsMax;
  }

  /** Waits in line when all sessions are in use. */
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

  /** Gives a session back; one that is lost or still in a transaction is closed instead. */
  async release(connection: PostgresConnection): Promise<void> {
    if (connection.isUsable && !connection.isInTransaction() && !this.#isClosed) {
      this.#idle.push(connection);
      this.#waiting.shift()?.();
      return;
    }
    await this.#end(connection);
  }

  /** Ends all sessions: idle ones now, the others when they are given back. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.closeIdle(() => true);
  }

  /** Ends idle sessions, for instance because their database is about to be dropped. */
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
      return await PostgresConnection.open(this.#serverUrl, database);
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
