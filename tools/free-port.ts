import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** Finds a free port: the first one from `wanted` on, or any when `wanted` is 0. */
export async function findFreePort(wanted = 0): Promise<number> {
  for (let port = wanted; port < wanted + 100; port++) {
    const found = await probe(port, '127.0.0.1');
    // A browser may resolve localhost to either address.
    if (found !== undefined && (wanted === 0 || (await probe(found, '::1')) !== undefined)) return found;
  }
  throw new Error(`none of the ports ${wanted} to ${wanted + 99} is free`);
}

/** Returns the port, or undefined when it is in use. */
async function probe(port: number, host: string): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen({ port, host, ipv6Only: true });
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  } catch (error) {
    // Nothing listens there on a machine without IPv6.
    return (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? undefined : port;
  } finally {
    server.close();
  }
}
